// Diagnoses evidence bundles through the browser module in Node.
//
//   node diagnose.mjs MODULE_FOLDER < JOBS
//
// JOBS is a JSON array of {path, options}. The answer is a JSON array with, per
// job, {text: TEXT} or {error: MESSAGE}.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const folder = resolve(process.argv[2]);
const core = await import(pathToFileURL(join(folder, "muster_browser.js")));
await core.default({ module_or_path: readFileSync(join(folder, "muster_browser_bg.wasm")) });

const answers = JSON.parse(readFileSync(0, "utf8")).map(({ path, options }) => {
  const bundle = readFileSync(path, "utf8");
  try {
    const text = core.diagnoseJson(bundle, options);
    assert.deepEqual(core.diagnose(bundle, options), JSON.parse(text));
    return { text };
  } catch (error) {
    assert(error instanceof Error && !(error instanceof WebAssembly.RuntimeError), error);
    if (error instanceof assert.AssertionError) throw error;
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify(answers));
