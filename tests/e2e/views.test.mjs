// Every view, over a fleet with something of everything: drawn, in both schemes, on a small screen, for everybody.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { serveFake } from "./fake-server.mjs";
import { fleet } from "./fleet.mjs";
import { launch, noChromium, openPage } from "./support.mjs";

/** Addresses, and what must be there once they are drawn. */
const VIEWS = [
  ["#/now", '[data-verdict="trouble"]'],
  ["#/agents", 'tr:has-text("doc-writer-04")'],
  ["#/agents/tester-03", ".beats svg"],
  ["#/inbox", '[data-request="req-1"]'],
  ["#/streams", 'tr:has-text("task_completed")'],
  ["#/streams/task_completed", 'tr:has-text("T-139")'],
  ["#/streams/signals", 'tr:has-text("shutdown_soon")'],
  ["#/usage", '[data-panel="anomalies"]'],
  ["#/usage?workflow=code-review", '[data-panel="drill-down"] td'],
  ["#/diagnosis", ".drop-zone"],
  ["#/runs", 'tr:has-text("release-train")'],
  ["#/runs/workflow/run-2", ".first-failure"],
  ["#/runs/compare/run-1/run-3", '[data-panel="compare"] td'],
  ["#/runs/commands", '[data-command="nightly"]'],
  ["#/runs/command/c1", '[data-panel="output"] a[href="https://docs.example/report/25"]'],
  ["#/feedback?workflow=code-review", ".recommended"],
  ["#/specs", 'tr:has-text("The parser")'],
  ["#/settings", '[data-panel="prices"]'],
];

describe("every view", { skip: noChromium }, () => {
  let browser;
  let fake;
  before(async () => {
    [browser, fake] = await Promise.all([launch(), serveFake()]);
  });
  after(() => Promise.all([browser?.close(), fake?.stop()]));

  for (const [address, there] of VIEWS) {
    it(`${address} is drawn, and axe finds nothing serious in either scheme`, async () => {
      for (const colorScheme of ["light", "dark"]) {
        const page = await openPage(browser, fake.address + address, { colorScheme });
        await page.waitForSelector(there);
        const { violations } = await new AxeBuilder({ page }).analyze();
        const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
        assert.deepEqual(serious.map(({ id, nodes }) => `${colorScheme} ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`), []);
        const strangers = page.asked.filter((asked) => !asked.startsWith(fake.address) && !/^(blob|data):/.test(asked));
        assert.deepEqual(strangers, []);
        assert.deepEqual(page.complaints, []);
        await page.context().close();
      }
    });
  }

  it("fits a screen of 375 pixels, the menu too", async () => {
    for (const [address, there] of VIEWS) {
      const page = await openPage(browser, fake.address + address, { viewport: { width: 375, height: 780 } });
      await page.waitForSelector(there, { state: "attached" });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${address} is wider than the screen`);
      await page.click(".menu-button");
      await page.click('nav[aria-label="Views"] a:has-text("Settings")');
      await page.waitForSelector('[data-panel="alert-rules"]');
      await page.context().close();
    }
  });

  it("prints without navigation and buttons", async () => {
    const page = await openPage(browser, `${fake.address}#/now`, { colorScheme: "dark" });
    await page.waitForSelector("[data-verdict]");
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.isVisible(".side"), false);
    assert.equal(await page.isVisible('[data-act="approve"]'), false);
    assert.equal(await page.isVisible("[data-verdict]"), true);
    await page.context().close();
  });

  it("prints all rows of a list, up to a bound that it states", async () => {
    const many = await serveFake(fleet(2500));
    const page = await openPage(browser, `${many.address}#/agents`);
    await page.waitForSelector('.more:has-text("2,500 rows")');
    assert.ok((await page.locator(".virtual tbody tr").count()) < 100);
    // As the browser does it: what stands there when the event has been heard is printed.
    const printed = await page.evaluate(() => {
      dispatchEvent(new Event("beforeprint"));
      const seen = [document.querySelectorAll(".virtual tbody tr").length, document.querySelector(".more").textContent];
      dispatchEvent(new Event("afterprint"));
      return [...seen, document.querySelectorAll(".virtual tbody tr").length];
    });
    assert.equal(printed[0], 2000);
    assert.match(printed[1], /The first 2,000 of 2,500 rows/);
    assert.ok(printed[2] < 100);
    await page.context().close();
    await many.stop();
  });

  it("gives each table as CSV and JSON", async () => {
    const page = await openPage(browser, `${fake.address}#/agents?state=dead`);
    await page.waitForSelector('tr:has-text("doc-writer-04")');
    const [csv] = await Promise.all([page.waitForEvent("download"), page.click('button[aria-label="Agents as CSV"]')]);
    assert.equal(csv.suggestedFilename(), "agents.csv");
    const [json] = await Promise.all([page.waitForEvent("download"), page.click('button[aria-label="Agents as JSON"]')]);
    const read = async (download) => {
      const parts = [];
      for await (const part of await download.createReadStream()) parts.push(part);
      return Buffer.concat(parts).toString();
    };
    assert.match(await read(csv), /^Agent,State,Last beat,Why,Progress,Says,Task\r\ndoc-writer-04,dead,1260,/);
    assert.deepEqual(JSON.parse(await read(json)).map(({ agent_id: id }) => id), ["doc-writer-04"]);
    await page.context().close();
  });

  it("keeps what is chosen in the address", async () => {
    const page = await openPage(browser, `${fake.address}#/agents?q=writer&state=dead`);
    await page.waitForSelector('tr:has-text("doc-writer-04")');
    assert.equal(await page.inputValue(".filter"), "writer");
    assert.equal(await page.getAttribute('.chip:has-text("dead")', "aria-pressed"), "true");
    await page.click('.chip:has-text("dead")');
    await page.fill(".filter", "planner");
    await page.waitForFunction(() => location.hash === "#/agents?q=planner");
    await page.click("tbody th a");
    await page.waitForSelector(".beats");
    await page.goBack();
    await page.waitForSelector('tr:has-text("planner-02")');
    assert.equal(await page.inputValue(".filter"), "planner");
    await page.context().close();
  });

  it("shows text of agents as text", async () => {
    const page = await openPage(browser, `${fake.address}#/streams/task_completed?q=markup`);
    await page.waitForSelector('tr:has-text("<b>not markup</b>")');
    assert.equal(await page.locator(".virtual td b").count(), 0);
    await page.context().close();
  });
});
