// A million lines: the page keeps answering while the core reads.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { exactDollars, figure, launch, noChromium, openPage, phase, scratch, serveStatic } from "./support.mjs";

const BLOCK = 1000;
const BLOCKS = 1000;
const WORKFLOWS = ["code-review", "doc-gen", "security-audit", "test-gen", "bug-predict"];

/** One block of lines, and what they cost in millionths of a dollar. */
function block() {
  let text = "";
  let micro = 0;
  for (let index = 0; index < BLOCK; index += 1) {
    const cost = 1000 + ((index * 7919) % 250_000);
    micro += cost;
    const day = String(1 + (index % 28)).padStart(2, "0");
    const fields = {
      v: "1.0",
      ts: `2026-0${1 + (index % 9)}-${day}T08:15:02.${String(index).padStart(6, "0")}Z`,
      workflow: WORKFLOWS[index % WORKFLOWS.length],
      tier: index % 3 === 0 ? "PREMIUM" : "CAPABLE",
      model: index % 3 === 0 ? "claude-opus-4-5" : "claude-sonnet-5",
      provider: "anthropic",
      cost: cost / 1e6,
      tokens: { input: 9000 + index, output: 1940 },
      cache: index % 4 === 0 ? { hit: true, type: "hash" } : { hit: false },
      duration_ms: 8120,
      user_id: "0f3a9c55d2b1e477",
      stage: "analysis",
      prompt_cache: { hit: true, creation_tokens: 0, read_tokens: 4096 },
      seq: index + 1,
    };
    text += `${JSON.stringify(fields)}\n`;
  }
  return { text, micro };
}

describe("a million lines", { skip: noChromium }, () => {
  let browser;
  let server;
  let temp;
  let log;
  const { text, micro } = block();
  before(async () => {
    [browser, server, temp] = await Promise.all([launch(), serveStatic(), scratch()]);
    log = join(temp.folder, "usage.jsonl");
    const out = createWriteStream(log);
    for (let at = 0; at < BLOCKS; at += 1) if (!out.write(text)) await once(out, "drain");
    out.end();
    await once(out, "finish");
  });
  after(() => Promise.all([browser?.close(), server?.stop(), temp?.remove()]));

  it("are read with progress, and the page never stops answering", async (context) => {
    const page = await openPage(browser, server.address);
    await phase(page, "empty");
    await page.evaluate(() => {
      window.longestPause = 0;
      window.sawProgress = "";
      let last = performance.now();
      const beat = () => {
        const now = performance.now();
        window.longestPause = Math.max(window.longestPause, now - last);
        last = now;
        window.sawProgress = document.querySelector(".reading .file")?.parentElement?.textContent ?? window.sawProgress;
        setTimeout(beat, 0);
      };
      beat();
    });
    const started = performance.now();
    await page.setInputFiles('[data-input="files"]', [log]);
    await page.waitForFunction(() => document.querySelector("main")?.dataset.phase === "ready", undefined, { timeout: 60_000 });
    const seconds = (performance.now() - started) / 1000;
    assert.equal(await figure(page, "calls").textContent(), "1,000,000");
    assert.equal(await figure(page, "cost").getAttribute("title"), exactDollars(BigInt(micro) * BigInt(BLOCKS) * 1000n));
    const { longestPause, sawProgress } = await page.evaluate(() => ({ longestPause: window.longestPause, sawProgress: window.sawProgress }));
    assert.match(sawProgress, /MB of .* lines\/s/);
    assert.ok(longestPause < 500, `the page stood still for ${longestPause.toFixed(0)} ms`);
    const { size } = await stat(log);
    context.diagnostic(`${(size / 1e6).toFixed(0)} MB in ${seconds.toFixed(2)} s, longest pause of the page ${longestPause.toFixed(0)} ms`);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  it("can be given up half-way", async () => {
    const page = await openPage(browser, server.address);
    await phase(page, "empty");
    await page.setInputFiles('[data-input="files"]', [log]);
    await page.click('.reading button:has-text("Cancel")');
    await phase(page, "empty");
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
});
