// Liveness and trust in votes by the browser module in Node.
//
//   node fleet.mjs MODULE_FOLDER < JOBS
//
// JOBS is a JSON array of {call, arguments}. A call is the name of a function of the
// module, or `watch`: its arguments are the options and a list of [method, ...arguments]
// for one FleetWatch, whose answers are given in a list. The answer to each job is
// {answer} or {error: MESSAGE}.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const folder = resolve(process.argv[2]);
const core = await import(pathToFileURL(join(folder, "muster_browser.js")));
await core.default({ module_or_path: readFileSync(join(folder, "muster_browser_bg.wasm")) });

function watch(options, steps) {
  const watch = new core.FleetWatch(options ?? undefined);
  try {
    return steps.map(([method, ...args]) => watch[method](...args) ?? null);
  } finally {
    watch.free();
  }
}

const answers = JSON.parse(readFileSync(0, "utf8")).map(({ call, arguments: args }) => {
  try {
    const answer = call === "watch" ? watch(...args) : core[call](...args);
    return { answer };
  } catch (error) {
    assert(error instanceof Error && !(error instanceof WebAssembly.RuntimeError), error);
    return { error: error.message };
  }
});
process.stdout.write(JSON.stringify(answers));
