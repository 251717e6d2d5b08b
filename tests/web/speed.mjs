// Reads a usage log through the browser module and prints the seconds of the fastest pass.
//
//   node speed.mjs MODULE_FOLDER LOG CHUNK_BYTES PASSES
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, log, chunk, passes] = process.argv.slice(2);
const core = await import(pathToFileURL(join(resolve(folder), "muster_browser.js")));
await core.default({ module_or_path: readFileSync(join(folder, "muster_browser_bg.wasm")) });
const bytes = readFileSync(log);

let best = Infinity;
for (let pass = 0; pass < Number(passes); pass += 1) {
  const start = performance.now();
  const reader = new core.TelemetryReader();
  reader.open("usage.jsonl");
  for (let at = 0; at < bytes.length; at += Number(chunk)) {
    reader.push(bytes.subarray(at, at + Number(chunk)));
  }
  reader.close();
  assert(reader.show().totals.calls > 0);
  reader.free();
  best = Math.min(best, (performance.now() - start) / 1000);
}
process.stdout.write(`${best}\n`);
