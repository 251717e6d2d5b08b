// A made-up fleet: every document of the page, with something of everything in it.

const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const ahead = (seconds) => ago(-seconds);

const TASKS = ["reading the changes of #1841", "writing tests for the parser", "waiting for the linter", "summing up the review", "downloading fixtures", ""];
const STATES = ["alive", "alive", "alive", "alive", "alive", "late", "alive", "stale", "alive", "dead", "finished", "unknown"];
const NAMES = ["reviewer", "planner", "tester", "doc-writer", "security-audit", "indexer", "refactor", "migrator", "watcher", "release", "bench", "scout"];

export function agent(index, more = {}) {
  const state = STATES[index % STATES.length];
  const age = { alive: 4 + (index % 9), late: 41, stale: 190, dead: 1260, finished: 2400, unknown: null }[state];
  return {
    agent_id: `${NAMES[index % NAMES.length]}-${String(index + 1).padStart(2, "0")}`,
    display_name: null,
    state,
    since: age === null ? null : ago(state === "alive" ? 5400 : age),
    reason: {
      alive: "beats every 15 s, the last one in time", late: "no beat for 41 s, one is due every 15 s", stale: "no beat for 3 min, that is 12 intervals",
      dead: "no beat for 21 min, and its key has expired", finished: "said that it completed", unknown: "enrolled, never heard beating",
    }[state],
    last_beat: age === null ? null : ago(age),
    age_s: age,
    ttl_left_s: age === null || age > 600 ? 0 : 60 - (age % 60),
    status: state === "finished" ? "completed" : state === "unknown" ? null : "running",
    progress: state === "unknown" ? null : ((index * 17) % 100) / 100,
    current_task: TASKS[index % TASKS.length],
    interval_s: state === "unknown" ? null : 15,
    interval_source: state === "unknown" ? null : "announced",
    clock_skew_s: null,
    suspicion: state === "alive" ? 0.3 : null,
    waiting_for_human: null,
    last_work: null,
    attune: { is_alive: state === "alive" || state === "late", is_stale: state === "stale" },
    ...more,
  };
}

export function request(id, more = {}) {
  return {
    request_id: id,
    approval_type: "deploy_to_staging",
    agent_id: "release-10",
    context: { branch: "main", commit: "4fe1c09", changed_files: 14, tests: "412 passed, 0 failed", risk: "low" },
    requested_at: ago(95),
    deadline: ahead(205),
    left_s: 205,
    age_s: 95,
    outcome: "pending",
    responder: null,
    reason: null,
    decided_at: null,
    foreign: false,
    ...more,
  };
}

const decided = (id, outcome, more) =>
  request(id, { outcome, responder: outcome === "timed_out" ? "system" : "lee", reason: outcome === "rejected" ? "the migration is not reversible" : null, requested_at: ago(7200), decided_at: outcome === "timed_out" ? null : ago(7140), deadline: ago(6900), left_s: 0, ...more });

const signal = (id, life, more) => ({
  signal_id: id, signal_type: "task_ready", source_agent: "planner-02", target_agent: "tester-03", payload: { task: "T-118", priority: 2 },
  timestamp: ago(60), ttl_seconds: 300, expires_at: ahead(240), ttl_left_s: life === "waiting" ? 240 : 0, life, ended_at: life === "waiting" ? null : ago(12), received_by: [], ...more,
});

const event = (n, type = "task_completed") => ({
  event_id: `${Date.now() - (40 - n) * 4000}-${n}`, event_type: type, timestamp: ago((40 - n) * 4), source: NAMES[n % NAMES.length],
  data: { task: `T-${100 + n}`, seconds: (n * 7) % 60, note: n % 5 === 0 ? "<b>not markup</b>" : "ok" },
});

