// Reads logs through the browser module in Node and prints the reports as text.
//
//   node read.mjs MODULE_FOLDER < JOBS
//
// JOBS is a JSON array of {options, files: [{name, path}], chunk, reports: [{name, params}]}:
// the files are read from `path` in chunks of `chunk` bytes under their `name`.
// The answer is a JSON array with, per job, {reports: [TEXT]} or {error: MESSAGE}.
// It is checked on the way that the typed document is `JSON.parse` of the text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const folder = resolve(process.argv[2]);
const core = await import(pathToFileURL(join(folder, "muster_browser.js")));
await core.default({ module_or_path: readFileSync(join(folder, "muster_browser_bg.wasm")) });

function run({ options, files, chunk, reports }) {
  const reader = new core.TelemetryReader(options);
  try {
    for (const { name, path } of files) {
      assert.equal(reader.open(name), core.logKind(name));
      const bytes = readFileSync(path);
      for (let at = 0; at < bytes.length; at += chunk) {
        reader.push(bytes.subarray(at, at + chunk));
      }
      reader.close();
    }
    assert.equal(reader.showJson(), reader.reportJson("usage"));
    assert.deepEqual(reader.show(), JSON.parse(reader.showJson()));
    return {
      reports: reports.map(({ name, params }) => {
        const text = reader.reportJson(name, params);
        assert.deepEqual(reader.report(name, params), JSON.parse(text));
        return text;
      }),
    };
  } finally {
    reader.free();
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
