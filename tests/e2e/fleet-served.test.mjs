// The page over a real server and a real store: what agents do from the command line is seen, and what a human
// decides on the page reaches them.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { freePort, HOME, launch, muster, openPage, PROJECT, scratch, serveDemo, serveMuster, serveRedis, until, withoutRedis, withoutServer } from "./support.mjs";

const SETTINGS = `
[ops]
month_budget_usd = 40

[[ops.command]]
name = "count"
title = "Count"
argv = ["sh", "-c", "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done; echo see https://docs.example/done; echo failed >&2"]

[[ops.command]]
name = "wait"
title = "Wait"
confirm = "This costs time. Run it?"
argv = ["sh", "-c", "echo waiting; exec sleep 600"]
`;

/** Stores to run over: how each is opened in a folder, and what skips it. */
const STORES = [
  ["SQLite", () => false, async (folder) => ({ url: join(folder, "store.db"), close: async () => {} })],
  ["Redis", withoutRedis, serveRedis],
];

for (const [name, without, openStore] of STORES) describe(`the page over ${name}`, { skip: withoutServer() || without() }, () => {
  let opened;
  let browser;
  let server;
  let folder;
  let store;
  let port;
  const act = async (...args) => {
    const done = await muster([...args, "--store", store]);
    assert.equal(done.status, 0, `${args.join(" ")}: ${done.errors}`);
    return done.output;
  };
  const serve = () => serveMuster(HOME, PROJECT, ["--store", store, "--port", String(port), "--config", join(folder.folder, "muster.toml")]);
  const visit = async (address) => {
    const page = await openPage(browser, server.address + address);
    await page.waitForSelector('[data-connection="live"]');
    return page;
  };

  before(async () => {
    folder = await scratch();
    opened = await openStore(folder.folder);
    store = opened.url;
    await writeFile(join(folder.folder, "muster.toml"), SETTINGS);
    port = await freePort();
    [browser, server] = await Promise.all([launch(), serve()]);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await opened?.close();
    await folder?.remove();
  });

  it("says that nobody is there yet", async () => {
    const page = await visit("#/agents");
    await page.waitForSelector('.nothing:has-text("No agent has been heard of yet")');
    await page.context().close();
  });

  it("shows an agent as soon as it beats, what it does, and that it ends", async () => {
    const page = await visit("#/agents");
    await act("heartbeat", "beat", "--agent", "worker-1", "--task", "reading", "--progress", "0.25");
    await page.waitForSelector('tr:has-text("worker-1"):has-text("25.0%") [data-state="alive"]');
    await act("heartbeat", "beat", "--agent", "worker-1", "--status", "completed", "--progress", "1");
    await page.waitForSelector('tr:has-text("worker-1") [data-state="finished"]');
    await page.click('a:has-text("worker-1")');
    await page.waitForSelector(".beats .beat", { state: "attached" });
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  it("lets a human approve what a process waits for, and reject with a reason", async () => {
    const page = await visit("#/inbox");
    const ask = (id) => muster(["approval", "request", "--agent", "worker-1", "--type", "deploy", "--id", id, "--context", '{"branch":"main"}', "--timeout", "60s", "--json", "--store", store]);
    const first = ask("r-1");
    await page.waitForSelector('[data-request="r-1"] dd:has-text("main")');
    await page.click('[data-request="r-1"] [data-act="approve"]');
    const approved = await first;
    assert.equal(approved.status, 0, approved.errors);
    assert.equal(JSON.parse(approved.output).outcome, "approved");

    const second = ask("r-2");
    await page.waitForSelector('[data-request="r-2"]');
    await page.fill('[data-request="r-2"] input', "not on a Friday");
    await page.click('[data-request="r-2"] [data-act="reject"]');
    const rejected = await second;
    assert.equal(rejected.status, 1, rejected.errors);
    assert.equal(JSON.parse(rejected.output).reason, "not on a Friday");
    await page.waitForSelector('[data-panel="decisions"] tr:has-text("not on a Friday") [data-state="rejected"]');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  // Such agents meet in Redis only.
  if (name === "Redis") it("answers an agent that only knows attune's keys", async () => {
    const id = "approval_11223344";
    const asked = { request_id: id, approval_type: "deploy", agent_id: "wf-1", context: { version: "1.2" }, timestamp: new Date().toISOString(), timeout_seconds: 60, status: "pending" };
    const page = await visit("#/inbox");
    await opened.command("SETEX", `approval_request:${id}`, "120", JSON.stringify(asked));
    await page.waitForSelector(`[data-request="${id}"]:has-text("1.2")`);
    await page.fill(`[data-request="${id}"] input`, "from the page");
    await page.click(`[data-request="${id}"] [data-act="approve"]`);
    // As the agent does: it looks for the answer until there is one.
    let answer = null;
    await until(async () => (answer = await opened.command("GET", `approval_response:${id}`)) !== null, "the answer to be there");
    assert.deepEqual((({ request_id: of, approved, reason }) => ({ of, approved, reason }))(JSON.parse(answer)), { of: id, approved: true, reason: "from the page" });
    await page.context().close();
  });

  it("follows a stream, and a signal through its life", async () => {
    await act("stream", "publish", "build_done", "--data", '{"n":1}', "--source", "worker-1");
    const page = await visit("#/streams/build_done");
    await page.waitForSelector('tr:has-text("n=1")');
    await act("stream", "publish", "build_done", "--data", '{"n":2}', "--source", "worker-1");
    await page.waitForSelector('tr:has-text("n=2")');
    await page.evaluate(() => (location.hash = "#/streams/signals"));
    await act("signal", "send", "--from", "worker-1", "--to", "worker-2", "--type", "ready");
    await page.waitForSelector('tr:has-text("ready") [data-state="waiting"]');
    await act("signal", "check", "--agent", "worker-2", "--type", "ready", "--take");
    await page.waitForSelector('tr:has-text("ready") [data-state="gone"]');
    await page.context().close();
  });

  it("runs a command, shows its output with live links, and finds a line", async () => {
    const page = await visit("#/runs/commands");
    await page.click('[data-command="count"] button:has-text("Run")');
    await page.waitForSelector('[data-panel="run"] [data-state="succeeded"]');
    await page.fill('[data-panel="output"] .filter', "see");
    await page.waitForSelector('[data-panel="output"] a[href="https://docs.example/done"]');
    await page.fill('[data-panel="output"] .filter', "line 2718");
    await page.waitForFunction(() => document.querySelectorAll('[data-panel="output"] tbody code').length === 1);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  it("asks before a command that wants it, shows it live, and stops it", async () => {
    const page = await visit("#/runs/commands");
    await page.click('[data-command="wait"] button:has-text("Run")');
    await page.click('[role="alertdialog"]:has-text("This costs time") button:has-text("Run it")');
    await page.waitForSelector('[data-panel="run"] [data-state="running"]');
    await page.waitForSelector('[data-panel="output"] code:has-text("waiting")');
    await page.click('button:has-text("Stop it")');
    await page.waitForSelector('[data-panel="run"] [data-state="cancelled"]');
    await page.click('a:has-text("All commands")');
    await page.waitForSelector('[data-panel="command-runs"] tr:has-text("wait") [data-state="cancelled"]');
    await page.context().close();
  });

  it("goes on after the server was started anew, with decisions too", async () => {
    const page = await visit("#/inbox");
    await server.stop();
    await page.waitForSelector('[data-connection="lost"]');
    server = await serve();
    await page.waitForSelector('[data-connection="live"]');
    await act("approval", "request", "--agent", "worker-1", "--type", "after_restart", "--id", "r-3", "--no-wait", "--timeout", "60s");
    await page.click('[data-request="r-3"] [data-act="approve"]');
    await page.waitForSelector('[data-panel="decisions"] tr:has-text("after_restart") [data-state="approved"]');
    await page.context().close();
  });

  it("offers no decision under --read-only", async () => {
    await act("approval", "request", "--agent", "worker-1", "--type", "look_only", "--id", "r-4", "--no-wait", "--timeout", "60s");
    const reading = await serveMuster(HOME, PROJECT, ["--store", store, "--read-only"]);
    const page = await openPage(browser, `${reading.address}#/inbox`);
    await page.waitForSelector('[data-request="r-4"]:has-text("only reads")');
    assert.equal(await page.locator("[data-act]").count(), 0);
    await page.context().close();
    await reading.stop();
  });
});

describe("the simulated fleet", { skip: withoutServer() }, () => {
  let browser;
  let demo;
  before(async () => {
    [browser, demo] = await Promise.all([launch(), serveDemo()]);
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  it("shows each view alive within five seconds", async () => {
    const VIEWS = [
      ["now", "[data-verdict]"],
      ["agents", '[data-panel="agents"] tbody tr'],
      ["inbox", "[data-request]"],
      ["streams", '[data-panel="streams"] tbody tr'],
      ["usage", '[data-tile="cost"]'],
      ["runs", '[data-panel="workflow-runs"] tbody tr'],
      ["settings", '[data-panel="server"]'],
    ];
    for (const [view, there] of VIEWS) {
      const page = await openPage(browser, `${demo.address}#/${view}`);
      await page.waitForSelector(there, { timeout: 5_000 });
      // It looks at no account, and says so by a status that the browser notes.
      assert.deepEqual(page.complaints.filter((text) => !text.includes("/api/v1/cost")), []);
      await page.context().close();
    }
  });
});
