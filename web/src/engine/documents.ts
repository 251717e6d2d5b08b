import type { Diagnosis, Reports } from "muster-core";

/*
 * The documents of the server's views, as docs/api.md describes them. Each is the core's own document, so the
 * command line gives the same with --json.
 *
 * Amounts (fields that end in `_usd`) are exact decimals with up to nine places: they are numbers in the JSON and
 * are read as texts, see report.ts. Spans that end in `_s` are seconds and in `_ms` milliseconds, both with
 * decimals. Times are RFC 3339 in UTC. `null` means that it is not known or that there is none, never zero.
 */

/** RFC 3339 in UTC. */
export type Time = string;
/** An exact decimal number of US dollars, kept as its text. */
export type Usd = string;
/** A JSON object that is carried and not looked into: data, never markup. */
export type JsonObject = Readonly<Record<string, unknown>>;
/** The place of an event in its stream: `MS-SEQ`. */
export type StreamId = string;

// --- what the server can do ---------------------------------------------------------------------------------------

/** `capabilities` */
export interface ServerCapabilities {
  readonly engine: "http";
  readonly version: string;
  /** Names of the views that this server answers. */
  readonly views: readonly string[];
  /** Names of the acts that this server takes; empty when it only reads. */
  readonly acts: readonly string[];
  /** Whether `events` tells of changes. */
  readonly live: boolean;
  readonly read_only: boolean;
  /** Goes into the header `x-muster-token` of each POST; null when the server only reads. */
  readonly token: string | null;
  /** Who decides from the page, when no responder is named. */
  readonly responder: string;
}

/** Any answer with a status of 400 and above, save refused decisions. */
export interface ErrorDocument {
  readonly error: {
    readonly kind:
      | "usage" | "unreachable" | "unusable_input" | "defect" | "not_found" | "forbidden" | "read_only" | "conflict";
    readonly message: string;
    readonly hint: string | null;
    readonly exit: number;
  };
}

/** How the store is. */
export interface StoreDocument {
  readonly state: "ok" | "unreachable" | "absent" | "opening";
  readonly backend: "sqlite" | "redis" | "memory" | null;
  /** Without a password. */
  readonly location: string;
  readonly durability: "memory" | "seconds" | "disk" | "unknown" | null;
  /** Since when it has been watched without a gap. */
  readonly observed_since: Time | null;
  /** When it was last looked at. */
  readonly looked_at: Time | null;
  readonly error: { readonly message: string; readonly hint: string | null } | null;
  readonly notes: readonly string[];
}

// --- now ----------------------------------------------------------------------------------------------------------

/** `now` */
export interface NowDocument {
  readonly now: Time;
  readonly verdict: "ok" | "attention" | "trouble" | "unknown";
  /** The verdict in one line. */
  readonly headline: string;
  readonly agents: AgentCounts;
  /** Agents that are late, stale or dead, the worst first; at most 20. */
  readonly quiet: readonly Agent[];
  readonly quiet_left_out: number;
  /** Requests that wait for a human, the next deadline first; at most 20. */
  readonly waiting: readonly Approval[];
  readonly waiting_left_out: number;
  /** null: the usage log was not read yet, or there is none. */
  readonly spend: Spend | null;
  /** What changed within the last hour, newest first; at most 100. */
  readonly changes: readonly Change[];
  /** From when on changes were watched: an hour ago, or the start of the server. */
  readonly changes_since: Time;
  /** Alerts that fire. */
  readonly alerts: readonly AlertRule[];
  readonly store: StoreDocument;
}

export interface AgentCounts {
  readonly total: number;
  readonly alive: number;
  readonly late: number;
  readonly stale: number;
  readonly dead: number;
  readonly finished: number;
  readonly unknown: number;
  /** Those of them that wait for a human. */
  readonly waiting_for_human: number;
}

