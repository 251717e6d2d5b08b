import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig } from "vite";
import { contentPolicy } from "./build/content-policy.ts";
import { singleFile } from "./build/single-file.ts";

const here = import.meta.dirname;
const artefacts = resolve(process.env["MUSTER_ARTEFACTS"] ?? resolve(here, "../target/artefacts"));
const core = resolve(artefacts, "browser");

export default defineConfig(({ command, mode }) => {
  const single = mode === "single";
  if (command === "build" && !existsSync(resolve(core, "muster_browser.js"))) {
    throw new Error(`${core} holds no browser module: run \`cargo xtask wasm\` first, or set MUSTER_ARTEFACTS`);
  }
  return {
    root: here,
    // Relative addresses: the page works below any path of any server.
    base: "./",
    define: { __SINGLE_FILE__: JSON.stringify(single) },
    resolve: {
      alias: [
        { find: /^muster-core$/, replacement: resolve(core, "muster_browser.js") },
        { find: /^muster-core\//, replacement: `${core}/` },
        {
          find: /^spawn-worker$/,
          replacement: resolve(here, single ? "src/engine/spawn-inline.ts" : "src/engine/spawn.ts"),
        },
      ],
    },
    server: {
      fs: { allow: [here, artefacts] },
      // `muster ops` on its usual port answers the questions of the page while that is worked on.
      proxy: { "/api": "http://127.0.0.1:8765" },
    },
    // A page from a file address has no origin that a module worker could load its text from; a classic one can.
    worker: { format: single ? ("iife" as const) : ("es" as const) },
    plugins: single ? [singleFile(resolve(artefacts, "muster.html"))] : [contentPolicy()],
    build: {
      target: "es2022",
      // From these on light-dark() is known; older ones would need every colour twice.
      cssTarget: ["chrome123", "firefox120", "safari17.5"],
      outDir: single ? resolve(here, "../target/web-single") : "dist",
      emptyOutDir: true,
      license: { fileName: "licenses.md" },
      modulePreload: { polyfill: false },
      cssCodeSplit: false,
      assetsInlineLimit: single ? Number.MAX_SAFE_INTEGER : 0,
      reportCompressedSize: true,
      chunkSizeWarningLimit: single ? 2500 : 400,
    },
    test: { include: ["tests/*.test.ts"], environment: "node" },
  };
});
