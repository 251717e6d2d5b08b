// The page as the binary serves it, over the bundled logs.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { dropTexts, exactDollars, figure, launch, openPage, phase, rows, serveMuster, sumUsage, USAGE_LOG, withoutServer } from "./support.mjs";

const MOST_REQUESTS = 5;
const MOST_BYTES = 250_000;

describe("the page of the server", { skip: withoutServer() }, () => {
  let browser;
  let server;
  before(async () => {
    [browser, server] = await Promise.all([launch(), serveMuster()]);
  });
  after(() => Promise.all([browser?.close(), server?.stop()]));

  it("shows the server's figures without the core", async () => {
    const page = await openPage(browser, `${server.address}#/usage`);
    await phase(page, "ready");
    const sums = await sumUsage(USAGE_LOG);
    assert.equal(await figure(page, "cost").getAttribute("title"), exactDollars(sums.nano));
    assert.equal(await figure(page, "calls").textContent(), String(sums.calls));
    assert.ok(page.asked.every((address) => !address.endsWith(".wasm")));
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  it("asks for little at first", async () => {
    const page = await openPage(browser, server.address);
    await page.waitForSelector('[data-verdict]');
    await page.waitForSelector('[data-connection="live"]');
    assert.ok(page.asked.length <= MOST_REQUESTS, page.asked.join("\n"));
    await page.context().close();
  });

  it("is light on its first load", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    let bytes = 0;
    session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    await page.goto(server.address);
    await page.waitForSelector("[data-verdict]");
    assert.ok(bytes > 0 && bytes <= MOST_BYTES, `${bytes} bytes`);
    await context.close();
  });

  it("asks again for another window", async () => {
    const page = await openPage(browser, `${server.address}#from=2026-10-06&to=2026-10-06`);
    await phase(page, "ready");
    const calls = Number(await figure(page, "calls").textContent());
    const day = (await (await fetch(`${server.address}api/v1/usage?from=2026-10-06T00:00:00Z&to=2026-10-07T00:00:00Z`)).json()).totals.calls;
    assert.equal(calls, day);
    assert.ok(calls > 0);
    await page.click('.window-picker label:has-text("All")');
    await page.waitForFunction((few) => Number(document.querySelector('[data-tile="calls"] .figure')?.textContent) > few, calls);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  it("gives the same figures for the same file dropped on it, and goes back", async () => {
    const page = await openPage(browser, `${server.address}#/usage`);
    await phase(page, "ready");
    const served = await rows(page, "by-workflow");
    const recent = await rows(page, "recent");
    await page.setInputFiles('[data-input="files"]', [USAGE_LOG]);
    await page.waitForSelector("text=Back to the server");
    await phase(page, "ready");
    assert.deepEqual(await rows(page, "by-workflow"), served);
    assert.deepEqual(await rows(page, "recent"), recent);
    await dropTexts(page, [["notes.txt", "no log"]]);
    await phase(page, "failed");
    await page.click("text=Back to the server");
    await phase(page, "ready");
    assert.deepEqual(await rows(page, "by-workflow"), served);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  it("says so when the server is gone, and recovers with it", async () => {
    const page = await openPage(browser, `${server.address}#/usage`);
    await phase(page, "ready");
    await page.context().setOffline(true);
    await page.click('button[aria-label="Read again"]');
    // The last figures stay.
    await page.waitForSelector('[data-remark="stale"]:has-text("does not answer")');
    await page.context().setOffline(false);
    await page.click('button:has-text("Try again")');
    await page.waitForSelector('[data-remark="stale"]', { state: "detached" });
    await phase(page, "ready");
    await page.context().close();
  });
});