const usd = (amount) => amount;
const totals = (cost, calls) => ({
  calls, cost_usd: usd(cost), tokens_in: calls * 9000, tokens_out: calls * 1800, cache_hits: Math.floor(calls / 5), cache_hit_rate: 0.2, prompt_cache_hits: Math.floor(calls / 3),
  prompt_cache_read_tokens: calls * 1200, prompt_cache_creation_tokens: calls * 300, duration_ms: calls * 14800,
});
const day = (n) => new Date(Date.now() - n * 86_400_000).toISOString().slice(0, 10);
const route = (cost, calls) => ({ calls, cost_usd: cost, cost_share: cost / 40, cost_per_call_usd: cost / calls, duration_per_call_ms: 14800, tokens_in: calls * 9000, tokens_out: calls * 1800 });

const latency = (p50, calls) => ({ calls, p50_ms: p50, p95_ms: p50 * 3, p99_ms: p50 * 4.5 });

function usage() {
  const by_day = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [day(29 - n), totals(n === 21 ? 9.73 : 0.6 + ((n * 37) % 50) / 60, 20 + ((n * 13) % 30))]));
  return {
    window: { from: null, to: null }, totals: totals(39.1842, 884), by_tier: { PREMIUM: totals(21.2, 110), CAPABLE: totals(12.1, 340), CHEAP: totals(5.8842, 434) },
    by_workflow: { "code-review": totals(18.4, 300), "doc-gen": totals(11.2, 284), "security-audit": totals(9.5842, 300) },
    by_model: { "claude-fable-5-1": totals(21.2, 110), "claude-sonnet-5": totals(12.1, 340), "claude-haiku-4-5": totals(5.8842, 434) }, by_provider: { anthropic: totals(39.1842, 884) },
    by_stage: { triage: totals(5.8842, 434), analysis: totals(26.1, 340), summary: totals(7.2, 110) }, by_day,
    latency: {
      all: latency(9200, 880), by_tier: { PREMIUM: latency(21_400, 110), CAPABLE: latency(12_100, 338), CHEAP: latency(2300, 432) }, by_workflow: { "code-review": latency(9400, 298), "doc-gen": latency(4100, 284), "security-audit": latency(18_800, 298) },
      by_model: { "claude-fable-5-1": latency(21_400, 110), "claude-sonnet-5": latency(12_100, 338), "claude-haiku-4-5": latency(2300, 432) }, by_provider: { anthropic: latency(9200, 880) },
      by_stage: { triage: latency(2300, 432), analysis: latency(14_800, 338), summary: latency(7100, 110) }, by_day: Object.fromEntries(Object.entries(by_day).map(([name, { calls }], n) => [name, latency(8200 + n * 40, calls)])),
    },
    recent: [{ ts: ago(120), workflow: "code-review", stage: "triage", tier: "CHEAP", model: "claude-haiku-4-5", provider: "anthropic", cost_usd: 0.0042, tokens_in: 5120, tokens_out: 830, cache_hit: false, cache_type: null, duration_ms: 4200 }],
    cost_books: {}, other_logs: {}, outside_window: 0, log_versions: { "1.0": 884 },
    sources: [{ file: "/home/lee/.attune/telemetry/usage.jsonl", kind: "usage", state: "read", lines: 885, records: 884, bytes: 281_000 }],
    skipped: { lines: 1, by_reason: { not_json: 1 }, samples: [{ file: "/home/lee/.attune/telemetry/usage.jsonl", line: 301, offset: 95_310, reason: "not_json: expected value at column 1" }] }, notes: [],
  };
}

const stats = (total, error, p50) => ({
  total, success: total - error, error, user_error: 0, cancelled: 0, failed_before_method: 0, nested_invocations: 0, success_rate: (total - error) / total,
  duration_ms: { count: total, mean: p50 * 1.2, p50, p95: p50 * 3, p99: p50 * 5 },
});

