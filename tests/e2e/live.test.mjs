// What changes while somebody looks: the page is told, and says so when it is not.
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, describe, it } from "node:test";
import { serveFake } from "./fake-server.mjs";
import { agent, fleet, request } from "./fleet.mjs";
import { launch, noChromium, openPage, until } from "./support.mjs";

describe("a page that is told of changes", { skip: noChromium }, () => {
  let browser;
  let fake;
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());
  beforeEach(async () => {
    fake = await serveFake();
  });
  afterEach(() => fake.stop());

  const visit = async (address) => {
    const page = await openPage(browser, fake.address + address);
    await page.waitForSelector('[data-connection="live"]');
    return page;
  };

  it("shows an agent that dies, without a reload", async () => {
    const page = await visit("#/agents");
    await page.waitForSelector('tr:has-text("planner-02") [data-state="alive"]');
    fake.set("agents", fake.documents.agents.map((one) => (one.agent_id === "planner-02" ? { ...one, state: "dead", reason: "gone" } : one)));
    await page.waitForSelector('tr:has-text("planner-02") [data-state="dead"]');
    await page.context().close();
  });

  it("lets a human approve with a reason, and counts what waits", async () => {
    const page = await visit("#/inbox");
    await page.waitForSelector('.nav .count:has-text("2")');
    const card = page.locator('[data-request="req-2"]');
    await card.locator("input").fill("within the month's budget");
    await card.locator('[data-act="approve"]').click();
    await card.waitFor({ state: "detached" });
    assert.deepEqual(fake.acted, [["approve", { request_id: "req-2", reason: "within the month's budget" }]]);
    await page.waitForSelector('.nav .count:has-text("1")');
    await page.context().close();
  });

  it("keeps a decided request in its place, so that a second press decides no other", async () => {
    const page = await visit("#/inbox");
    const order = () => page.$$eval("[data-request]", (cards) => cards.map((card) => card.getAttribute("data-request")));
    const [first, second] = await order();
    const button = page.locator(`[data-request="${first}"] [data-act="reject"]`);
    await button.click({ trial: true });
    const { x, y, width, height } = await button.boundingBox();
    await page.mouse.click(x + width / 2, y + height / 2);
    await page.waitForSelector(`[data-request="${first}"][data-gone]:has-text("rejected by you")`);
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-request")), second);
    await page.mouse.click(x + width / 2, y + height / 2);
    await page.waitForSelector('.nav .count:has-text("1")');
    assert.deepEqual(await order(), [first, second]);
    // The one below moves up: in that moment it takes no press.
    const moved = await page.waitForFunction(([gone, next]) => {
      const find = (id) => document.querySelector(`[data-request="${id}"]`);
      return find(gone) === null && find(next)?.querySelector('[data-act="reject"]').getAttribute("aria-disabled");
    }, [first, second]);
    assert.equal(await moved.jsonValue(), "true");
    await page.waitForSelector(`[data-request="${second}"] [data-act="reject"][aria-disabled="false"]`);
    assert.deepEqual(fake.acted.map(([name, { request_id: id }]) => [name, id]), [["reject", first]]);
    await page.context().close();
  });

  it("takes no press on a request that has just come above others", async () => {
    const page = await visit("#/inbox");
    await page.waitForSelector('[data-request="req-1"] [data-act="approve"][aria-disabled="false"]');
    fake.set("approvals", [...fake.documents.approvals, request("req-0", { approval_type: "urgent", deadline: new Date(Date.now() + 1000).toISOString() })]);
    await page.waitForSelector('[data-request="req-0"]');
    const states = await page.$$eval('[data-act="approve"]', (buttons) => buttons.map((button) => button.getAttribute("aria-disabled")));
    assert.deepEqual(states, states.map(() => "true"));
    await page.waitForFunction(() => [...document.querySelectorAll("[data-act]")].every((button) => button.getAttribute("aria-disabled") === "false"));
    await page.context().close();
  });

  it("says what stands where a decision is refused", async () => {
    fake.documents.acts.reject = (takes) => ({ request_id: takes.request_id, outcome: "refused", refusal: "already_decided", approved: true, responder: "kim", reason: null, decided_at: null });
    const page = await visit("#/inbox");
    await page.click('[data-request="req-1"] [data-act="reject"]');
    await page.waitForSelector('[data-request="req-1"] [role="alert"]:has-text("Already approved by kim")');
    await page.context().close();
  });

  it("keeps a reason that is being written when requests come", async () => {
    const page = await visit("#/inbox");
    await page.fill('[data-request="req-1"] input', "half a sen");
    fake.set("approvals", [...fake.documents.approvals, request("req-9", { approval_type: "third" })]);
    await page.waitForSelector('[data-request="req-9"]');
    assert.equal(await page.inputValue('[data-request="req-1"] input'), "half a sen");
    await page.context().close();
  });

  it("follows a stream, holds still when paused, and goes on without loss", async () => {
    const page = await visit("#/streams/task_completed");
    const add = (n) => {
      fake.documents.streamEvents.push({ event_id: `${Date.now() + n}-${n}`, event_type: "task_completed", timestamp: new Date().toISOString(), source: "new", data: { n } });
      fake.tell("streams");
    };
    await page.waitForSelector('tr:has-text("T-139")');
    add(1001);
    await page.waitForSelector('tr:has-text("n=1001")');
    await page.click('[data-act="pause"]');
    add(1002);
    await page.waitForSelector('[data-act="pause"]:has-text("new events")');
    assert.equal(await page.locator('tr:has-text("n=1002")').count(), 0);
    await page.click('[data-act="pause"]');
    await page.waitForSelector('tr:has-text("n=1002")');
    await page.context().close();
  });

  it("marks where events of a stream are missing", async () => {
    const page = await visit("#/streams/task_completed");
    await page.waitForSelector('tr:has-text("T-139")');
    const before = fake.documents.stream;
    fake.documents.stream = (params) => ({ ...before(params), gap: { event_type: "task_completed", after: params.get("after"), first_kept: "9-0" } });
    fake.tell("streams");
    await page.waitForSelector('.gap-row:has-text("removed before they could be read")');
    await page.context().close();
  });

  it("says that it is cut off, shows the age of what it has, and recovers with another process", async () => {
    const page = await visit("#/now");
    await page.waitForSelector('[data-verdict="trouble"]');
    await fake.halt();
    await page.waitForSelector('[data-connection="lost"]');
    assert.equal(await page.isVisible('[data-verdict="trouble"]'), true);
    fake.documents.now = { ...fake.documents.now, verdict: "ok", headline: "All is well" };
    fake.documents.capabilities = { ...fake.documents.capabilities, token: "another-token" };
    await fake.resume();
    await page.waitForSelector('[data-verdict="ok"]');
    await page.waitForSelector('[data-connection="live"]');
    await page.click('[data-request="req-1"] [data-act="approve"]');
    await until(() => fake.acted.length === 1, "the decision to arrive with the new token");
    await page.context().close();
  });

  it("keeps the figures of the usage when it is cut off, in another window too, with their age", async () => {
    const page = await visit("#/usage");
    await page.waitForSelector('[data-tile="cost"]');
    await fake.halt();
    await page.waitForSelector('[data-connection="lost"]');
    await page.click('label:has-text("7 d")');
    await page.waitForSelector('[data-remark="stale"]:has-text("of another window: all time")');
    assert.equal(await page.isVisible('[data-tile="cost"]'), true);
    await fake.resume();
    await page.waitForSelector('[data-remark="stale"]', { state: "detached" });
    await page.context().close();
  });

  it("leads to the end of what a run that is over has written", async () => {
    const lines = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => ({ n: from + at, stream: "out", text: `line ${from + at}` }));
    fake.documents.output = () => ({ run_id: "c1", lines: lines(1, 400), gap: null, next: 400, total: 400, complete: true });
    const page = await visit("#/runs/command/c1");
    await page.waitForSelector('tr:has-text("line 1")');
    assert.equal(await page.locator('tr:has-text("line 400")').count(), 0);
    await page.click('button:has-text("To the end")');
    await page.waitForSelector('tr:has-text("line 400")');
    await page.context().close();
  });

  it("says of an address that it names nothing", async () => {
    const page = await visit("#/now");
    for (const [hash, place, words] of [
      ["#/nosuch", "view", "nosuch"],
      ["#/inbox/nope", "request", "nope"],
      ["#/agents?state=bogus", "state", "bogus"],
      ["#/usage?from=abc", "window", "from=abc"],
      ["#/runs/nosuch", "runs", "nosuch"],
    ]) {
      await page.evaluate((to) => (location.hash = to), hash);
      await page.waitForSelector(`[data-nowhere="${place}"]:has-text("${words}")`);
    }
    await page.evaluate(() => (location.hash = "#/agents?state=bogus"));
    await page.click('[data-nowhere="state"] button');
    await page.waitForSelector('[data-nowhere="state"]', { state: "detached" });
    const decided = fake.documents.decisions.find(({ outcome }) => outcome === "rejected");
    await page.evaluate((id) => (location.hash = `#/inbox/${id}`), decided.request_id);
    await page.waitForSelector('[data-panel="decided"] [data-state="rejected"]');
    await page.waitForSelector('[data-panel="decided"]:has-text("by lee")');
    await page.context().close();
  });

  it("tells an empty store how to begin, and neither good nor bad of it", async () => {
    const { agents } = fake.documents.now;
    const none = Object.fromEntries(Object.keys(agents).map((state) => [state, 0]));
    fake.documents.now = { ...fake.documents.now, verdict: "ok", headline: "No agent is known", agents: none, quiet: [], waiting: [], alerts: [] };
    const page = await visit("#/now");
    await page.waitForSelector(".verdict.plain");
    await page.waitForSelector('[data-start="agents"]:has-text("muster heartbeat run --agent")');
    await page.context().close();
  });

  it("offers the workflows that it knows for a choice of tiers", async () => {
    const page = await visit("#/feedback");
    await page.click('[data-known="workflows"] a:has-text("code-review")');
    await page.waitForSelector('[data-panel="advice"] tr:has-text("triage")');
    await page.context().close();
  });

  it("holds one stream for all tabs, and hands it on", async () => {
    const page = await visit("#/now");
    const second = await page.context().newPage();
    await second.goto(`${fake.address}#/agents`);
    await second.waitForSelector('[data-connection="live"]');
    assert.equal(fake.clients.size, 1);
    fake.set("agents", [agent(0, { agent_id: "told-to-both" })]);
    await second.waitForSelector('tr:has-text("told-to-both")');
    await page.close();
    await until(() => fake.clients.size === 1, "the other tab to take over");
    fake.set("agents", [agent(0, { agent_id: "told-by-the-heir" })]);
    await second.waitForSelector('tr:has-text("told-by-the-heir")');
    await second.context().close();
  });

  it("confirms before a run that spends", async () => {
    const page = await visit("#/runs/commands");
    await page.click('[data-command="nightly"] button:has-text("Run")');
    assert.equal(fake.acted.length, 0);
    await page.click('[role="alertdialog"] button:has-text("Run it")');
    await page.waitForFunction(() => location.hash === "#/runs/command/c1");
    assert.deepEqual(fake.acted, [["run-start", { command: "nightly", confirmed: true }]]);
    await page.context().close();
  });

  it("offers no decision where the server only reads", async () => {
    fake.documents.capabilities = { ...fake.documents.capabilities, read_only: true, token: null, acts: [] };
    const page = await visit("#/inbox");
    await page.waitForSelector('[data-request="req-1"]');
    assert.equal(await page.locator('[data-act="approve"]').count(), 0);
    await page.context().close();
  });

  it("scrolls through 10,000 agents with few rows drawn, while they change", async () => {
    const { agents, now } = fleet(10_000);
    fake.set("agents", agents);
    fake.set("now", now);
    const page = await visit("#/agents");
    await page.waitForSelector('.more:has-text("10,000 rows")');
    // Frames while the list is scrolled to its end and fresh lists come in.
    const feeding = setInterval(() => fake.set("agents", agents.map((one) => ({ ...one }))), 500);
    const frames = await page.evaluate(async () => {
      const box = document.querySelector(".virtual");
      const times = [];
      let last = performance.now();
      for (let step = 1; step <= 90; step += 1) {
        box.scrollTop = (box.scrollHeight * step) / 90;
        await new Promise((next) => requestAnimationFrame(next));
        times.push(performance.now() - last);
        last = performance.now();
      }
      return { times: times.toSorted((a, b) => a - b), drawn: document.querySelectorAll(".virtual tbody tr").length };
    });
    clearInterval(feeding);
    const median = frames.times[45];
    const worst = frames.times.at(-1);
    console.log(`10,000 agents: frame ${median.toFixed(1)} ms median, ${worst.toFixed(1)} ms worst, ${frames.drawn} rows drawn`);
    assert.ok(frames.drawn < 80, `${frames.drawn} rows`);
    // Two cores that draw without a graphics card, shared with the server and the feeding.
    assert.ok(median < 50, `${median} ms a frame`);
    assert.ok(await page.locator(".virtual tbody tr").last().isVisible());
    await page.context().close();
  });
});
