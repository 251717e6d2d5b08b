import type { Answer, Capabilities, Engine, QueryControl, UsageParams, ViewName } from "./engine";
import { isAbort, messageOf, Problem } from "./problem";
import { parseReport } from "./report";
import { windowQuery } from "../window";

const API = "api/v1/";

/** The server that served this page, or `null` when it is a static one that answers no questions. */
export async function findServer(): Promise<Engine | null> {
  try {
    const response = await fetch(`${API}capabilities`, { headers: { accept: "application/json" } });
    const type = response.headers.get("content-type") ?? "";
    if (!response.ok || !type.includes("json")) return null;
    const found: unknown = await response.json();
    if (typeof found !== "object" || found === null) return null;
    return new HttpEngine(readCapabilities(found as Record<string, unknown>));
  } catch {
    return null;
  }
}

function readCapabilities(found: Record<string, unknown>): Capabilities {
  return {
    engine: "http",
    views: ["usage"],
    live: found["live"] === true,
    version: typeof found["version"] === "string" ? found["version"] : null,
  };
}

/** Asks the server that served the page. */
export class HttpEngine implements Engine {
  readonly capabilities: Capabilities;

  constructor(capabilities: Capabilities) {
    this.capabilities = capabilities;
  }

  async query(view: ViewName, params: UsageParams, control: QueryControl): Promise<Answer> {
    const search = new URLSearchParams(windowQuery(params.window));
    search.set("recent", String(params.recent));
    let status: number;
    let body: string;
    try {
      const response = await fetch(`${API}${view}?${search}`, {
        headers: { accept: "application/json" },
        signal: control.signal,
      });
      status = response.status;
      body = await response.text();
    } catch (error) {
      if (isAbort(error)) throw error;
      throw new Problem("unreachable", "The server does not answer.", "Check that muster ops still runs, then try again.");
    }
    if (status !== 200) throw serverProblem(status, body);
    try {
      return { report: parseReport(body), unknown: [] };
    } catch (error) {
      throw new Problem(
        "server",
        `The server's answer cannot be read: ${messageOf(error)}.`,
        "Page and server may be of different versions: reload the page.",
      );
    }
  }

  subscribe(view: ViewName, _params: UsageParams, onChange: () => void): () => void {
    if (!this.capabilities.live) return () => {};
    const events = new EventSource(`${API}events?view=${view}`);
    events.addEventListener("message", (event: MessageEvent<string>) => {
      if (announcedView(event.data) === view) onChange();
    });
    return () => events.close();
  }

  close(): void {}
}

function announcedView(data: string): unknown {
  try {
    const event: unknown = JSON.parse(data);
    return typeof event === "object" && event !== null && "view" in event ? event.view : undefined;
  } catch {
    return undefined;
  }
}

/** The server's own words where it gave some: `{"error":{"message","hint"}}`. */
function serverProblem(status: number, body: string): Problem {
  let message = `The server answered with status ${status}.`;
  let hint = "Look at the output of muster ops, then try again.";
  try {
    const error = (JSON.parse(body) as { error?: { message?: unknown; hint?: unknown } }).error;
    if (typeof error?.message === "string") message = error.message;
    if (typeof error?.hint === "string") hint = error.hint;
  } catch {
    // No JSON: the status alone has to do.
  }
  return new Problem("server", message, hint);
}
