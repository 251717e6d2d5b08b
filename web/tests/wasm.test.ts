import { describe, expect, it } from "vitest";
import type { Progress, QueryControl } from "../src/engine/engine";
import type { ReadReply, ReadRequest } from "../src/engine/protocol";
import { WasmEngine } from "../src/engine/wasm";
import { ALL } from "../src/window";
import { REPORT_JSON } from "./samples";

/** A worker that answers when the test says so. */
class ManualWorker extends EventTarget {
  readonly requests: ReadRequest[] = [];
  ended = false;

  postMessage(request: ReadRequest): void {
    this.requests.push(request);
  }
  terminate(): void {
    this.ended = true;
  }
  answer(reply: ReadReply): void {
    this.dispatchEvent(new MessageEvent("message", { data: reply }));
  }
  get lastId(): number {
    return this.requests.at(-1)?.id ?? -1;
  }
}

const FILES = [{ path: "usage.jsonl", file: new File(["{}"], "usage.jsonl") }];
const PARAMS = { window: ALL, recent: 20 };

function begin() {
  const workers: ManualWorker[] = [];
  const spawn = (): Worker => {
    const worker = new ManualWorker();
    workers.push(worker);
    return worker as unknown as Worker;
  };
  const engine = new WasmEngine(FILES, spawn);
  const seen: Progress[] = [];
  const abort = new AbortController();
  const control: QueryControl = { signal: abort.signal, onProgress: (progress) => seen.push(progress) };
  return { engine, spawn, workers, seen, abort, control };
}

const done = (id: number, json = REPORT_JSON, unknown: string[] = []): ReadReply => ({ id, kind: "done", json, unknown });
const withSources = (sources: string): string => REPORT_JSON.replace(/"sources": \[.*\]/, `"sources": ${sources}`);

describe("the worker's answers", () => {
  it("come with progress, and only to the query they belong to", async () => {
    const { engine, workers, seen, control } = begin();
    const query = engine.query("usage", PARAMS, control);
    const [worker] = workers;
    expect(worker?.requests[0]).toMatchObject({ files: FILES, options: { recent: 20 } });
    worker?.answer({ id: -7, kind: "failed", message: "of another query" });
    const progress = { file: "usage.jsonl", bytes: 1, totalBytes: 2, lines: 1, elapsedMs: 10 };
    worker?.answer({ id: worker.lastId, kind: "progress", progress });
    worker?.answer(done(worker.lastId, REPORT_JSON, ["notes.txt"]));
    const answer = await query;
    expect(seen).toEqual([progress]);
    expect(answer.report.totals.calls).toBe(2);
    expect(answer.unknown).toEqual(["notes.txt"]);
    worker?.terminate();
  });

  it("end the worker when given up, and the next query starts another", async () => {
    const { engine, workers, abort, control } = begin();
    const query = engine.query("usage", PARAMS, control);
    abort.abort();
    await expect(query).rejects.toMatchObject({ name: "AbortError" });
    expect(workers[0]?.ended).toBe(true);
    const again = engine.query("usage", PARAMS, { signal: new AbortController().signal, onProgress: () => {} });
    workers[1]?.answer(done(workers[1].lastId));
    expect((await again).report.totals.calls).toBe(2);
    expect(workers).toHaveLength(2);
  });

  it("that are failures end it too, in words", async () => {
    const { engine, workers, control } = begin();
    const query = engine.query("usage", PARAMS, control);
    workers[0]?.answer({ id: workers[0].lastId, kind: "failed", message: "unreachable code" });
    await expect(query).rejects.toMatchObject({ kind: "reader", message: "The reader stopped: unreachable code." });
    expect(workers[0]?.ended).toBe(true);
  });

  it("that hold no log, or only unreadable ones, are problems that name the files", async () => {
    const { engine, workers, control } = begin();
    const none = engine.query("usage", PARAMS, control);
    const worker = workers[0];
    worker?.answer(done(worker.lastId, withSources("[]"), ["a.txt", "b.txt"]));
    await expect(none).rejects.toMatchObject({ kind: "no_known_log", files: [{ path: "a.txt" }, { path: "b.txt" }] });
    const unreadable = engine.query("usage", PARAMS, control);
    worker?.answer(done(worker.lastId, withSources('[{"file":"usage.jsonl","kind":"usage","state":"unreadable","lines":0,"records":0,"bytes":0,"error":"gone"}]')));
    await expect(unreadable).rejects.toMatchObject({ kind: "unreadable", files: [{ path: "usage.jsonl", message: "gone" }] });
  });

  it("keep an idle worker for the next engine, and end a busy one", async () => {
    const { engine, spawn, workers, control } = begin();
    const query = engine.query("usage", PARAMS, control);
    const first = workers[0];
    first?.answer(done(first.lastId));
    await query;
    engine.close();
    expect(first?.ended).toBe(false);
    const next = new WasmEngine(FILES, spawn);
    void next.query("usage", PARAMS, control);
    expect(workers).toHaveLength(1);
    expect(first?.requests).toHaveLength(2);
    next.close();
    expect(first?.ended).toBe(true);
  });
});
