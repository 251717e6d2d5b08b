// The page's own reading in Chromium gives the bytes that the module gives in Node.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { ARTEFACTS, HOME, launch, noChromium, openPage, phase, PROJECT, scratch, serveStatic } from "./support.mjs";

const GOOD =
  '{"v":"1.0","ts":"2026-11-19T08:15:02.004500Z","workflow":"code-review","tier":"CAPABLE","model":"claude-sonnet-5","provider":"anthropic","cost":0.0561,"tokens":{"input":9000,"output":1940},"cache":{"hit":true,"type":"hash"},"duration_ms":8120,"user_id":"0f3a9c55d2b1e477","stage":"analysis","seq":17}';

/** Usage logs that no writer should have written. */
const ODD = {
  "no newline": GOOD,
  "torn end": `${GOOD}\n${GOOD.slice(0, 77)}`,
  "mark and returns": `\ufeff${GOOD}\r\n${GOOD}\r\n\r\n`,
  "not UTF-8": Buffer.concat([Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from(`${GOOD}\n`), Buffer.from([0xc3, 0x28, 0x0a])]),
  NUL: Buffer.concat([Buffer.alloc(4096), Buffer.from(`\n${GOOD}\n`)]),
  "values out of range": ["NaN", "Infinity", "-1", "1e400", "9".repeat(5000), "true", '"1"'].map((cost) => `${GOOD.replace("0.0561", cost)}\n`).join(""),
  "names of all kinds": ["__proto__", "\\u0000", "\\ud800", "größer 日本 \u{1f680}", "\\u001b[31m"].map((name) => `${GOOD.replace("code-review", name)}\n`).join(""),
  "deep nesting": `${"[".repeat(10_000)}\n${GOOD}\n`,
  // Longer than one chunk of the page, so that a line and a character are cut in the middle.
  "a line over chunks": `${GOOD.replace("code-review", "ü".repeat(700_001))}\n${GOOD}\n`,
};

async function logsIn(folder) {
  return (await readdir(folder)).filter((name) => name.endsWith(".jsonl")).map((name) => join(folder, name));
}

describe("the same bytes in Chromium and in Node", { skip: noChromium }, () => {
  let browser;
  let server;
  let temp;
  let core;
  before(async () => {
    [browser, server, temp] = await Promise.all([launch(), serveStatic(), scratch()]);
    core = await import(pathToFileURL(join(ARTEFACTS, "browser/muster_browser.js")));
    await core.default({ module_or_path: await readFile(join(ARTEFACTS, "browser/muster_browser_bg.wasm")) });
  });
  after(() => Promise.all([browser?.close(), server?.stop(), temp?.remove()]));

  async function inNode(paths, chunk) {
    const reader = new core.TelemetryReader({ recent: 20 });
    const named = paths.map((path) => [basename(path), path]).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, path] of named) {
      reader.open(name);
      const bytes = await readFile(path);
      for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk));
      reader.close();
    }
    const text = reader.showJson();
    reader.free();
    return text;
  }

  async function opened(page, paths) {
    await page.evaluate(() => (window.lastAnswer = undefined));
    await page.setInputFiles('[data-input="files"]', paths);
    return (await page.waitForFunction(() => window.lastAnswer)).jsonValue();
  }

  /** A page that keeps the text that its worker sends. */
  async function listening() {
    const page = await openPage(browser, "about:blank");
    await page.addInitScript(() => {
      const Real = window.Worker;
      window.Worker = class extends Real {
        constructor(...given) {
          super(...given);
          this.addEventListener("message", ({ data }) => {
            if (data.kind === "done") window.lastAnswer = data.json;
          });
        }
      };
    });
    await page.goto(server.address);
    await phase(page, "empty");
    return page;
  }

  it("over all bundled logs", async () => {
    const page = await listening();
    const paths = [...(await logsIn(join(HOME, "telemetry"))), ...(await logsIn(join(PROJECT, ".attune")))];
    assert.ok(paths.length >= 12, paths.join());
    assert.equal(await opened(page, paths), await inNode(paths, 997));
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  it("over odd ones", async () => {
    const page = await listening();
    for (const [name, content] of Object.entries(ODD)) {
      const folder = join(temp.folder, name);
      await mkdir(folder);
      const path = join(folder, "usage.jsonl");
      await writeFile(path, content);
      assert.equal(await opened(page, [path]), await inNode([path], 64), name);
      await phase(page, "ready");
    }
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
});
