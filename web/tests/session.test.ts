import { describe, expect, it } from "vitest";
import type { Answer, Engine, QueryControl, UsageParams, ViewName } from "../src/engine/engine";
import { Problem } from "../src/engine/problem";
import { parseReport } from "../src/engine/report";
import { Session } from "../src/session";
import { REPORT_JSON } from "./samples";

const ANSWER: Answer = { report: parseReport(REPORT_JSON), unknown: [] };

interface Asked {
  readonly params: UsageParams;
  readonly control: QueryControl;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** An engine whose answers the test gives by hand. */
class ManualEngine implements Engine {
  readonly capabilities;
  readonly asked: Asked[] = [];
  closed = 0;
  change: () => void = () => {};

  constructor(engine: "http" | "wasm") {
    this.capabilities = { engine, views: ["usage"], acts: [], live: true, version: null } as const;
  }
  query(_view: "usage", params: UsageParams, control: QueryControl): Promise<Answer> {
    return new Promise((resolve, reject) => {
      control.signal.addEventListener("abort", () => reject(new DOMException("given up", "AbortError")));
      this.asked.push({ params, control, resolve, reject });
    });
  }
  ask(): Promise<never> {
    return Promise.reject(new Error("not asked here"));
  }
  act(): Promise<never> {
    return Promise.reject(new Error("not asked here"));
  }
  subscribe(_view: ViewName, onChange: () => void): () => void {
    this.change = onChange;
    return () => {
      this.change = () => {};
    };
  }
  close(): void {
    this.closed += 1;
  }
}

const FILES = { files: [{ path: "usage.jsonl", file: new File(["{}"], "usage.jsonl") }], left: [] };

function begin(server: Engine | null, fragment = "") {
  const engines: ManualEngine[] = [];
  const address = { fragment };
  const session = new Session({
    findServer: () => Promise.resolve(server),
    openFiles: () => {
      const engine = new ManualEngine("wasm");
      engines.push(engine);
      return engine;
    },
    readFragment: () => address.fragment,
    writeFragment: (written) => {
      address.fragment = written;
    },
  });
  return { session, engines, address };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("without a server", () => {
  it("waits for files, then reads them in the window of the address", async () => {
    const { session, engines } = begin(null, "#days=7");
    await session.start();
    expect(session.phase.value).toEqual({ kind: "empty" });
    const opened = session.open(FILES);
    expect(session.phase.value).toEqual({ kind: "reading", progress: null });
    expect(engines[0]?.asked[0]?.params.window).toEqual({ kind: "days", days: 7 });
    engines[0]?.asked[0]?.resolve(ANSWER);
    await opened;
    expect(session.phase.value).toEqual({ kind: "ready" });
    expect(session.answer.value).toBe(ANSWER);
  });

  it("goes back to the beginning when the first reading is given up", async () => {
    const { session, engines } = begin(null);
    await session.start();
    const opened = session.open(FILES);
    session.cancel();
    await opened;
    expect(session.phase.value).toEqual({ kind: "empty" });
    expect(engines[0]?.closed).toBe(1);
    expect(session.engine.value).toBeNull();
  });

  it("says so when there is nothing in what was opened", async () => {
    const { session } = begin(null);
    await session.start();
    await session.open({ files: [], left: [] });
    expect(session.phase.value).toMatchObject({ kind: "failed", problem: { kind: "no_known_log" } });
  });

  it("never shows the figures of one source under another, nor a late answer", async () => {
    const { session, engines } = begin(null);
    await session.start();
    const first = session.open(FILES);
    const second = session.open(FILES);
    await first;
    engines[0]?.asked[0]?.resolve(ANSWER);
    await settled();
    expect(session.answer.value).toBeNull();
    expect(engines[0]?.closed).toBe(1);
    engines[1]?.asked[0]?.resolve(ANSWER);
    await second;
    expect(session.answer.value).toBe(ANSWER);
  });
});

describe("with a server", () => {
  it("does not ask for figures that nobody looks at", async () => {
    const server = new ManualEngine("http");
    const { session } = begin(server);
    await session.start(false);
    expect(session.engine.value).toBe(server);
    expect(session.phase.value).toEqual({ kind: "looking" });
    expect(server.asked).toHaveLength(0);
    const shown = session.show();
    server.asked[0]?.resolve(ANSWER);
    await shown;
    expect(session.phase.value).toEqual({ kind: "ready" });
    await session.show();
    expect(server.asked).toHaveLength(1);
  });

  it("asks it at once, again for another window, and puts the window into the address", async () => {
    const server = new ManualEngine("http");
    const { session, address } = begin(server);
    const started = session.start();
    await settled();
    server.asked[0]?.resolve(ANSWER);
    await started;
    const changed = session.setWindow({ kind: "days", days: 30 });
    expect(address.fragment).toBe("#days=30");
    server.asked[1]?.resolve(ANSWER);
    await changed;
    expect(server.asked[1]?.params.window).toEqual({ kind: "days", days: 30 });
    await session.setWindow({ kind: "days", days: 30 });
    expect(server.asked).toHaveLength(2);
  });

  it("gives the window back when the change of it is given up", async () => {
    const server = new ManualEngine("http");
    const { session, address } = begin(server, "#days=90");
    const started = session.start();
    await settled();
    server.asked[0]?.resolve(ANSWER);
    await started;
    const changed = session.setWindow({ kind: "days", days: 7 });
    session.cancel();
    await changed;
    expect(session.phase.value).toEqual({ kind: "ready" });
    expect(address.fragment).toBe("#days=90");
    expect(session.window.value).toEqual({ kind: "days", days: 90 });
  });

  it("keeps the last figures when it is gone, also in another window, and says so", async () => {
    const server = new ManualEngine("http");
    const { session } = begin(server);
    const started = session.start();
    await settled();
    server.asked[0]?.resolve(ANSWER);
    await started;
    server.change();
    server.asked[1]?.reject(new Problem("unreachable", "gone", "wait"));
    await settled();
    expect(session.stale.value).toMatchObject({ message: "gone" });
    const changed = session.setWindow({ kind: "days", days: 7 });
    server.asked[2]?.reject(new Problem("unreachable", "gone", "wait"));
    await changed;
    expect(session.phase.value).toEqual({ kind: "ready" });
    expect(session.answer.value).toBe(ANSWER);
    expect(session.answeredWindow.value).toEqual({ kind: "all" });
    server.change();
    expect(server.asked[3]?.params.window).toEqual({ kind: "days", days: 7 });
    server.asked[3]?.resolve(ANSWER);
    await settled();
    expect(session.stale.value).toBeNull();
    expect(session.answeredWindow.value).toEqual({ kind: "days", days: 7 });
  });

  it("shows its problem, and recovers", async () => {
    const server = new ManualEngine("http");
    const { session } = begin(server);
    const started = session.start();
    await settled();
    server.asked[0]?.reject(new Problem("unreachable", "gone", "wait"));
    await started;
    expect(session.phase.value).toMatchObject({ kind: "failed", problem: { message: "gone" } });
    const again = session.refresh();
    server.asked[1]?.resolve(ANSWER);
    await again;
    expect(session.phase.value).toEqual({ kind: "ready" });
  });

  it("reads dropped files instead, goes back, and asks again when told of a change", async () => {
    const server = new ManualEngine("http");
    const { session, engines } = begin(server);
    const started = session.start();
    await settled();
    server.asked[0]?.resolve(ANSWER);
    await started;
    const opened = session.open(FILES);
    expect(session.answer.value).toBeNull();
    engines[0]?.asked[0]?.resolve(ANSWER);
    await opened;
    const back = session.backToServer();
    server.asked[1]?.resolve(ANSWER);
    await back;
    expect(session.engine.value).toBe(server);
    server.change();
    expect(server.asked).toHaveLength(3);
    expect(session.phase.value).toEqual({ kind: "ready" });
    server.change();
    expect(server.asked).toHaveLength(3);
    server.asked[2]?.reject(new Problem("unreachable", "gone", "wait"));
    await settled();
    expect(session.phase.value).toEqual({ kind: "ready" });
    expect(session.answer.value).toBe(ANSWER);
  });

  it("returns to it when the reading of files is given up", async () => {
    const server = new ManualEngine("http");
    const { session } = begin(server);
    const started = session.start();
    await settled();
    server.asked[0]?.resolve(ANSWER);
    await started;
    const opened = session.open(FILES);
    session.cancel();
    await settled();
    server.asked[1]?.resolve(ANSWER);
    await opened;
    expect(session.engine.value).toBe(server);
    expect(session.phase.value).toEqual({ kind: "ready" });
  });
});