const run = (id, more) => ({ run_id: id, workflow: "release-train", started_at: ago(600), ended_at: ago(540), duration_ms: 61_400, status: "success", steps: 9, failed_steps: 0, ...more });
const bar = (n, from, length, status = "success", error = null) => ({
  entry_id: `e${n}`, job: n < 4 ? "build" : n < 8 ? "test" : "ship", step: ["checkout", "compile", "lint", "package", "unit", "integration", "end-to-end", "report", "publish"][n % 9], method: "run",
  model_type: "command/shell", executor: "local", status, error, offset_ms: from, duration_ms: length, lane: n % 3,
});
function waterfall(id) {
  const failed = id === "run-2";
  const slower = id === "run-3" ? 1.3 : 1;
  const bars = [bar(0, 0, 2100), bar(1, 2100, 14_300 * slower), bar(2, 2150, 6400), bar(3, 16_500 * slower, 3100), bar(4, 19_700, 8800), bar(5, 19_750, 21_200 * slower), bar(6, 19_800, 30_100, failed ? "error" : "success", failed ? "the page did not answer within 30 s" : null), bar(7, 50_000, 1400), ...(failed ? [] : [bar(8, 51_500, 9900)])];
  return { run: run(id, failed ? { status: "error", steps: 8, failed_steps: 1 } : {}), lanes: 3, bars, first_failure: failed ? "e6" : null };
}

const store = {
  state: "ok", backend: "sqlite", location: "/home/lee/.local/share/muster/store.db", durability: "disk", observed_since: ago(9000), looked_at: ago(1), error: null, notes: [],
};

const commandRun = (id, more) => ({
  run_id: id, command: "nightly", argv: ["attune", "workflow", "run", "nightly"], scope: "services/api", state: "succeeded", exit: 0, signal: null, requested_at: ago(900), started_at: ago(899), ended_at: ago(720), ran_s: 179, lines: 5200,
  bytes: 301_000, dropped_lines: 4000, error: null, recommendations: [{ kind: "next-command", target: "security-audit", scope: "services/api", label: "Look at what was found", severity: "warn" }, { kind: "open-url", target: "https://docs.example/report/12", scope: null, label: "Report 12", severity: null }], ...more,
});

const rating = (template, good, bad, low, high) => ({
  template, good, bad, votes: good + bad, score: (good + 1) / (good + bad + 2), rated: good + bad > 0, interval: { low, high }, attune_confidence: good + bad === 0 ? 1 : good / (good + bad),
});