export interface Spend {
  /** UTC day. */
  readonly day: string;
  readonly today_usd: Usd;
  /** The mean of the earlier days with any spend; null with fewer than three of them. */
  readonly usual_usd: Usd | null;
  readonly baseline_days: number;
  readonly level: "ok" | "alarm" | "insufficient_data";
  /** Today per usual day. */
  readonly ratio: number | null;
  /** In words. */
  readonly detail: string;
  /** The model that today's spend is mostly of. */
  readonly top_model: { readonly name: string; readonly cost_usd: Usd } | null;
  /** The workflow that today's spend is mostly of. */
  readonly top_workflow: { readonly name: string; readonly cost_usd: Usd } | null;
  readonly month_to_date_usd: Usd;
  /** The user's own limit for a month, from muster.toml. */
  readonly budget_usd: Usd | null;
  /** Month to date per budget. */
  readonly budget_share: number | null;
}

export interface Change {
  readonly at: Time;
  readonly kind: "agent" | "approval" | "run" | "alert" | "store";
  /** The agent, the request, the run, the alert. */
  readonly subject: string;
  readonly from: string | null;
  readonly to: string;
  /** In words. */
  readonly text: string;
}

// --- agents -------------------------------------------------------------------------------------------------------

export type AgentState = "alive" | "late" | "stale" | "dead" | "finished" | "unknown";

/** One of `agents`; the document of `agents` is a list of them by id. As `muster heartbeat list --json`. */
export interface Agent {
  readonly agent_id: string;
  readonly display_name: string | null;
  readonly state: AgentState;
  readonly since: Time | null;
  /** Why it is in this state, in words. */
  readonly reason: string;
  /** By the agent's own clock. */
  readonly last_beat: Time | null;
  readonly age_s: number | null;
  readonly ttl_left_s: number | null;
  readonly status: string | null;
  /** 0 to 1 */
  readonly progress: number | null;
  readonly current_task: string | null;
  readonly interval_s: number | null;
  readonly interval_source: "announced" | "observed" | "assumed" | null;
  readonly clock_skew_s: number | null;
  /** Phi accrual: 1 is a silence that one in ten gaps would reach, 3 one in a thousand. */
  readonly suspicion: number | null;
  readonly waiting_for_human: {
    readonly request_id: string;
    readonly approval_type: string;
    readonly since: Time;
    readonly left_s: number;
  } | null;
  /** A trace that is no beat and makes nobody alive. */
  readonly last_work: { readonly at: Time; readonly kind: "signal" | "event" | "usage" } | null;
  readonly attune: { readonly is_alive: boolean; readonly is_stale: boolean };
}
export type AgentsDocument = readonly Agent[];

/** `agent?id=` */
export interface AgentDocument {
  readonly agent: Agent;
  /** When beats came, oldest first, as many as the store remembers (up to 64). */
  readonly beats: readonly Time[];
  /** Waiting for it, delivered to it or expired: newest first, at most 100. */
  readonly signals_in: readonly Signal[];
  /** Sent by it: newest first, at most 100. */
  readonly signals_out: readonly Signal[];
  /** Its requests, open and closed: newest first, at most 100. */
  readonly approvals: readonly Approval[];
  /** Events that it published: newest first, at most 100. */
  readonly events: readonly StreamEvent[];
  /** What it did that is no beat: newest first, at most 100. */
  readonly work: readonly { readonly at: Time; readonly kind: "signal" | "event" | "usage"; readonly text: string }[];
  /** Calls of the last 30 days whose workflow bears its id or name; null where there are none. */
  readonly cost: {
    readonly calls: number;
    readonly cost_usd: Usd;
    readonly tokens_in: number;
    readonly tokens_out: number;
    readonly by_day: Readonly<Record<string, Usd>>;
  } | null;
}

// --- approvals ----------------------------------------------------------------------------------------------------

