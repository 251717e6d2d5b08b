import { spawnWorker } from "spawn-worker";
import type { Acts, Documents, RunsOfFilesDocument } from "./documents";
import type { ActName, Answer, Capabilities, Engine, Params, QueryControl, UsageParams, ViewName } from "./engine";
import { parseDocument } from "./json";
import { messageOf, Problem } from "./problem";
import { SIDE_REPORTS } from "./protocol";
import type { DiagnoseRequest, PickedFile, ReadReply, ReadRequest, RunsRequest } from "./protocol";
import { parseReport } from "./report";
import { windowBounds } from "../window";

const RELOAD = "Reload the page and open the files again. If it happens again, the log holds something that Muster should cope with and does not.";

/** A worker whose engine is closed, kept for the next one: its core is loaded, and it needs no server any more. */
let spare: Worker | null = null;
let lastId = 0;

/** Reads files that the user handed over, in a worker of this page. */
export class WasmEngine implements Engine {
  readonly capabilities: Capabilities = { engine: "wasm", views: ["usage", ...SIDE_REPORTS], acts: [], live: false, version: null };
  readonly #files: readonly PickedFile[];
  readonly #spawn: () => Worker;
  #worker: Worker | null = null;
  #busy = false;
  #reports: Readonly<Record<string, string>> = {};

  constructor(files: readonly PickedFile[], spawn: () => Worker = spawnWorker) {
    this.#files = files;
    this.#spawn = spawn;
  }

  query(_view: "usage", params: UsageParams, control: QueryControl): Promise<Answer> {
    const id = ++lastId;
    this.#worker ??= spare ?? this.#spawn();
    spare = null;
    const worker = this.#worker;
    this.#busy = true;
    return new Promise<Answer>((resolve, reject) => {
      const settle = (): void => {
        this.#busy = false;
        worker.removeEventListener("message", onMessage);
        worker.removeEventListener("error", onError);
        control.signal.removeEventListener("abort", onAbort);
      };
      // Ending the worker stops at once and gives its memory back; the next query starts another.
      const discard = (): void => {
        worker.terminate();
        if (this.#worker === worker) this.#worker = null;
      };
      const onAbort = (): void => {
        settle();
        discard();
        reject(new DOMException("given up", "AbortError"));
      };
      const onError = (event: ErrorEvent): void => {
        settle();
        discard();
        reject(new Problem("reader", `The reader stopped: ${event.message || "it could not be started"}.`, RELOAD));
      };
      const onMessage = (event: MessageEvent<ReadReply>): void => {
        const reply = event.data;
        if (reply.id !== id) return;
        if (reply.kind === "progress") {
          control.onProgress(reply.progress);
          return;
        }
        settle();
        if (reply.kind !== "done") {
          if (reply.kind === "diagnosed" || reply.kind === "runs") return;
          discard();
          reject(new Problem("reader", `The reader stopped: ${reply.message}.`, RELOAD));
          return;
        }
        this.#reports = reply.reports ?? {};
        try {
          resolve(answerOf(reply));
        } catch (error) {
          reject(error instanceof Problem ? error : new Problem("reader", `The report cannot be read: ${messageOf(error)}.`, RELOAD));
        }
      };
      if (control.signal.aborted) {
        onAbort();
        return;
      }
      worker.addEventListener("message", onMessage);
      worker.addEventListener("error", onError);
      control.signal.addEventListener("abort", onAbort);
      const request: ReadRequest = {
        id,
        files: this.#files,
        options: { ...windowBounds(params.window, new Date()), recent: params.recent },
      };
      worker.postMessage(request);
    });
  }

  /** Documents that were made of the last reading, in its window. */
  ask<View extends ViewName>(view: View, _params: Params): Promise<Documents[View]> {
    const json = this.#reports[view];
    if (json === undefined) return Promise.reject(new Problem("no_server", "Files alone do not tell this.", "Open the page from muster ops."));
    return Promise.resolve(parseDocument(json) as Documents[View]);
  }

  act<Name extends ActName>(_name: Name, _takes: Acts[Name]["takes"]): Promise<Acts[Name]["gives"]> {
    return Promise.reject(new Problem("no_server", "Files cannot be acted upon.", "Open the page from muster ops."));
  }

  subscribe(): () => void {
    return () => {};
  }

  close(): void {
    if (this.#busy) this.#worker?.terminate();
    else spare = this.#worker ?? spare;
    this.#worker = null;
  }
}

/** What is asked once, beside the reading of logs. */
type Question = Omit<DiagnoseRequest, "id"> | Omit<RunsRequest, "id">;

/** Has a worker of this page answer one question; `take` makes the answer of its reply, or throws. */
function ask<Value>(question: Question, take: (reply: ReadReply) => Value, spawn: () => Worker): Promise<Value> {
  const worker = spare ?? spawn();
  spare = null;
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.removeEventListener("message", onMessage);
      worker.removeEventListener("error", onError);
    };
    const onError = (event: ErrorEvent): void => {
      settle();
      worker.terminate();
      reject(new Problem("reader", `The reader stopped: ${event.message || "it could not be started"}.`, RELOAD));
    };
    const onMessage = (event: MessageEvent<ReadReply>): void => {
      const reply = event.data;
      if (reply.id !== id) return;
      settle();
      if (spare === null) spare = worker;
      else worker.terminate();
      try {
        resolve(take(reply));
      } catch (error) {
        reject(error instanceof Problem ? error : new Problem("reader", `The answer cannot be read: ${messageOf(error)}.`, RELOAD));
      }
    };
    worker.addEventListener("message", onMessage);
    worker.addEventListener("error", onError);
    worker.postMessage({ id, ...question });
  });
}

