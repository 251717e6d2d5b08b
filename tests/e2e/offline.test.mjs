// The page without a server: what needs one says so, bundles are diagnosed here.
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { dropPaths, launch, noChromium, openPage, serveStatic, singleFile } from "./support.mjs";

const BUNDLES = resolve(import.meta.dirname, "../fixtures/gateway/bundles");
const HEALTHY = join(BUNDLES, "capture-healthy.json");
const FAILED = join(BUNDLES, "c-heal-failed.json");
const SWAMP = resolve(import.meta.dirname, "../fixtures/swamp");

describe("without a server", { skip: noChromium }, () => {
  let browser;
  let server;
  before(async () => {
    [browser, server] = await Promise.all([launch(), serveStatic()]);
  });
  after(async () => {
    await browser?.close();
    server?.stop();
  });

  it("each view that needs one says so", async () => {
    const page = await openPage(browser, server.address);
    for (const view of ["now", "agents", "inbox", "streams", "runs", "feedback", "specs", "settings"]) {
      await page.evaluate((hash) => (location.hash = hash), `#/${view}`);
      await page.waitForSelector(`main[data-view="${view}"] [data-needs="server"]`);
    }
    assert.equal(await page.getAttribute("[data-connection]", "data-connection"), "none");
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  for (const [where, address] of [["a static server", () => server.address], ["one file", singleFile]]) {
    it(`a dropped bundle is diagnosed on the page of ${where}, and nothing is sent`, async () => {
      const page = await openPage(browser, address());
      await page.waitForSelector('main[data-phase="empty"]');
      const before = page.asked.filter((asked) => asked.startsWith("http")).length;
      await dropPaths(page, [HEALTHY]);
      await page.waitForSelector('main[data-view="diagnosis"] [data-verdict="ok"]');
      await dropPaths(page, [FAILED]);
      await page.waitForSelector('main[data-view="diagnosis"] [data-role="primary"]');
      assert.ok((await page.locator('[data-panel="remedies"] li').count()) > 0);
      // The worker and the core come from the page's own place; a bundle goes nowhere.
      const asked = page.asked.filter((one) => one.startsWith("http")).slice(before);
      assert.ok(asked.every((one) => /\/assets\/[\w.-]+\.(js|wasm)$/.test(one)), asked.join("\n"));
      await page.click('button:has-text("Close it")');
      await page.waitForSelector(".drop-zone");
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    });
  }

  for (const [what, file, untimed] of [["entries", "run_mixed-wf.entries.jsonl", 0], ["events", "run_mixed-wf.events.jsonl", 1]]) {
    it(`a dropped file of ${what} is a timeline, on the page as one file too`, async () => {
      const page = await openPage(browser, singleFile());
      await page.waitForSelector('main[data-phase="empty"]');
      await dropPaths(page, [join(SWAMP, file)]);
      await page.waitForSelector('main[data-view="runs"] [data-source="files"]');
      await page.click('[data-panel="workflow-runs"] tbody th a:has-text("mixed-wf")');
      await page.waitForSelector('[data-panel="waterfall"] .track');
      assert.ok((await page.locator('[data-panel="waterfall"] li').count()) > 2);
      assert.ok((await page.locator('[data-panel="failures"] li').count()) > 0);
      await page.goBack();
      await page.waitForSelector('[data-panel="workflow-runs"]');
      assert.equal(await page.locator('[data-remark="untimed"]').count(), untimed);
      assert.equal(page.asked.filter((asked) => asked.startsWith("http")).length, 0);
      await page.click('[data-source="files"] button');
      await page.waitForSelector('[data-needs="server"]');
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    });
  }

  it("says what is wrong with a bundle that is none", async () => {
    const page = await openPage(browser, `${server.address}#/diagnosis`);
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['{"muster_bundle": 99}'], "bundle.json"));
      for (const type of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    });
    await page.waitForSelector('[data-problem="unreadable"]:has-text("cannot be used")');
    await page.context().close();
  });
});