/** One of `approvals` (pending, oldest first) and `decisions` (closed, newest first). */
export interface Approval {
  readonly request_id: string;
  readonly approval_type: string;
  readonly agent_id: string;
  readonly context: JsonObject;
  readonly requested_at: Time;
  readonly deadline: Time;
  readonly left_s: number;
  readonly age_s: number;
  readonly outcome: "pending" | "approved" | "rejected" | "timed_out";
  readonly responder: string | null;
  readonly reason: string | null;
  /** When it was answered, by the responder's clock; null where nobody has. */
  readonly decided_at: Time | null;
  /** Its requester looks for the answer once a second, so an answer in the last 1.5 s may be missed. */
  readonly foreign: boolean;
}
export type ApprovalsDocument = readonly Approval[];

/** The answer to `act/approve` and `act/reject`; with status 409 where `outcome` is `refused`, 404 where unknown. */
export interface Answered {
  readonly request_id: string;
  readonly outcome: "taken" | "repeated" | "refused";
  readonly refusal: "unknown" | "already_decided" | "deadline_passed" | "too_late" | null;
  /** The answer that stands. */
  readonly approved: boolean | null;
  readonly responder: string | null;
  readonly reason: string | null;
  readonly decided_at: Time | null;
  readonly deadline: Time | null;
  readonly left_s: number | null;
  readonly missed: boolean | null;
}

// --- signals and streams ------------------------------------------------------------------------------------------

/** A signal and its life. */
export interface Signal {
  readonly signal_id: string;
  readonly signal_type: string;
  readonly source_agent: string;
  /** null: for all. */
  readonly target_agent: string | null;
  readonly payload: JsonObject;
  readonly timestamp: Time | null;
  readonly ttl_seconds: number;
  readonly expires_at: Time;
  readonly ttl_left_s: number;
  /** `gone`: it went before its time: its receiver took it, or somebody cleared it. */
  readonly life: "waiting" | "gone" | "expired";
  /** When it was noticed that it had gone, or when it expired. */
  readonly ended_at: Time | null;
  /** Who has received or cleared it, by name, of a broadcast. */
  readonly received_by: readonly string[];
}

/** `signals?agent=&type=&life=&limit=` */
export interface SignalsDocument {
  /** Newest first. */
  readonly signals: readonly Signal[];
  readonly left_out: number;
  readonly waiting: number;
  readonly gone: number;
  readonly expired: number;
  /** Signals that went before this moment were not seen going. */
  readonly watched_since: Time | null;
}

/** One of `streams`, by type. As `muster stream info --json`. */
export interface StreamInfo {
  readonly event_type: string;
  readonly length: number;
  readonly first_id: StreamId | null;
  readonly last_id: StreamId;
  readonly groups: readonly { readonly group: string; readonly delivered_to: StreamId; readonly unacknowledged: number }[];
}
export type StreamsDocument = readonly StreamInfo[];

export interface StreamEvent {
  readonly event_id: StreamId;
  readonly event_type: string;
  readonly timestamp: Time | null;
  readonly source: string;
  readonly data: JsonObject;
}

/** `stream?type=&after=&limit=` */
export interface StreamDocument {
  readonly event_type: string;
  /** Oldest first: those after `after`, or the newest ones where no `after` was given. */
  readonly events: readonly StreamEvent[];
  /** Events that were removed before they could be read. */
  readonly gap: { readonly event_type: string; readonly after: StreamId; readonly first_kept: StreamId | null } | null;
  /** The next `after`. */
  readonly next: StreamId;
  /** There are more events after `next` already. */
  readonly more: boolean;
  /** Entries that are no events. */
  readonly malformed: number;
}

// --- cost ---------------------------------------------------------------------------------------------------------

export interface AccountAnswer<Summary> {
  readonly summary: Summary | null;
  /** Stands beside an old summary when no new one could be had. */
  readonly error: {
    readonly kind: "no_key" | "auth_failed" | "rate_limited" | "network" | "bad_response" | "unknown";
    readonly message: string;
    readonly hint: string;
    readonly retry_at: Time | null;
  } | null;
  readonly cache: {
    readonly age_s: number | null;
    readonly state: "live" | "fresh" | "stale" | "none";
    readonly damaged: string | null;
  };
}

