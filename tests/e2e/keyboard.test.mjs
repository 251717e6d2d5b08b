// The page without a mouse.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { serveFake } from "./fake-server.mjs";
import { launch, noChromium, openPage, until } from "./support.mjs";

describe("the keyboard alone", { skip: noChromium }, () => {
  let browser;
  let fake;
  let page;
  before(async () => {
    [browser, fake] = await Promise.all([launch(), serveFake()]);
    page = await openPage(browser, `${fake.address}#/now`);
    await page.waitForSelector("[data-verdict]");
  });
  after(() => Promise.all([browser?.close(), fake?.stop()]));

  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
  const at = (hash) => page.waitForFunction((wanted) => location.hash === wanted, hash);

  it("goes from view to view by two keys", async () => {
    for (const [key, hash] of [["a", "#/agents"], ["i", "#/inbox"], ["s", "#/streams"], ["u", "#/usage"], ["d", "#/diagnosis"], ["r", "#/runs"], ["f", "#/feedback"], ["p", "#/specs"], ["t", "#/settings"], ["n", "#/now"]]) {
      await page.keyboard.press("g");
      await page.keyboard.press(key);
      await at(hash);
    }
  });

  it("walks a list, filters it, opens a row", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("a");
    await page.waitForSelector('tr:has-text("doc-writer-04")');
    await page.keyboard.press("j");
    await until(async () => (await focused()) === "doc-writer-04", "the first row to have the focus");
    await page.keyboard.press("j");
    await until(async () => (await focused()) === "migrator-08", "the second row to have the focus");
    await page.keyboard.press("k");
    await until(async () => (await focused()) === "doc-writer-04", "the first row again");
    await page.keyboard.press("/");
    await page.keyboard.type("gj planner");
    await at("#/agents?q=gj+planner");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("planner");
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    await until(async () => (await focused()) === "planner-02", "the only row to have the focus");
    await page.keyboard.press("Enter");
    await at("#/agents/planner-02");
  });

  it("approves a request with a reason", async () => {
    await page.keyboard.press("g");
    await page.keyboard.press("i");
    await page.waitForSelector('[data-request="req-1"]');
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await until(() => page.evaluate(() => document.activeElement?.getAttribute("data-request") === "req-1"), "the second request to have the focus");
    await page.keyboard.press("e");
    await page.keyboard.type("axe and keys agree");
    await page.keyboard.press("Enter");
    assert.equal(fake.acted.length, 0);
    await page.keyboard.press("Escape");
    await until(() => page.evaluate(() => document.activeElement?.getAttribute("data-request") === "req-1"), "the card to have the focus again");
    await page.waitForSelector('[data-request="req-1"] [data-act="approve"]:not([aria-disabled="true"])');
    await page.keyboard.press("a");
    await until(() => fake.acted.length === 1, "the decision");
    assert.deepEqual(fake.acted[0], ["approve", { request_id: "req-1", reason: "axe and keys agree" }]);
  });

  it("finds an agent in the palette", async () => {
    await page.keyboard.press("ControlOrMeta+k");
    await page.waitForSelector('[role="combobox"]');
    await page.keyboard.type("secur audit");
    await page.waitForSelector('[role="option"]:has-text("security-audit-05")');
    await page.keyboard.press("Enter");
    await at("#/agents/security-audit-05");
    assert.equal(await page.locator("dialog").count(), 0);
  });

  it("explains itself, and Escape closes it", async () => {
    await page.keyboard.press("?");
    await page.waitForSelector('dialog.help:has-text("Row before")');
    await page.keyboard.press("g");
    await page.keyboard.press("n");
    assert.equal(await page.evaluate(() => location.hash), "#/agents/security-audit-05");
    await page.keyboard.press("Escape");
    await until(async () => (await page.locator("dialog").count()) === 0, "the help to close");
  });

  it("switches colours, and keeps the choice", async () => {
    await page.keyboard.press("ControlOrMeta+k");
    await page.waitForSelector('[role="combobox"]:focus');
    await page.keyboard.type("dark");
    await page.waitForSelector('[role="option"][aria-selected="true"]:has-text("dark")');
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
    await page.reload();
    await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
    assert.deepEqual(page.complaints, []);
  });
});
