// Replays streams of workflow events through the browser module in Node.
//
//   node replay.mjs MODULE_FOLDER < JOBS
//
// JOBS is a JSON array of {options, path, now, chunk}: the file is pushed in chunks
// of `chunk` bytes. The answer is a JSON array with, per job,
// {entries: TEXT, summary: TEXT} or {error: MESSAGE}.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const folder = resolve(process.argv[2]);
const core = await import(pathToFileURL(join(folder, "muster_browser.js")));
await core.default({ module_or_path: readFileSync(join(folder, "muster_browser_bg.wasm")) });

function run({ options, path, now, chunk }) {
  const replay = new core.BridgeReplay(options);
  try {
    const bytes = readFileSync(path);
    let entries = "";
    for (let at = 0; at < bytes.length; at += chunk) {
      entries += replay.push(now, bytes.subarray(at, at + chunk));
    }
    entries += replay.finish(now);
    const summary = replay.summaryJson();
    assert.deepEqual(replay.summary(), JSON.parse(summary));
    return { entries, summary };
  } finally {
    replay.free();
  }
}

const answers = JSON.parse(readFileSync(0, "utf8")).map((job) => {
  try {
    return run(job);
  } catch (error) {
    assert(error instanceof Error && !(error instanceof WebAssembly.RuntimeError), error);
    if (error instanceof assert.AssertionError) throw error;
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify(answers));