/** `cost`: what the organisation is billed. As `muster cost summary --json`. */
export type CostDocument = AccountAnswer<{
  readonly day: string;
  readonly today_usd: Usd;
  readonly seven_day_usd: Usd;
  readonly month_to_date_usd: Usd;
  readonly thirty_day_usd: Usd;
  readonly by_day: Readonly<Record<string, Usd>>;
  readonly by_model: readonly { readonly name: string; readonly cost_usd: Usd }[];
  readonly by_cost_type: readonly { readonly name: string; readonly cost_usd: Usd }[];
  readonly fetched_at: Time;
  readonly notes: readonly string[];
}>;

export interface AccountTokens {
  readonly uncached_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation_5m_tokens: number;
  readonly cache_creation_1h_tokens: number;
  readonly output_tokens: number;
  readonly web_search_requests: number;
}

/** `cost-usage`: the tokens of the organisation. As `muster cost usage --json`. */
export type CostUsageDocument = AccountAnswer<{
  readonly day: string;
  readonly by_day: Readonly<Record<string, AccountTokens>>;
  readonly by_model: Readonly<Record<string, AccountTokens>>;
  readonly totals: AccountTokens;
  readonly fetched_at: Time;
}>;

// --- workflow runs (the bridge) -----------------------------------------------------------------------------------

/** How often, how many failed, how long it took. */
export interface CallStats {
  readonly total: number;
  readonly success: number;
  readonly error: number;
  readonly user_error: number;
  readonly cancelled: number;
  readonly failed_before_method: number;
  readonly nested_invocations: number;
  readonly success_rate: number | null;
  readonly duration_ms: {
    readonly count: number;
    readonly mean: number | null;
    readonly p50: number | null;
    readonly p95: number | null;
    readonly p99: number | null;
  };
}

/** `bridge?days=`. As `muster bridge stats --json`. */
export interface BridgeDocument {
  readonly sources: {
    readonly spool: string | null;
    readonly pending: number;
    readonly flushed: number;
    readonly quarantined: number;
    readonly files: readonly string[];
    readonly in_files: number;
    readonly skipped: number;
  };
  readonly window: { readonly from: Time | null; readonly to: Time | null };
  readonly commands: CallStats;
  readonly methods: CallStats;
  readonly families: {
    readonly succeeded: number;
    readonly succeeded_with_failed_children: number;
    readonly failed: number;
    readonly failed_without_failed_children: number;
    readonly missing_parents: number;
  };
  readonly by_workflow: Readonly<Record<string, CallStats>>;
  readonly by_job: readonly (CallStats & { readonly workflow: string; readonly job: string })[];
  readonly by_step: readonly (CallStats & { readonly workflow: string; readonly job: string; readonly step: string })[];
  readonly by_method: Readonly<Record<string, CallStats>>;
  readonly by_model_type: Readonly<Record<string, CallStats>>;
  readonly jobs_left_out: number;
  readonly steps_left_out: number;
  readonly outside_window: number;
}

export type EntryStatus = "success" | "error" | "user_error" | "cancelled";

export interface WorkflowRun {
  /** The id of the parent's entry, or the one that its children name. */
  readonly run_id: string;
  readonly workflow: string | null;
  readonly started_at: Time;
  readonly ended_at: Time | null;
  readonly duration_ms: number | null;
  /** null: only children are there. */
  readonly status: EntryStatus | null;
  readonly steps: number;
  readonly failed_steps: number;
}

/** `workflow-runs?days=&limit=`: newest first */
export interface WorkflowRunsDocument {
  readonly runs: readonly WorkflowRun[];
  readonly left_out: number;
  /** Files that hold no entry. */
  readonly skipped: number;
}

