// What the suites share: a browser, servers for the page, logs to open.
import { spawn } from "node:child_process";
import { createReadStream, existsSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const root = resolve(import.meta.dirname, "../..");
export const FIXTURES = join(root, "tests/fixtures/attune");
export const HOME = join(FIXTURES, "home");
export const PROJECT = join(FIXTURES, "project");
export const USAGE_LOG = join(HOME, "telemetry/usage.jsonl");
export const DIST = join(root, "web/dist");
export const ARTEFACTS = resolve(process.env.MUSTER_ARTEFACTS ?? join(root, "target/artefacts"));
const SINGLE = join(ARTEFACTS, "muster.html");
const CHROMIUM = process.env.MUSTER_CHROMIUM ?? "/usr/bin/chromium";
export const DEADLINE_MS = 20_000;

/** Why a suite cannot run here, as the option `skip` of `describe`; a failure under CI. */
export function unless(condition, reason) {
  if (condition) return false;
  if (process.env.CI === "true") throw new Error(reason);
  console.log(`SKIPPED: ${reason}`);
  return reason;
}

export const noChromium = unless(existsSync(CHROMIUM), `no Chromium at ${CHROMIUM} (set MUSTER_CHROMIUM)`);
const binary = process.env.MUSTER_BIN;
/** The same for suites that need the server too. */
export const withoutServer = () =>
  noChromium || unless(binary !== undefined && existsSync(binary), "no muster binary to serve the page (set MUSTER_BIN)");

export function launch(more = []) {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}

/** A page that fails its test on any error in its console. */
export async function openPage(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("console", (message) => {
    // A static server has no capabilities to state, and Chromium notes that.
    const { url } = message.location();
    if (message.type() === "error" && !url.endsWith("/api/v1/capabilities")) page.complaints.push(`${message.text()} (${url})`);
  });
  page.asked = [];
  page.on("request", (request) => page.asked.push(request.url()));
  await page.goto(address);
  return page;
}

/** Waits until the page is in a phase. */
export function phase(page, name) {
  return page.waitForSelector(`main[data-phase="${name}"]`);
}

export const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };

/** A server that only hands out the files of the page. */
export async function serveStatic() {
  if (!existsSync(join(DIST, "index.html"))) throw new Error(`${DIST} holds no page: run \`cargo xtask web\` first`);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://page");
    const file = join(DIST, pathname === "/" ? "index.html" : pathname);
    if (!file.startsWith(DIST) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export async function freePort() {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** The real server over the bundled logs, or over others; `more` arguments such as `--store`. */
export async function serveMuster(home = HOME, project = PROJECT, more = []) {
  return start(["ops", "--host", "127.0.0.1", "--no-open", "--home", home, "--project", project, ...more]);
}

/** The simulated fleet. */
export function serveDemo() {
  return start(["demo", "--no-open"]);
}

const REDIS = process.env.MUSTER_REDIS_SERVER ?? "/usr/bin/redis-server";
export const withoutRedis = () => unless(existsSync(REDIS), `no Redis at ${REDIS} (set MUSTER_REDIS_SERVER)`);

/** A Redis of this suite's own, which keeps nothing. */
export async function serveRedis(folder) {
  const port = await freePort();
  const child = spawn(REDIS, ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder], { stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  await until(() => {
    if (child.exitCode !== null) throw new Error(`Redis ended with ${child.exitCode}: ${output}`);
    return output.includes("Ready to accept connections");
  }, "Redis to answer");
  return {
    url: `redis://127.0.0.1:${port}`,
    /** One command over the wire, as any other program would send it; the answer as text, `null` for none. */
    command: (...words) => askRedis(port, words),
    close: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

async function askRedis(port, words) {
  const socket = connect(port, "127.0.0.1");
  socket.end(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`);
  let answer = "";
  for await (const part of socket) answer += part;
  if (answer.startsWith("-")) throw new Error(answer.trim());
  return answer.startsWith("$-1") ? null : answer.replace(/^[$+:][^\r]*\r\n/, "").trimEnd();
}

/** Runs `muster` with these arguments to its end: its exit status and what it printed. */
export function muster(args, input = "") {
  const child = spawn(binary, args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(input);
  let output = "";
  let errors = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (errors += data));
  return once(child, "exit").then(([status]) => ({ status, output, errors }));
}

/** Starts a server on a free port, or on the one that `args` name, and waits until it answers. */
async function start(args) {
  const named = args.indexOf("--port");
  const port = named < 0 ? await freePort() : Number(args[named + 1]);
  const child = spawn(binary, named < 0 ? [...args, "--port", String(port)] : args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
  const address = `http://127.0.0.1:${port}/`;
  const answers = () => fetch(`${address}healthz`).then((response) => response.ok, () => false);
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`muster ops ended with ${child.exitCode}: ${output}`);
    return answers();
  }, "muster ops to answer");
  return {
    address,
    stop: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

/** Polls a condition that no event announces. */
export async function until(condition, what) {
  const end = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((go) => setTimeout(go, 20));
  }
}

/** The address of the page that is one file. */
export function singleFile() {
  if (!existsSync(SINGLE)) throw new Error(`no ${SINGLE}: run \`cargo xtask dist\` or \`npm run build:single\` in web`);
  return pathToFileURL(SINGLE).href;
}

/** A folder for one suite, and the way to remove it. */
export async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), "muster-e2e-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Drops files that a script makes, each `[name, text]`. */
export function dropTexts(page, files) {
  return page.evaluate((list) => {
    const dataTransfer = new DataTransfer();
    for (const [name, text] of list) dataTransfer.items.add(new File([text], name));
    for (const type of ["dragenter", "dragover", "drop"]) {
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    }
  }, files);
}

/** Drops files or folders of this machine, as a hand would. */
export async function dropPaths(page, paths) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await session.send("Input.dispatchDragEvent", { type, x: 200, y: 300, data });
  }
}

/** Sums of a usage log, taken here without the core: calls, and cost in billionths of a dollar. */
export async function sumUsage(path) {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  const sums = { calls: lines.length, nano: 0n, tokensIn: 0, byWorkflow: new Map() };
  for (const line of lines) {
    const record = JSON.parse(line);
    const nano = BigInt(Math.round(record.cost * 1e9));
    sums.nano += nano;
    sums.tokensIn += record.tokens.input ?? record.tokens.input_tokens ?? 0;
    sums.byWorkflow.set(record.workflow, (sums.byWorkflow.get(record.workflow) ?? 0n) + nano);
  }
  return sums;
}

/** Billionths of a dollar as the page's titles write them: `$8.114601`. */
export function exactDollars(nano) {
  const digits = nano.toString().padStart(10, "0");
  const whole = digits.slice(0, -9).replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = digits.slice(-9).replace(/0+$/, "");
  return `$${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/** The texts of a table's body by row. */
export function rows(page, panel) {
  return page.$$eval(`[data-panel="${panel}"] tbody tr`, (found) => found.map((row) => [...row.cells].map((cell) => cell.textContent)));
}

export function figure(page, tile) {
  return page.locator(`[data-tile="${tile}"] .figure`);
}
