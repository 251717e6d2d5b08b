import { windowQuery } from "../window";
import type { Acts, Documents } from "./documents";
import type { ActName, Answer, Capabilities, Engine, Params, QueryControl, UsageParams, ViewName } from "./engine";
import { Feed } from "./feed";
import { isObject, parseDocument } from "./json";
import { isAbort, messageOf, Problem } from "./problem";
import { parseReport } from "./report";

const API = "api/v1/";

/** What a server says of itself. */
interface Server {
  readonly capabilities: Capabilities;
  /** Goes with each act; a new one comes with each start of the server. */
  readonly token: string | null;
  /** Under which name the page answers requests. */
  readonly responder: string;
}

/** The server that served this page, or `null` when it is a static one that answers no questions. */
export async function findServer(): Promise<HttpEngine | null> {
  const found = await greet();
  return found === null ? null : new HttpEngine(found);
}

async function greet(): Promise<Server | null> {
  try {
    const response = await fetch(`${API}capabilities`, { headers: { accept: "application/json" } });
    const type = response.headers.get("content-type") ?? "";
    if (!response.ok || !type.includes("json")) return null;
    const found: unknown = await response.json();
    return isObject(found) ? readServer(found) : null;
  } catch {
    return null;
  }
}

function readServer(found: Record<string, unknown>): Server {
  return {
    capabilities: {
      engine: "http",
      views: texts(found["views"]),
      acts: found["read_only"] === true ? [] : texts(found["acts"]),
      live: found["live"] === true,
      version: typeof found["version"] === "string" ? found["version"] : null,
    },
    token: typeof found["token"] === "string" ? found["token"] : null,
    responder: typeof found["responder"] === "string" ? found["responder"] : "",
  };
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
}

/** Asks the server that served the page. */
export class HttpEngine implements Engine {
  #server: Server;
  readonly feed: Feed;

  constructor(server: Server) {
    this.#server = server;
    this.feed = new Feed(`${API}events`);
    // Another process answers now, with another token.
    this.feed.onRestart(() => void this.#greetAgain());
  }

  get capabilities(): Capabilities {
    return this.#server.capabilities;
  }

  get responder(): string {
    return this.#server.responder;
  }

  async query(view: "usage", params: UsageParams, control: QueryControl): Promise<Answer> {
    const body = await this.#read(view, { ...windowQuery(params.window), recent: String(params.recent) }, control.signal);
    return { report: understood(() => parseReport(body)), unknown: [] };
  }

  async ask<View extends ViewName>(view: View, params: Params, signal: AbortSignal): Promise<Documents[View]> {
    const body = await this.#read(view, params, signal);
    return understood(() => parseDocument(body)) as Documents[View];
  }

  async act<Name extends ActName>(name: Name, takes: Acts[Name]["takes"]): Promise<Acts[Name]["gives"]> {
    let answer = await this.#post(name, takes);
    // The server may have been started anew since it gave its token.
    if (answer.status === 403 && (await this.#greetAgain())) answer = await this.#post(name, takes);
    // A refused decision is an answer, not a failure: it says what stands.
    if (answer.status !== 200 && answer.status !== 201 && !answer.body.includes('"outcome"')) throw serverProblem(answer.status, answer.body);
    return understood(() => parseDocument(answer.body)) as Acts[Name]["gives"];
  }

  subscribe(view: ViewName, onChange: () => void): () => void {
    return this.capabilities.live ? this.feed.on(view, onChange) : () => {};
  }

  close(): void {}

  async #greetAgain(): Promise<boolean> {
    const found = await greet();
    if (found === null || found.token === this.#server.token) return false;
    this.#server = found;
    return true;
  }

  async #read(view: string, params: Params, signal: AbortSignal): Promise<string> {
    if (this.capabilities.live) await this.feed.ready();
    const search = new URLSearchParams(Object.entries(params)).toString();
    const { status, body } = await send(`${API}${view}${search === "" ? "" : `?${search}`}`, { headers: { accept: "application/json" }, signal });
    if (status !== 200) throw serverProblem(status, body);
    return body;
  }

  #post(name: string, takes: object): Promise<{ status: number; body: string }> {
    const token = this.#server.token;
    return send(`${API}act/${name}`, {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json", ...(token !== null && { "x-muster-token": token }) },
      body: JSON.stringify(takes),
    });
  }
}

async function send(address: string, request: RequestInit): Promise<{ status: number; body: string }> {
  try {
    const response = await fetch(address, request);
    return { status: response.status, body: await response.text() };
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Problem("unreachable", "The server does not answer.", "Check that muster ops still runs, then try again.");
  }
}

function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Problem(
      "server",
      `The server's answer cannot be read: ${messageOf(error)}.`,
      "Page and server may be of different versions: reload the page.",
    );
  }
}

/** The server's own words where it gave some: `{"error":{"message","hint"}}`. */
function serverProblem(status: number, body: string): Problem {
  let message = `The server answered with status ${status}.`;
  let hint = "Look at the output of muster ops, then try again.";
  try {
    const error = (JSON.parse(body) as { error?: { message?: unknown; hint?: unknown } }).error;
    if (typeof error?.message === "string") {
      message = error.message;
      hint = "";
    }
    if (typeof error?.hint === "string") hint = error.hint;
  } catch {
    // No JSON: the status alone has to do.
  }
  return new Problem(status === 404 ? "not_found" : "server", message, hint);
}