/** Runs out of files that were dropped on the page. */
export interface RunsOfFilesDocument extends WorkflowRunsDocument {
  /** Lines that are neither an entry nor an event. */
  readonly skipped_lines: number;
  /** Files whose events state no times: they are shown a second apart. */
  readonly untimed_files: number;
}

export interface Bar {
  readonly entry_id: string;
  readonly job: string | null;
  readonly step: string | null;
  readonly method: string | null;
  readonly model_type: string | null;
  readonly executor: string | null;
  readonly status: EntryStatus;
  readonly error: string | null;
  /** From the start of the run. */
  readonly offset_ms: number;
  readonly duration_ms: number;
  /** Bars of one lane do not overlap. */
  readonly lane: number;
}

/** `workflow-run?id=`: the waterfall, bars by start */
export interface WorkflowRunDocument {
  readonly run: WorkflowRun;
  readonly lanes: number;
  readonly bars: readonly Bar[];
  /** The first bar that failed. */
  readonly first_failure: string | null;
}

// --- commands that the server runs --------------------------------------------------------------------------------

export interface CatalogueCommand {
  readonly name: string;
  readonly title: string;
  readonly description: string | null;
  readonly argv: readonly string[];
  /** `path`: a path inside the project goes in place of `{scope}`. */
  readonly scope: "none" | "optional" | "required";
  /** What the scope picker offers, relative to the project. */
  readonly scopes: readonly string[];
  /** Asked before it starts; null where it needs no question. */
  readonly confirm: string | null;
  readonly time_limit_s: number;
  /** The file that declares it, or `attune` where it is built in. */
  readonly source: string;
  /** Why it cannot be started here; null where it can. */
  readonly unavailable: string | null;
}

/** `commands` */
export interface CommandsDocument {
  readonly commands: readonly CatalogueCommand[];
  /** Why nothing can be started; null where it can. */
  readonly disabled: string | null;
  readonly running: number;
  readonly queued: number;
  readonly slots: number;
}

export interface CommandRun {
  readonly run_id: string;
  readonly command: string;
  readonly argv: readonly string[];
  readonly scope: string | null;
  /** `lost`: the server ended before it saw the end. */
  readonly state: "queued" | "running" | "succeeded" | "failed" | "cancelled" | "timed_out" | "lost";
  readonly exit: number | null;
  readonly signal: number | null;
  readonly requested_at: Time;
  readonly started_at: Time | null;
  readonly ended_at: Time | null;
  readonly ran_s: number | null;
  readonly lines: number;
  readonly bytes: number;
  /** Lines between the first and the last part that are not kept. */
  readonly dropped_lines: number;
  readonly error: string | null;
  readonly recommendations: readonly Recommendation[];
}

export interface Recommendation {
  readonly kind: "next-command" | "open-url";
  /** The command's name, or the address (http or https). */
  readonly target: string;
  readonly scope: string | null;
  readonly label: string | null;
  readonly severity: string | null;
}

/** `runs?command=&limit=`: newest first */
export interface RunsDocument {
  readonly runs: readonly CommandRun[];
  readonly left_out: number;
}
/** `run?id=` */
export type RunDocument = CommandRun;

/** `output?id=&after=&limit=` */
export interface OutputDocument {
  readonly run_id: string;
  readonly lines: readonly OutputLine[];
  /** Lines that are not kept, inside of what this answer spans. */
  readonly gap: { readonly first: number; readonly last: number } | null;
  /** The next `after`. */
  readonly next: number;
  readonly total: number;
  /** The run has ended, and `next` is its last line. */
  readonly complete: boolean;
}
export interface OutputLine {
  /** From 1. */
  readonly n: number;
  readonly stream: "out" | "err";
  readonly text: string;
}

// --- diagnosis, feedback, specs, alerts, settings -----------------------------------------------------------------

