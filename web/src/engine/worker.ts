import { diagnoseJson, logKind, TelemetryReader, WorkflowRunReader } from "muster-core";
import { loadCore } from "./module";
import { messageOf } from "./problem";
import { SIDE_REPORTS } from "./protocol";
import type { DiagnoseRequest, ReadReply, ReadRequest, RunsRequest } from "./protocol";

/** Bytes per push: large enough to be fast, small enough for memory to stay flat. */
const CHUNK_BYTES = 1 << 20;
/** More runs are counted and not shown. */
const MOST_RUNS = 500;
/** Least time between two progress messages. */
const PROGRESS_MS = 80;

const reply = (message: ReadReply): void => self.postMessage(message);

self.addEventListener("message", (event: MessageEvent<ReadRequest | DiagnoseRequest | RunsRequest>) => {
  const request = event.data;
  const { id } = request;
  ("bundle" in request ? diagnose(request) : "runs" in request ? readRuns(request) : read(request)).catch((error: unknown) => reply({ id, kind: "failed", message: messageOf(error) }));
});

async function diagnose({ id, bundle, options }: DiagnoseRequest): Promise<void> {
  await loadCore();
  reply({ id, kind: "diagnosed", json: diagnoseJson(bundle, options) });
}

async function readRuns({ id, runs: files }: RunsRequest): Promise<void> {
  await loadCore();
  const reader = new WorkflowRunReader();
  const unread: { path: string; message: string }[] = [];
  try {
    for (const { path, file } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
      reader.open(file.lastModified);
      try {
        for (let offset = 0; offset < file.size; offset += CHUNK_BYTES) reader.push(await bytesAt(file, offset));
      } catch (error) {
        if (!(error instanceof DOMException)) throw error;
        unread.push({ path, message: error.message });
      }
      reader.close();
    }
    const json = reader.runsJson(MOST_RUNS);
    const { runs: listed } = JSON.parse(json) as { runs: readonly { run_id: string }[] };
    const runs = Object.fromEntries(listed.map(({ run_id: run }) => [run, reader.runJson(run) ?? "null"]));
    reply({ id, kind: "runs", json, runs, unread });
  } finally {
    reader.free();
  }
}

async function read({ id, files, options }: ReadRequest): Promise<void> {
  await loadCore();
  const known = files.filter(({ path }) => logKind(path) !== undefined);
  const unknown = files.filter(({ path }) => logKind(path) === undefined).map(({ path }) => path);
  // One order whatever the browser listed first, so that the same files give the same answer.
  known.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));

  const totalBytes = known.reduce((sum, { file }) => sum + file.size, 0);
  const started = performance.now();
  let told = started;
  let bytes = 0;
  let lines = 0;

  const reader = new TelemetryReader(options);
  try {
    for (const { path, file } of known) {
      let offset = 0;
      let opened = false;
      try {
        // One chunk is on its way while the core works on the one before.
        let coming = bytesAt(file, 0);
        do {
          const chunk = await coming;
          if (!opened) reader.open(path);
          opened = true;
          offset += chunk.length;
          if (chunk.length === 0 && file.size > 0) throw new DOMException("The file became shorter while it was read.", "NotReadableError");
          if (offset < file.size) {
            coming = bytesAt(file, offset);
            // Its failure is handled where it is awaited; until then it must not count as unhandled.
            coming.catch(() => {});
          }
          reader.push(chunk);
          bytes += chunk.length;
          lines += countLines(chunk);
          const now = performance.now();
          if (now - told >= PROGRESS_MS) {
            told = now;
            reply({ id, kind: "progress", progress: { file: path, bytes, totalBytes, lines, elapsedMs: now - started } });
          }
        } while (offset < file.size);
        reader.close();
      } catch (error) {
        // The browser refused the file: moved, changed or locked. Anything else is a defect.
        if (!(error instanceof DOMException)) throw error;
        reader.noteUnreadable(path, error.message);
      }
    }
    const reports = Object.fromEntries(SIDE_REPORTS.map((name) => [name, reader.reportJson(name)]));
    reply({ id, kind: "done", json: reader.showJson(), unknown, reports });
  } finally {
    reader.free();
  }
}

async function bytesAt(file: File, offset: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(offset, offset + CHUNK_BYTES).arrayBuffer());
}

/** Newlines in a chunk, for the progress line only: the report counts its own. */
function countLines(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count += 1;
  return count;
}
