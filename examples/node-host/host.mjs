// Muster's core in a Node program, from the component: npm install, nothing else.
//
//     node host.mjs muster-core.component.wasm report usage.jsonl
//     node host.mjs muster-core.component.wasm replay run.events.jsonl PARENT-ID
//     node host.mjs muster-core.component.wasm diagnose bundle.json
//
// Each prints what the command line tool prints with --json. The component is
// translated to a module for this engine; it imports nothing.

import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { transpile, writeFiles } from "@bytecodealliance/jco-transpile";

const chunks = (path) => createReadStream(path, { highWaterMark: 256 << 10 });

/** The usage report over one log, of all time. */
async function report({ usage }, path) {
  const ingest = new usage.Ingest({ window: {}, recent: 20, naiveOffsetMinutes: 0 });
  ingest.open(path);
  for await (const chunk of chunks(path)) ingest.pushBytes(chunk);
  ingest.close();
  return ingest.reportJson("usage", { files: { failed: false, stale: false } });
}

/** The telemetry entries of a workflow's events, one a line. */
async function replay({ bridge }, path, parentId) {
  const replay = new bridge.Replay({
    parentId,
    outerRun: false,
    redactNames: false,
    leaveOpen: false,
  });
  const now = () => BigInt(Date.now()) * 1000n;
  let entries = "";
  for await (const chunk of chunks(path)) entries += replay.pushBytes(now(), chunk);
  return (entries + replay.finish(now())).trimEnd();
}

/** What is wrong with a gateway. */
async function diagnose({ diagnosis }, path) {
  return diagnosis.diagnose(await readFile(path, "utf8"), { packs: [] });
}

const [component, task, ...rest] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "muster-"));
try {
  const { files } = await transpile(component, { name: "core", outDir: folder });
  await writeFiles(files);
  const core = await import(pathToFileURL(join(folder, "core.js")));
  console.log(await { report, replay, diagnose }[task](core, ...rest));
} catch (error) {
  // An error of the component is a case of its interface.
  console.error(error.tag ? `${error.tag}: ${error.val}` : error);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