/** `diagnosis`: the last one that was made, by the schedule or by `act/diagnose`. */
export interface DiagnosisDocument {
  readonly diagnosis: Diagnosis | null;
  readonly made_at: Time | null;
  /** Where its evidence is from: `live` or `bundle`. */
  readonly source: string | null;
  /** Why there is none, or no new one. */
  readonly error: { readonly message: string; readonly hint: string | null } | null;
  readonly schedule: DiagnosisSchedule;
}

export interface DiagnosisSchedule {
  /** Null: only when asked for. */
  readonly every_minutes: number | null;
  /** The set-up that is looked at. */
  readonly profile: string;
  readonly profiles: readonly string[];
  /** Chosen on the page, and not by the settings. */
  readonly is_chosen: boolean;
  readonly next_at: Time | null;
}

export interface Rating {
  readonly template: string;
  readonly good: number;
  readonly bad: number;
  readonly votes: number;
  readonly score: number;
  readonly rated: boolean;
  /** Between which shares of good votes the true one lies, 95 times in 100. */
  readonly interval: { readonly low: number; readonly high: number };
  readonly attune_confidence: number;
}
/** `feedback`: best first. As `muster feedback rank --json`. */
export interface FeedbackDocument {
  readonly file: string;
  readonly templates: readonly Rating[];
  readonly skipped: readonly { readonly template: string; readonly reason: string }[];
}

export interface QualityStats {
  readonly samples: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly trend: number;
}
/** `quality?workflow=`. As `muster feedback stats --json`. */
export interface QualityDocument {
  readonly workflow_name: string;
  readonly stages: readonly (QualityStats & {
    readonly stage_name: string;
    readonly tier: string;
    readonly underperforms: boolean;
  })[];
}
/** `recommend?workflow=&stage=&tier=`. As `muster feedback recommend --json`. */
export interface RecommendDocument {
  readonly workflow_name: string;
  readonly stage_name: string;
  readonly current_tier: string | null;
  readonly recommended_tier: string;
  readonly confidence: number;
  readonly reason: string;
  readonly explanation: string;
  readonly by_tier: Readonly<Record<string, QualityStats>>;
}

export interface Spec {
  readonly slug: string;
  readonly root: string;
  readonly title: string;
  readonly lifecycle: "paused" | "parked" | "complete" | "active" | "stale" | "draft" | "approved";
  readonly stage: "requirements" | "design" | "tasks" | "executing" | "shipped";
  /** As written in its files. */
  readonly status: string | null;
  readonly updated_at: Time;
  readonly open_tasks: number;
  readonly done_tasks: number;
  /** Names of its files. */
  readonly files: readonly string[];
}
/** `specs` */
export interface SpecsDocument {
  readonly roots: readonly { readonly path: string; readonly state: "ok" | "missing" | "unreadable"; readonly specs: number }[];
  readonly specs: readonly Spec[];
  readonly candidates_enabled: boolean;
  /** Specs that look finished and are not marked so. */
  readonly candidates: readonly { readonly slug: string; readonly evidence: readonly string[]; readonly mark: string }[];
  readonly why_none: "disabled" | "read_only" | "no_roots" | "root_missing" | "none_matched" | null;
  readonly dismissed: number;
}

export interface AlertRule {
  readonly name: string;
  readonly kind: "spend_today" | "spend_month" | "agents_quiet" | "approvals_waiting" | "diagnosis";
  /** The threshold in words. */
  readonly when: string;
  readonly state: "quiet" | "firing" | "unknown";
  readonly since: Time | null;
  /** What it sees now, in words. */
  readonly finding: string;
  readonly delivery: "page" | "command" | "webhook";
  readonly cooldown_s: number;
  readonly muted_until: Time | null;
  readonly last_delivered_at: Time | null;
  readonly last_error: string | null;
}
/** `alerts` */
export interface AlertsDocument {
  readonly rules: readonly AlertRule[];
}

