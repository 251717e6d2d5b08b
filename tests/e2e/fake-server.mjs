// A server of the page whose answers a test sets: for what the real one cannot be brought to in a moment.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { extname, join } from "node:path";
import { fleet } from "./fleet.mjs";
import { DIST, TYPES } from "./support.mjs";

/** Serves the page and `documents`, a map from views to documents or to functions of the parameters. */
export async function serveFake(documents = fleet()) {
  const clients = new Set();
  const acted = [];
  let epoch = 1;
  let version = 1;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://page");
    if (!pathname.startsWith("/api/v1/")) return serveFile(pathname, response);
    const name = pathname.slice("/api/v1/".length);
    if (name === "events") return listen(response);
    if (name.startsWith("act/")) return act(name.slice(4), request, response);
    const found = documents[name];
    const document = typeof found === "function" ? found(searchParams) : found;
    if (document === undefined) return answer(response, 404, { error: { kind: "not_found", message: `no view ${name}`, hint: null, exit: 1 } });
    answer(response, document.error?.exit === undefined ? 200 : 503, document);
  });
  const listen = (response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    const versions = Object.fromEntries(Object.keys(documents).map((view) => [view, version]));
    response.write(`retry: 200\n\nevent: hello\nid: ${epoch}.${version}\ndata: ${JSON.stringify({ epoch: String(epoch), versions })}\n\n`);
    clients.add(response);
    response.on("close", () => clients.delete(response));
  };
  const act = async (name, request, response) => {
    let body = "";
    for await (const part of request) body += part;
    if (request.headers["x-muster-token"] !== documents.capabilities.token) {
      return answer(response, 403, { error: { kind: "forbidden", message: "no token", hint: null, exit: 2 } });
    }
    const takes = JSON.parse(body);
    acted.push([name, takes]);
    answer(response, 200, documents.acts[name]?.(takes, documents) ?? {});
  };
  const tell = (view) => {
    version += 1;
    for (const client of clients) client.write(`id: ${epoch}.${version}\ndata: ${JSON.stringify({ view, version })}\n\n`);
  };
  const begin = async (port) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await begin(0);
  const { port } = server.address();
  const end = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return {
    address: `http://127.0.0.1:${port}/`,
    documents,
    acted,
    clients,
    /** Sets a document and tells the page of it. */
    set: (view, document) => {
      documents[view] = document;
      tell(view);
    },
    tell,
    stop: end,
    /** Ends it, and begins anew on the same port as another process. */
    halt: end,
    resume: async () => {
      epoch += 1;
      await begin(port);
    },
  };
}

function answer(response, status, document) {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-cache" }).end(JSON.stringify(document));
}

function serveFile(pathname, response) {
  const file = join(DIST, pathname === "/" ? "index.html" : pathname);
  if (!file.startsWith(DIST) || !existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
}
