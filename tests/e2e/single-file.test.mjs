// The page as one file, opened by a double click.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { dropPaths, exactDollars, figure, HOME, launch, noChromium, openPage, phase, rows, singleFile, sumUsage, USAGE_LOG } from "./support.mjs";

describe("the page as one file", { skip: noChromium }, () => {
  let browser;
  before(async () => {
    // Whatever is asked of the network goes to a proxy that does not exist.
    browser = await launch(["--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>"]);
  });
  after(() => browser?.close());

  it("reads logs without a single request", async () => {
    const page = await openPage(browser, singleFile());
    await phase(page, "empty");
    await page.setInputFiles('[data-input="files"]', [USAGE_LOG]);
    await phase(page, "ready");
    const sums = await sumUsage(USAGE_LOG);
    assert.equal(await figure(page, "cost").getAttribute("title"), exactDollars(sums.nano));
    assert.equal(await figure(page, "calls").textContent(), String(sums.calls));
    const requests = page.asked.filter((address) => !/^(file|blob|data):/.test(address));
    assert.deepEqual(requests, []);
    assert.equal(page.asked.filter((address) => address.startsWith("file:")).length, 1);
    await page.click('.window-picker label:has-text("90 d")');
    await page.waitForFunction(() => location.hash === "#/usage?days=90");
    await page.click('.window-picker label:has-text("All")');
    await page.waitForFunction(() => location.hash === "#/usage");
    await dropPaths(page, [HOME]);
    await page.waitForFunction(() => document.querySelectorAll('[data-panel="sources"] tbody tr').length > 3);
    await dropPaths(page, [USAGE_LOG]);
    await page.waitForFunction(() => document.querySelectorAll('[data-panel="sources"] tbody tr').length === 1);
    assert.ok((await rows(page, "by-model")).length > 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
});
