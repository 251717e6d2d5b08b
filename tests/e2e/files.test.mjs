// Files that the user hands over, on a page without a server behind it.
import assert from "node:assert/strict";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  dropPaths, dropTexts, exactDollars, figure, FIXTURES, HOME, launch, noChromium, openPage, phase, rows, scratch, serveStatic, sumUsage, USAGE_LOG,
} from "./support.mjs";

const HELP_LOG = join(HOME, "telemetry/help_queries.jsonl");

const line = (fields) =>
  `${JSON.stringify({
    v: "1.0",
    ts: "2026-11-19T08:15:02.004500Z",
    workflow: "code-review",
    tier: "CAPABLE",
    model: "claude-sonnet-5",
    provider: "anthropic",
    cost: 0.25,
    tokens: { input: 9000, output: 1940 },
    cache: { hit: false },
    duration_ms: 8120,
    user_id: "0f3a9c55d2b1e477",
    seq: 1,
    ...fields,
  })}\n`;

describe("files in the browser", { skip: noChromium }, () => {
  let browser;
  let server;
  let temp;
  before(async () => {
    [browser, server, temp] = await Promise.all([launch(), serveStatic(), scratch()]);
  });
  after(() => Promise.all([browser?.close(), server?.stop(), temp?.remove()]));

  const visit = async (options, fragment = "") => {
    const page = await openPage(browser, `${server.address}${fragment}`, options);
    await phase(page, "empty");
    return page;
  };
  const leave = async (page) => {
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  };

  it("begins with an explanation and without the core", async () => {
    const page = await visit();
    assert.match(await page.textContent("main"), /Nothing is sent anywhere/);
    assert.ok(page.asked.every((address) => !address.endsWith(".wasm")), "the core was loaded too early");
    assert.ok(page.asked.length <= 5, `${page.asked.length} requests`);
    await leave(page);
  });

  it("reads chosen files to the last decimal, and goes on when its server is gone", async () => {
    const own = await serveStatic();
    const page = await openPage(browser, own.address);
    await phase(page, "empty");
    // The parts that reading needs come from the page's own server, with the first reading.
    await page.setInputFiles('[data-input="files"]', [USAGE_LOG]);
    await phase(page, "ready");
    own.stop();
    const before = page.asked.length;
    await page.setInputFiles('[data-input="files"]', [HELP_LOG]);
    await page.waitForSelector('[data-remark="no-usage-log"]');
    await page.setInputFiles('[data-input="files"]', [USAGE_LOG]);
    await page.waitForSelector('[data-panel="recent"] tbody tr');
    const sums = await sumUsage(USAGE_LOG);
    assert.equal(await figure(page, "cost").getAttribute("title"), exactDollars(sums.nano));
    assert.equal(await figure(page, "calls").textContent(), String(sums.calls));
    assert.equal(await figure(page, "tokens-in").getAttribute("title"), sums.tokensIn.toLocaleString("en-US"));
    const strangers = page.asked.filter((address) => !address.startsWith(own.address) && !/^(blob|data):/.test(address));
    assert.deepEqual(strangers, []);
    assert.deepEqual(page.asked.slice(before), []);
    await leave(page);
  });

  it("may not connect anywhere else", async () => {
    const page = await visit();
    const refused = await page.evaluate(() => fetch("http://127.0.0.2:9/").then(() => "sent", (error) => error.message));
    assert.notEqual(refused, "sent");
    assert.ok(page.complaints.some((text) => text.includes("Content Security Policy")), page.complaints.join());
    await page.context().close();
  });

  it("reads a folder that is dropped, and says what it did not read", async () => {
    const page = await visit();
    await dropPaths(page, [HOME]);
    await phase(page, "ready");
    const files = (await rows(page, "sources")).map(([file]) => file);
    assert.ok(files.some((file) => file.endsWith("usage.jsonl")), files.join());
    assert.ok(files.some((file) => file.endsWith("workflow_runs.jsonl")), files.join());
    assert.match(await page.textContent('[data-list="unknown"]'), /usage_summary\.json/);
    await leave(page);
  });

  it("reads a folder from the folder picker", async () => {
    const page = await visit();
    await page.setInputFiles('[data-input="folder"]', FIXTURES);
    await phase(page, "ready");
    const files = (await rows(page, "sources")).map(([file]) => file);
    assert.ok(files.some((file) => file.endsWith("llm_calls.jsonl")), files.join());
    await leave(page);
  });

  it("shows cost by workflow, sorts it, and by day as chart and table", async () => {
    const page = await visit();
    await dropPaths(page, [USAGE_LOG]);
    await phase(page, "ready");
    const sums = await sumUsage(USAGE_LOG);
    const expected = [...sums.byWorkflow].sort(([, a], [, b]) => (a < b ? 1 : -1)).map(([name]) => name);
    assert.deepEqual((await rows(page, "by-workflow")).map(([name]) => name), expected);
    await page.click('[data-panel="by-workflow"] th:first-child button');
    assert.deepEqual((await rows(page, "by-workflow")).map(([name]) => name), [...sums.byWorkflow.keys()].sort());
    assert.equal(await page.getAttribute('[data-panel="by-workflow"] th:first-child', "aria-sort"), "ascending");

    const plot = page.locator('[data-panel="days"] .u-over');
    const box = await plot.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.waitForSelector(".chart-hint:not([hidden])");
    assert.match(await page.textContent(".chart-hint"), /20\d\d/);
    await page.click('[data-panel="days"] label:has-text("Table")');
    const days = await rows(page, "days");
    assert.equal(days[0][0], "2026-11-20");
    await leave(page);
  });

  it("keeps the window in the address, and follows the way back", async () => {
    const page = await visit();
    await dropTexts(page, [["usage.jsonl", line({ ts: "2026-03-01T10:00:00Z", cost: 1 }) + line({ ts: "2026-03-31T23:59:59Z", cost: 2 }) + line({ ts: "2026-04-01T00:00:00Z", cost: 4 })]]);
    await phase(page, "ready");
    assert.equal(await figure(page, "cost").textContent(), "$7.00");
    await page.click('.window-picker label:has-text("Custom")');
    await page.fill('input[name="from"]', "2026-03-02");
    await page.waitForFunction(() => document.querySelector('[data-tile="cost"] .figure')?.textContent === "$6.00");
    await page.fill('input[name="to"]', "2026-03-31");
    await page.waitForFunction(() => document.querySelector('[data-tile="cost"] .figure')?.textContent === "$2.00");
    assert.equal(new URL(page.url()).hash, "#/usage?from=2026-03-02&to=2026-03-31");
    assert.match(await page.textContent('[data-remark="outside"]'), /2 usable lines/);
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('[data-tile="cost"] .figure')?.textContent === "$6.00");
    await page.click('.window-picker label:has-text("7 d")');
    await page.click('[data-remark="none-in-window"] button');
    await page.waitForFunction(() => document.querySelector('[data-tile="cost"] .figure')?.textContent === "$7.00");
    await leave(page);
  });

  it("looks closer at the days that are dragged over", async () => {
    const page = await visit();
    const days = ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"];
    await dropTexts(page, [["usage.jsonl", days.map((day, at) => line({ ts: `${day}T10:00:00Z`, cost: 10 ** at })).join("")]]);
    await phase(page, "ready");
    const box = await page.locator('[data-panel="days"] .u-over').boundingBox();
    // From the edge of the second bar to that of the third.
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction(() => location.hash === "#/usage?from=2026-03-02&to=2026-03-03");
    await page.waitForFunction(() => document.querySelector('[data-tile="cost"] .figure')?.textContent === "$110.00");
    await leave(page);
  });

  it("draws a single day, and days millennia apart", async () => {
    const page = await visit();
    for (const days of [["2026-03-01"], ["0001-01-01", "2026-03-01", "9999-12-31"]]) {
      await dropTexts(page, [["usage.jsonl", days.map((day) => line({ ts: `${day}T10:00:00Z` })).join("")]]);
      await page.waitForFunction((calls) => document.querySelector('[data-tile="calls"] .figure')?.textContent === calls, String(days.length));
      const box = await page.locator('[data-panel="days"] .u-over').boundingBox();
      // A single day stands in the middle; of the three, the first stands at the left edge.
      await page.mouse.move(box.x + (days.length === 1 ? box.width / 2 : 2), box.y + 40);
      await page.waitForFunction((text) => document.querySelector(".chart-hint")?.textContent.startsWith(text), days.length === 1 ? "1 Mar 2026" : "1 Jan 0001");
    }
    await leave(page);
  });

  it("shows an amount that no float can hold", async () => {
    const page = await visit();
    await dropTexts(page, [["usage.jsonl", line({ cost: 4000000000 }) + line({}).replace('"cost":0.25', '"cost":3000000000.000000001')]]);
    await phase(page, "ready");
    assert.equal(await figure(page, "cost").getAttribute("title"), "$7,000,000,000.000000001");
    await leave(page);
  });

  it("shows text from logs as text", async () => {
    const page = await visit();
    const markup = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>";
    await dropTexts(page, [
      ["usage.jsonl", line({ workflow: markup, model: "\u001b[31mred\u202egnp.exe", provider: "__proto__", stage: "<b>bold</b>" }) + `${markup}\n`],
      ["<i>notes</i>.txt", "x"],
    ]);
    await phase(page, "ready");
    assert.equal((await rows(page, "by-workflow"))[0][0], markup);
    assert.equal((await rows(page, "by-model"))[0][0], "\\u{1b}[31mred\\u{202e}gnp.exe");
    assert.equal((await rows(page, "by-provider"))[0][0], "__proto__");
    assert.equal(await page.locator("main img, main script, main b:has-text('bold'), main i").count(), 0);
    assert.equal(await page.title(), "Usage \u00b7 Muster");
    await leave(page);
  });

  it("counts bad lines, each with its place and reason", async () => {
    const page = await visit();
    const good = line({});
    await dropTexts(page, [["usage.jsonl", `${good}not json\n${good}[1]\n${good}{"v":"1.0","ts":"2026-11-1`]]);
    await phase(page, "ready");
    assert.equal(await figure(page, "calls").textContent(), "3");
    assert.match(await page.textContent('[data-remark="skipped"]'), /lines? could not be used/);
    const skipped = await rows(page, "skipped");
    assert.deepEqual(skipped.slice(0, 2).map(([file, number, offset]) => [file, number, offset]), [
      ["usage.jsonl", "2", String(good.length)],
      ["usage.jsonl", "4", (2 * good.length + "not json\n".length).toLocaleString("en-US")],
    ]);
    assert.ok(skipped.every((row) => row[3].length > 3));
    await leave(page);
  });

  it("says what is wrong with a file that is no log, is empty or holds no usable line", async () => {
    const page = await visit();
    await dropTexts(page, [["notes.txt", "hello"]]);
    await phase(page, "failed");
    assert.match(await page.textContent('[data-problem="no_known_log"]'), /notes\.txt.*usage\.jsonl/s);
    await dropTexts(page, [["usage.jsonl", ""]]);
    await phase(page, "ready");
    assert.match(await page.textContent('[data-remark="empty-log"]'), /empty/);
    await dropTexts(page, [["usage.jsonl", "1\n2\n"]]);
    await page.waitForSelector('[data-remark="unusable"]');
    await dropTexts(page, [["help_queries.jsonl", '{"v": "1.0", "ts": "2026-11-20T11:44:26.153983+00:00", "source": "rag", "mode": "preamble", "topic": "x", "success": true, "found": true}\n']]);
    await page.waitForSelector('[data-remark="no-usage-log"]');
    await leave(page);
  });

  it("says so when a file changed after it was chosen", async () => {
    const page = await visit();
    const path = join(temp.folder, "usage.jsonl");
    await copyFile(USAGE_LOG, path);
    await page.setInputFiles('[data-input="files"]', [path]);
    await phase(page, "ready");
    await writeFile(path, "shorter\n");
    await page.click('.window-picker label:has-text("90 d")');
    await phase(page, "failed");
    assert.match(await page.textContent('[data-problem="unreadable"]'), /usage\.jsonl.*open it again/s);
    await leave(page);
  });

  it("has nothing to say about an empty folder but how to go on", async () => {
    const page = await visit();
    const folder = join(temp.folder, "nothing");
    await mkdir(folder);
    await dropPaths(page, [folder]);
    await phase(page, "failed");
    assert.ok(await page.isVisible("text=Choose files"));
    await leave(page);
  });

  it("works from the keyboard alone", async () => {
    const page = await visit();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
    // Past the navigation and the tools at the head.
    await page.keyboard.press("Enter");
    const chooser = page.waitForEvent("filechooser");
    for (let presses = 0; presses < 10; presses += 1) {
      await page.keyboard.press("Tab");
      if ((await page.evaluate(() => document.activeElement.textContent)) === "Choose files") break;
    }
    await page.keyboard.press("Enter");
    await (await chooser).setFiles([USAGE_LOG]);
    await phase(page, "ready");
    await page.focus('.window-picker input[value="all"]');
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => location.hash === "#/usage?days=7");
    await page.keyboard.press("ArrowLeft");
    await page.waitForFunction(() => location.hash === "#/usage");
    await page.waitForSelector('main[aria-busy="false"] [data-panel="days"]');
    await page.focus('[data-panel="days"] input[value="chart"]');
    await page.keyboard.press("ArrowRight");
    assert.ok((await rows(page, "days")).length > 0);
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement.closest("label")).outlineStyle);
    assert.equal(ring, "solid");
    await leave(page);
  });

  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 375]) {
      it(`is readable in ${colorScheme} colours at ${width} px`, async () => {
        const page = await visit({ colorScheme, viewport: { width, height: 800 } });
        const tooFaint = async () => page.evaluate(faintTexts);
        assert.deepEqual(await tooFaint(), []);
        await dropTexts(page, [["usage.jsonl", `${line({})}${line({ cache: { hit: true, type: "hash" } })}nonsense\n`], ["notes.txt", ""]]);
        await phase(page, "ready");
        assert.deepEqual(await tooFaint(), []);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `the page is ${wide} px wide`);
        await leave(page);
      });
    }
  }

  it("lets the colours be chosen, and remembers them", async () => {
    const page = await visit({ colorScheme: "light" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.click('button[aria-label="Colours: system"]');
    await page.click('button[aria-label="Colours: light"]');
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.reload();
    await phase(page, "empty");
    assert.equal(await ground(), dark);
    await leave(page);
  });
});

/** Runs in the page: texts whose contrast with what is behind them is below 4.5. */
function faintTexts() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => {
    const [r, g, b] = color.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "");
    if (!own || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest(".hidden, .skip")) continue;
    const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${element.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return faint;
}