/** Every document of the server, fresh. */
export function fleet(count = 12) {
  const agents = Array.from({ length: count }, (_, n) => agent(n));
  agents[9] = agent(9, { state: "alive", age_s: 6, last_beat: ago(6), reason: "beats every 15 s, the last one in time", waiting_for_human: { request_id: "req-1", approval_type: "deploy_to_staging", since: ago(95), left_s: 205 } });
  agents[3] = agent(3, { state: "dead", age_s: 1260, last_beat: ago(1260), reason: "no beat for 21 min, and its key has expired" });
  const counts = Object.fromEntries(["alive", "late", "stale", "dead", "finished", "unknown"].map((state) => [state, agents.filter((one) => one.state === state).length]));
  const waiting = [
    request("req-1"),
    request("req-2", { approval_type: "spend_over_limit", agent_id: "planner-02", context: { limit_usd: 5, expected_usd: 7.4, why: "the security audit reads the whole repository once a week; today it also has to read two new services, which the limit did not foresee" }, deadline: ahead(44), left_s: 44, foreign: true }),
  ];
  const decisions = [decided("old-1", "approved"), decided("old-2", "rejected", { agent_id: "migrator-08", approval_type: "run_migration" }), decided("old-3", "timed_out", { agent_id: "planner-02" })];
  const alerts = [{ name: "daily spend", kind: "spend_today", when: "today's spend above $5.00", state: "firing", since: ago(1500), finding: "$6.12 today", delivery: "webhook", cooldown_s: 3600, muted_until: null, last_delivered_at: ago(1490), last_error: null }];
  const events = Array.from({ length: 40 }, (_, n) => event(n));
  return {
    capabilities: {
      engine: "http", version: "0.1.0", live: true, read_only: false, token: "fake-token", responder: "lee",
      views: ["now", "agents", "agent", "approvals", "decisions", "signals", "streams", "stream", "usage", "savings", "cache-stats", "routing", "models", "cost", "cost-usage", "bridge", "workflow-runs", "workflow-run", "commands", "runs", "run", "output", "diagnosis", "feedback", "quality", "recommend", "specs", "alerts", "settings"],
      acts: ["approve", "reject", "cost-refresh", "diagnose", "diagnosis-schedule", "run-start", "run-cancel", "specs-candidates", "spec-dismiss", "alert-mute"],
    },
    now: {
      now: ago(0), verdict: "trouble", headline: "1 agent is dead, 2 are late or stale, and 2 requests wait for a human", agents: { total: count, ...counts, waiting_for_human: 1 },
      quiet: agents.filter(({ state }) => ["dead", "stale", "late"].includes(state)).slice(0, 20), quiet_left_out: 0, waiting, waiting_left_out: 0,
      spend: { day: day(0), today_usd: 6.1204, usual_usd: 1.4021, baseline_days: 29, level: "alarm", ratio: 4.4, detail: "4.4 times the usual day; most of the rise is claude-fable-5-1 in security-audit", top_model: { name: "claude-fable-5-1", cost_usd: 4.9 }, top_workflow: { name: "security-audit", cost_usd: 4.7 }, month_to_date_usd: 42.3, budget_usd: 50, budget_share: 0.846 },
      changes: [
        { at: ago(20), kind: "approval", subject: "req-2", from: null, to: "pending", text: "planner-02 asks for spend_over_limit" },
        { at: ago(95), kind: "approval", subject: "req-1", from: null, to: "pending", text: "release-10 asks for deploy_to_staging" },
        { at: ago(1230), kind: "agent", subject: "doc-writer-04", from: "stale", to: "dead", text: "doc-writer-04 is dead" },
        { at: ago(1500), kind: "alert", subject: "daily spend", from: "quiet", to: "firing", text: "daily spend fires: $6.12 today" },
        { at: ago(2400), kind: "agent", subject: "bench-11", from: "alive", to: "finished", text: "bench-11 finished" },
      ],
      changes_since: ago(3600), alerts, store,
    },
    agents,
    agent: (params) => {
      const found = agents.find(({ agent_id: id }) => id === params.get("id"));
      if (found === undefined) return undefined;
      return {
        agent: found,
        beats: Array.from({ length: 48 }, (_, n) => (48 - n) * 15 + 6).filter((seconds) => seconds < 250 || seconds > 340).map((seconds) => ago(seconds)),
        signals_in: [signal("s1", "gone"), signal("s2", "waiting"), signal("s3", "expired")], signals_out: [signal("s4", "gone", { source_agent: found.agent_id, target_agent: null })],
        approvals: [request("req-1"), decided("old-1", "approved")], events: events.slice(0, 6).reverse(),
        work: [{ at: ago(80), kind: "event", text: "task_completed T-118" }, { at: ago(300), kind: "usage", text: "claude-sonnet-5, 5120 tokens in" }],
        cost: { calls: 84, cost_usd: 3.2051, tokens_in: 700_000, tokens_out: 140_000, by_day: { [day(1)]: 1.7, [day(0)]: 1.5051 } },
      };
    },
    approvals: waiting,
    decisions,
    signals: { signals: [signal("s1", "gone"), signal("s2", "waiting"), signal("s3", "expired", { target_agent: null, signal_type: "shutdown_soon" })], left_out: 0, waiting: 1, gone: 1, expired: 1, watched_since: ago(9000) },
    streams: [
      { event_type: "task_completed", length: 40, first_id: events[0].event_id, last_id: events.at(-1).event_id, groups: [{ group: "indexers", delivered_to: events[30].event_id, unacknowledged: 4 }] },
      { event_type: "alerts", length: 3, first_id: "1-0", last_id: "3-0", groups: [] },
    ],
    stream: (params) => {
      const after = params.get("after");
      const type = params.get("type");
      const list = after === null ? events : events.filter(({ event_id: id }) => id > after);
      return { event_type: type, events: list, gap: null, next: list.at(-1)?.event_id ?? after ?? "0-0", more: false, malformed: 0 };
    },
    streamEvents: events,
    usage: usage(),
    "cache-stats": { ...usage(), prompt_cache: { requests: 884, hits: 294, hit_rate: 0.333, read_tokens: 1_060_000, creation_tokens: 265_000 }, savings: { read_savings_usd: 4.1, write_surcharge_usd: 0.9, net_savings_usd: 3.2, attune_savings_usd: 4.5, unpriced_tokens: { "house-model": 12000 } }, response_cache_hits: 176, response_cache_hit_rate: 0.2, by_workflow: { "code-review": { requests: 300, hits: 120, hit_rate: 0.4, read_tokens: 500_000, creation_tokens: 90_000 } } },
    routing: { ...usage(), by_tier: {}, by_workflow: { "code-review": { ...route(18.4, 300), by_model: { "claude-fable-5-1": route(12, 60), "claude-haiku-4-5": route(6.4, 240) } } } },
    models: { window: { from: null, to: null }, providers: { anthropic: { "claude-fable-5-1": { ...totals(21.2, 110), cost_per_call_usd: 0.1927, duration_per_call_ms: 28_400, list_cost_usd: 21.2 }, "house-model": { ...totals(1, 10), cost_per_call_usd: 0.1, duration_per_call_ms: 900, list_cost_usd: null } } } },
    cost: { summary: null, error: { kind: "no_key", message: "No admin key is set.", hint: "Set ANTHROPIC_ADMIN_API_KEY for muster ops.", retry_at: null }, cache: { age_s: null, state: "none", damaged: null } },
    bridge: { sources: { spool: null, pending: 0, flushed: 0, quarantined: 0, files: [], in_files: 0, skipped: 0 }, window: { from: null, to: null }, commands: stats(12, 1, 61_000), methods: stats(108, 1, 6000), families: { succeeded: 11, succeeded_with_failed_children: 0, failed: 1, failed_without_failed_children: 0, missing_parents: 0 }, by_workflow: { "release-train": stats(12, 1, 61_000) }, by_job: [], by_step: [{ ...stats(12, 1, 30_000), workflow: "release-train", job: "test", step: "end-to-end" }, { ...stats(12, 0, 14_000), workflow: "release-train", job: "build", step: "compile" }], by_method: {}, by_model_type: {}, jobs_left_out: 0, steps_left_out: 0, outside_window: 0 },
    "workflow-runs": { runs: [run("run-1"), run("run-2", { status: "error", started_at: ago(4200), failed_steps: 1, steps: 8 }), run("run-3", { started_at: ago(8100), duration_ms: 71_000 })], left_out: 0, skipped: 0 },
    "workflow-run": (params) => waterfall(params.get("id")),
    commands: { commands: [{ name: "nightly", title: "Nightly review", description: "Reads all changes of the day and writes a report.", argv: ["attune", "workflow", "run", "nightly"], scope: "optional", scopes: ["services/api", "services/web"], confirm: "This spends about $1.20. Run it?", time_limit_s: 1800, source: "muster.toml", unavailable: null }, { name: "doctor", title: "Doctor", description: null, argv: ["muster", "doctor"], scope: "none", scopes: [], confirm: null, time_limit_s: 60, source: "muster.toml", unavailable: null }, { name: "security-audit", title: "security-audit", description: "Looks for weaknesses", argv: ["attune", "workflow", "run", "security-audit"], scope: "optional", scopes: [], confirm: "It asks models.", time_limit_s: 3600, source: "attune", unavailable: "attune is not in the search path: install it, or name it by ops.attune in muster.toml" }], disabled: null, running: 0, queued: 0, slots: 2 },
    runs: { runs: [commandRun("c1"), commandRun("c2", { state: "failed", exit: 2, requested_at: ago(5000) })], left_out: 0 },
    run: (params) => commandRun(params.get("id")),
    output: (params) => {
      const after = Number(params.get("after") ?? 0);
      const text = (n) => ({ n, stream: n % 40 === 0 ? "err" : "out", text: n % 25 === 0 ? `  report at https://docs.example/report/${n}` : `step ${n}: read services/api/src/part_${n}.rs` });
      if (after < 600) return { run_id: "c1", lines: Array.from({ length: 600 }, (_, n) => text(n + 1)), gap: null, next: 600, total: 5200, complete: false };
      return { run_id: "c1", lines: Array.from({ length: 600 }, (_, n) => text(4601 + n)), gap: { first: 601, last: 4600 }, next: 5200, total: 5200, complete: true };
    },
    diagnosis: { diagnosis: null, made_at: null, source: null, error: { message: "No gateway was found on this machine.", hint: "Drop a bundle, or set [gateway.profile] in muster.toml." }, schedule: { every_minutes: 15, profile: "joelclaw", profiles: ["joelclaw", "systemd", "process", "staging"], is_chosen: true, next_at: ahead(400) } },
    feedback: { file: "/home/lee/.attune/feedback.json", templates: [rating("review/short", 42, 3, 0.82, 0.98), rating("docs/summary", 9, 2, 0.52, 0.95), rating("triage/v2", 1, 0, 0.21, 1), rating("plan/first", 0, 0, 0, 1), rating("review/long", 4, 11, 0.11, 0.52)], skipped: [] },
    quality: (params) => ({ workflow_name: params.get("workflow"), stages: [{ stage_name: "triage", tier: "CHEAP", samples: 40, mean: 0.71, min: 0.2, max: 0.95, trend: -0.04, underperforms: true }, { stage_name: "triage", tier: "CAPABLE", samples: 12, mean: 0.88, min: 0.7, max: 0.97, trend: 0.02, underperforms: false }] }),
    recommend: (params) => ({ workflow_name: params.get("workflow"), stage_name: params.get("stage"), current_tier: "CHEAP", recommended_tier: "CAPABLE", confidence: 0.86, reason: "too_low", explanation: "the mean of 0.71 on CHEAP is below 0.8; CAPABLE reaches 0.88", by_tier: {} }),
    specs: { roots: [{ path: "docs/specs", state: "ok", specs: 3 }], specs: ["parser", "store", "page"].map((slug, n) => ({ slug, root: "docs/specs", title: `The ${slug}`, lifecycle: ["complete", "approved", "active"][n], stage: ["shipped", "tasks", "executing"][n], status: "approved", updated_at: ago(86_400 * (n + 1)), open_tasks: n * 2, done_tasks: 6, files: ["requirements.md"] })), candidates_enabled: true, candidates: [{ slug: "store", evidence: ["all 6 tasks are done", "untouched for 2 days", "#12 is merged"], mark: "m1" }], why_none: null, dismissed: 0 },
    alerts: { rules: [...alerts, { name: "quiet agents", kind: "agents_quiet", when: "any agent dead for 5 min", state: "quiet", since: null, finding: "none", delivery: "page", cooldown_s: 600, muted_until: ahead(1800), last_delivered_at: null, last_error: null }] },
    settings: { version: "0.1.0", address: "127.0.0.1:8765", project_root: "/home/lee/work/atlas", home: "/home/lee/.attune", store, read_only: false, trusted_hosts: [], runs_retention_days: 30, specs_roots: ["docs/specs"], files: ["/home/lee/work/atlas/muster.toml"], liveness: { interval_s: 30, late_percent: 150, stale_intervals: 3, stale_s: 60, clock_skew_s: 5 }, prices: [{ model: "claude-fable-5-1", from: null, input_per_million_usd: 15, output_per_million_usd: 75, source: "builtin" }, { model: "house-model", from: "2026-01-01", input_per_million_usd: 0.5, output_per_million_usd: 1.5, source: "settings" }], budget_month_usd: 50 },
    acts: {
      approve: (takes, documents) => decide(documents, takes, true),
      reject: (takes, documents) => decide(documents, takes, false),
      "cost-refresh": (_takes, documents) => documents.cost,
      "run-start": () => commandRun("c1", { state: "queued" }),
      "alert-mute": (_takes, documents) => documents.alerts,
    },
  };
}

function decide(documents, takes, approved) {
  documents.approvals = documents.approvals.filter(({ request_id: id }) => id !== takes.request_id);
  documents.now = { ...documents.now, waiting: documents.approvals };
  return { request_id: takes.request_id, outcome: "taken", refusal: null, approved, responder: "lee", reason: takes.reason ?? null, decided_at: new Date().toISOString(), deadline: null, left_s: null, missed: null };
}