/** What is wrong with a gateway, out of the text of an evidence bundle, found out in a worker of this page. */
export function diagnoseBundle(bundle: string, options: DiagnoseRequest["options"] = {}, spawn: () => Worker = spawnWorker): Promise<Documents["diagnosis"]["diagnosis"]> {
  const take = (reply: ReadReply): Documents["diagnosis"]["diagnosis"] => {
    if (reply.kind === "diagnosed") return parseDocument(reply.json) as Documents["diagnosis"]["diagnosis"];
    throw new Problem("unreadable", `This bundle cannot be used: ${reply.kind === "failed" ? reply.message : "no answer came"}.`, "Collect one by muster gateway collect, and open it again.");
  };
  return ask({ bundle, options }, take, spawn);
}

/** Runs of workflows out of files. */
export interface RunsOfFiles {
  readonly list: RunsOfFilesDocument;
  readonly runs: ReadonlyMap<string, Documents["workflow-run"]>;
  readonly unread: readonly { readonly path: string; readonly message: string }[];
}

/** The runs in these files, put together in a worker of this page. */
export function readRuns(files: readonly PickedFile[], spawn: () => Worker = spawnWorker): Promise<RunsOfFiles> {
  const take = (reply: ReadReply): RunsOfFiles => {
    if (reply.kind !== "runs") throw new Problem("reader", `The runs cannot be read: ${reply.kind === "failed" ? reply.message : "no answer came"}.`, RELOAD);
    const list = parseDocument(reply.json) as unknown as RunsOfFilesDocument;
    const runs = new Map(Object.entries(reply.runs).map(([id, json]) => [id, parseDocument(json) as Documents["workflow-run"]]));
    return { list, runs, unread: reply.unread };
  };
  return ask({ runs: files }, take, spawn);
}

function answerOf(reply: Extract<ReadReply, { kind: "done" }>): Answer {
  const report = parseReport(reply.json);
  const { sources } = report;
  if (sources.length === 0) {
    throw new Problem(
      "no_known_log",
      reply.unknown.length === 1 ? "This is no log that Muster knows." : "None of these files is a log that Muster knows.",
      "Logs are recognised by their file names. If yours was renamed, give it its name back, then open it again.",
      reply.unknown.map((path) => ({ path, message: "" })),
    );
  }
  if (sources.every(({ state }) => state === "unreadable")) {
    throw new Problem(
      "unreadable",
      sources.length === 1 ? "The file could not be read." : "None of the files could be read.",
      "It may have been moved, changed or locked since it was chosen, or you may not be allowed to read it. Check it, then open it again.",
      sources.map(({ file, error }) => ({ path: file, message: error ?? "" })),
    );
  }
  return { report, unknown: reply.unknown };
}
