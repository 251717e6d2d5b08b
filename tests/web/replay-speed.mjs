// Replays a stream through the browser module and prints the seconds of the fastest pass.
//
//   node replay-speed.mjs MODULE_FOLDER STREAM CHUNK_BYTES PASSES
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, stream, chunk, passes] = process.argv.slice(2);
const core = await import(pathToFileURL(join(resolve(folder), "muster_browser.js")));
await core.default({ module_or_path: readFileSync(join(folder, "muster_browser_bg.wasm")) });
const bytes = readFileSync(stream);

let best = Infinity;
for (let pass = 0; pass < Number(passes); pass += 1) {
  const start = performance.now();
  const replay = new core.BridgeReplay({ parentId: "0f7c2a54-1111-4a61-9b1e-5b8f4a2d9c01" });
  let length = 0;
  for (let at = 0; at < bytes.length; at += Number(chunk)) {
    length += replay.push(0, bytes.subarray(at, at + Number(chunk))).length;
  }
  length += replay.finish(0).length;
  assert(length > 0);
  replay.free();
  best = Math.min(best, (performance.now() - start) / 1000);
}
process.stdout.write(`${best}\n`);