/** `settings` */
export interface SettingsDocument {
  readonly version: string;
  readonly address: string;
  readonly project_root: string;
  readonly home: string | null;
  readonly store: StoreDocument;
  readonly read_only: boolean;
  readonly trusted_hosts: readonly string[];
  /** 0: runs are kept for ever. */
  readonly runs_retention_days: number;
  readonly specs_roots: readonly string[];
  /** Settings files that were read, the strongest first. */
  readonly files: readonly string[];
  readonly liveness: {
    readonly interval_s: number;
    readonly late_percent: number;
    readonly stale_intervals: number;
    readonly stale_s: number;
    readonly clock_skew_s: number;
  };
  readonly prices: readonly {
    readonly model: string;
    readonly from: string | null;
    readonly input_per_million_usd: Usd;
    readonly output_per_million_usd: Usd;
    readonly source: "builtin" | "settings";
  }[];
  readonly budget_month_usd: Usd | null;
}

// --- events -------------------------------------------------------------------------------------------------------

/** `events`: the data of `hello`, the first event of each connection. */
export interface HelloEvent {
  /** Another one than before: the server was started anew, and everything is to be asked again. */
  readonly epoch: string;
  /** The version of each view that can change. */
  readonly versions: Readonly<Record<string, number>>;
}
/** `events`: the data of `message`. */
export interface ChangeEvent {
  readonly view: string;
  readonly version: number;
}
/** `events`: the data of `gap`: what was asked to go on from is not known any more. */
export interface GapEvent {
  readonly reason: "restarted" | "unknown_id";
}
/** `output-events?id=`: the data of `line` is an `OutputLine`, of `gap` this, of `end` a `CommandRun`. */
export interface OutputGapEvent {
  readonly first: number;
  readonly last: number;
}

// --- by name ------------------------------------------------------------------------------------------------------

/** The documents by the name of their view. */
export interface Documents extends Reports {
  capabilities: ServerCapabilities;
  now: NowDocument;
  agents: AgentsDocument;
  agent: AgentDocument;
  approvals: ApprovalsDocument;
  decisions: ApprovalsDocument;
  signals: SignalsDocument;
  streams: StreamsDocument;
  stream: StreamDocument;
  cost: CostDocument;
  "cost-usage": CostUsageDocument;
  bridge: BridgeDocument;
  "workflow-runs": WorkflowRunsDocument;
  "workflow-run": WorkflowRunDocument;
  commands: CommandsDocument;
  runs: RunsDocument;
  run: RunDocument;
  output: OutputDocument;
  diagnosis: DiagnosisDocument;
  feedback: FeedbackDocument;
  quality: QualityDocument;
  recommend: RecommendDocument;
  specs: SpecsDocument;
  alerts: AlertsDocument;
  settings: SettingsDocument;
}

/** What each act takes and gives: POST `act/<name>`. */
export interface Acts {
  approve: { takes: { request_id: string; reason?: string; responder?: string; force?: boolean }; gives: Answered };
  reject: { takes: { request_id: string; reason?: string; responder?: string; force?: boolean }; gives: Answered };
  "cost-refresh": { takes: Record<string, never>; gives: CostDocument };
  /** `bundle`: the text of an evidence bundle; without one the gateway of this machine is looked at. */
  diagnose: { takes: { bundle?: string; hours?: number; profile?: string }; gives: DiagnosisDocument };
  /** Without either it is as the settings say; `every_minutes` 0: only when asked for. */
  "diagnosis-schedule": { takes: { every_minutes?: number; profile?: string }; gives: DiagnosisDocument };
  "run-start": { takes: { command: string; scope?: string; confirmed?: boolean }; gives: CommandRun };
  "run-cancel": { takes: { run_id: string }; gives: CommandRun };
  "specs-candidates": { takes: { enabled: boolean }; gives: SpecsDocument };
  "spec-dismiss": { takes: { slug: string; mark: string }; gives: SpecsDocument };
  "alert-mute": { takes: { name: string; minutes: number }; gives: AlertsDocument };
}
