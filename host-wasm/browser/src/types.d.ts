/** The stable names of the logs that are known. */
export type LogKind =
  | "usage" | "help_queries" | "help_unmatched" | "workflow_runs" | "llm_calls" | "task_routing"
  | "test_executions" | "coverage_history" | "agent_assignments" | "file_tests" | "diagnosis_records"
  | "memory_events" | "costs" | "form_events" | "progressive_events" | "role_telemetry";

/** Which log a file is, from its name alone (rotated and archived names too). */
export function logKind(path: string): LogKind | undefined;

/** A half-open span of time in RFC 3339; an absent bound is no bound. */
export interface TimeSpan {
  /** First moment inside. */
  from?: string;
  /** First moment after. */
  to?: string;
}

/** What to take from the logs. */
export interface ReadOptions extends TimeSpan {
  /** A second span, for the report `compare`. */
  against?: TimeSpan;
  /** How many recent calls to keep; 20 where absent. */
  recent?: number;
  /** Minutes east of UTC of logs that are known to hold local time; 0 where absent. */
  naiveOffsetMinutes?: number;
}

/** What a report needs beside the logs. */
export interface ReportParams {
  /** `savings`: the model to count against. */
  baselineModel?: string;
  /** `routing`: the only workflow to show. */
  workflow?: string;
  /** How many of the most frequent things to show; 10 where absent. */
  top?: number;
  /** `file-test-status`: which files to show. */
  files?: FileTestFilter;
}

/** Which files to show; a file must pass every filter that is set. */
export interface FileTestFilter {
  /** Only the file of exactly this path. */
  file?: string;
  /** Only files whose tests failed or could not be run. */
  failed?: boolean;
  /** Only files that are newer than their test file. */
  stale?: boolean;
  /** How many files to show; all where absent. */
  limit?: number;
}

/** The documents by the names of their reports. */
export interface Reports {
  usage: UsageReport;
  savings: SavingsReport;
  "cache-stats": CacheReport;
  compare: CompareReport;
  routing: RoutingReport;
  models: ModelsReport;
  "sonnet-opus-analysis": SonnetOpusReport;
  "task-routing-report": TaskRoutingReport;
  "test-status": TestStatusReport;
  "tier1-status": Tier1Report;
  "agent-performance": AgentPerformanceReport;
  "file-test-status": FileTestReport;
  "help-queries": HelpReport;
}

/** Reads logs chunk by chunk and reports on them. Every failure is an `Error`. */
export class TelemetryReader {
  /** Throws on options that make no sense. */
  constructor(options?: ReadOptions);
  /** Starts a file. Throws where the name is no known log, or a file is open. */
  open(path: string): LogKind;
  /** Takes the next bytes of the open file, at best 64 KiB to 1 MiB of them. */
  push(chunk: Uint8Array): void;
  /** Ends the open file; a torn last line is judged here. */
  close(): void;
  /**
   * Notes a file that could not be read, so that reports name it. What was read
   * of it is dropped where it is the open one.
   */
  noteUnreadable(path: string, reason: string): void;
  /** The usage report over all files closed so far. */
  show(): UsageReport;
  /** The same document, in the bytes that every host gives. */
  showJson(): string;
  /** A report over all files closed so far. */
  report<Name extends keyof Reports>(name: Name, params?: ReportParams): Reports[Name];
  /** The same document, in the bytes that every host gives. */
  reportJson(name: keyof Reports, params?: ReportParams): string;
  /** Gives the memory back; the reader cannot be used afterwards. */
  free(): void;
  [Symbol.dispose](): void;
}

/** The span that a report is about. */
export interface TimeWindow {
  from: string | null;
  to: string | null;
}

/**
 * Sums over calls. Amounts are exact decimals in the JSON text; as numbers here
 * they are doubles, as are counts above 2^53.
 */
export interface Totals {
  calls: number;
  cost_usd: number;
  tokens_in: number;
  tokens_out: number;
  /** Calls answered from the response cache. */
  cache_hits: number;
  /** Those per call, 0 to 1. */
  cache_hit_rate: number;
  /** Calls that used a cached prompt. */
  prompt_cache_hits: number;
  prompt_cache_read_tokens: number;
  prompt_cache_creation_tokens: number;
  duration_ms: number;
}

/** One call of a model. */
export interface RecentCall {
  ts: string;
  workflow: string;
  stage: string | null;
  /** Upper case. */
  tier: string;
  model: string;
  provider: string;
  cost_usd: number;
  tokens_in: number;
  tokens_out: number;
  cache_hit: boolean;
  cache_type: string | null;
  duration_ms: number;
}

/** What an answer rests on and what it leaves out; part of every report. */
export interface Provenance {
  /** Usable lines that the window left out. */
  outside_window: number;
  /** Lines by the version that they state; `missing` where they state none. */
  log_versions: Record<string, number>;
  sources: Source[];
  skipped: Skipped;
  /** What the answer leaves out or assumes, in sentences. */
  notes: string[];
}

/** One file and what became of it. */
export interface Source {
  file: string;
  kind: LogKind;
  state: "read" | "empty" | "unusable" | "listed" | "torn_tail" | "incomplete" | "unreadable";
  lines: number;
  /** Lines that gave a record. */
  records: number;
  bytes: number;
  /** Why it could not be read. */
  error?: string;
}

/** The lines that gave no record. */
export interface Skipped {
  lines: number;
  by_reason: Record<string, number>;
  /** The first of them. */
  samples: SkippedSample[];
}

/** One line that gave no record. */
export interface SkippedSample {
  file: string;
  /** From 1. */
  line: number;
  /** Where the line begins, in bytes. */
  offset: number;
  /** `code` or `code: detail`. */
  reason: string;
}

/** Calls of models in a window. */
export interface UsageReport extends Provenance {
  window: TimeWindow;
  totals: Totals;
  /** Names in upper case. */
  by_tier: Record<string, Totals>;
  by_workflow: Record<string, Totals>;
  by_model: Record<string, Totals>;
  by_provider: Record<string, Totals>;
  /** By the part of the workflow; `unknown` where none is stated. */
  by_stage: Record<string, Totals>;
  /** UTC days, `YYYY-MM-DD`; only those with calls. */
  by_day: Record<string, Totals>;
  latency: LatencyReport;
  /** Newest first. */
  recent: RecentCall[];
  /** Other books of costs, by the log's name; only those that were seen. They are not in the totals. */
  cost_books: Record<string, CostBook>;
  /** Logs that are only counted, by name; only those that were seen. */
  other_logs: Record<string, OtherLog>;
}

/** How long calls took, by what. A name none of whose calls states it is left out. */
export interface LatencyReport {
  all: Latency | null;
  by_tier: Record<string, Latency>;
  by_workflow: Record<string, Latency>;
  by_model: Record<string, Latency>;
  by_provider: Record<string, Latency>;
  by_stage: Record<string, Latency>;
  by_day: Record<string, Latency>;
}

/** Nearest ranks, at most a 32nd too large. Calls that state no duration, or zero, do not count. */
export interface Latency {
  calls: number;
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
}

/** What one book of costs adds up to. */
export interface CostBook {
  records: number;
  cost_usd: number;
  tokens_in: number;
  tokens_out: number;
  /** As the book itself records them, where it does. */
  baseline_usd?: number;
  savings_usd?: number;
  /** Records that the window left out. */
  outside_window: number;
}

/** A log that no report of its own is made of. */
export interface OtherLog {
  records: number;
  /** Records by what happened, in the log of memory events. */
  by_event?: Record<string, number>;
  /** Records by how far they are, in the log of diagnoses. */
  by_status?: Record<string, number>;
  /** Records that the window left out. */
  outside_window: number;
}

/** What calls cost against what they would have cost on one model. */
export interface SavingsReport extends Provenance {
  window: TimeWindow;
  calls: number;
  actual_usd: number;
  /** Against the same tokens on the baseline model. */
  per_token: {
    baseline_model: string;
    calls: number;
    actual_usd: number;
    baseline_usd: number;
    savings_usd: number;
    savings_share: number | null;
    calls_left_out: number;
    cost_left_out_usd: number;
  };
  /** Against the mean premium call. */
  per_call: {
    premium_calls: number;
    premium_call_usd: number;
    /** No premium call was seen: the amount is a guess. */
    premium_call_is_flat: boolean;
    baseline_usd: number;
    savings_usd: number;
    savings_share: number | null;
    response_cache_savings_usd: number;
  };
  prompt_cache: PromptCacheSavings;
  tier_share: Record<string, number>;
}

/** What the prompt cache saved, at the prices of the models that have one. */
export interface PromptCacheSavings {
  read_savings_usd: number;
  write_surcharge_usd: number;
  /** Negative where caching cost more than it saved. */
  net_savings_usd: number;
  attune_savings_usd: number;
  /** Cached tokens of models without a price, by model. */
  unpriced_tokens: Record<string, number>;
}

/** Use of the prompt cache. */
export interface PromptCacheUse {
  requests: number;
  hits: number;
  hit_rate: number;
  read_tokens: number;
  creation_tokens: number;
}

/** How the caches are used. */
export interface CacheReport extends Provenance {
  window: TimeWindow;
  prompt_cache: PromptCacheUse;
  savings: PromptCacheSavings;
  response_cache_hits: number;
  response_cache_hit_rate: number;
  by_workflow: Record<string, PromptCacheUse>;
}

/** What one workflow or model cost in both windows. */
export interface CostChange {
  calls: number;
  cost_usd: number;
  previous_calls: number;
  previous_cost_usd: number;
  change_usd: number;
}

/** Two windows side by side. Relative changes are `null` where there was nothing before. */
export interface CompareReport extends Provenance {
  window: TimeWindow;
  against: TimeWindow;
  current: Totals & { cost_per_call_usd: number };
  previous: Totals & { cost_per_call_usd: number };
  change: {
    calls: number | null;
    cost: number | null;
    cost_per_call: number | null;
    cache_hit_rate_difference: number;
  };
  by_workflow: Record<string, CostChange>;
  by_model: Record<string, CostChange>;
}

/** Calls that went one way. */
export interface Route {
  calls: number;
  cost_usd: number;
  /** Share in the cost of everything in the window, 0 to 1. */
  cost_share: number;
  cost_per_call_usd: number;
  duration_per_call_ms: number;
  tokens_in: number;
  tokens_out: number;
}

/** Where the calls of each workflow go. */
export interface RoutingReport extends Provenance {
  window: TimeWindow;
  totals: Totals;
  by_tier: Record<string, Route>;
  by_workflow: Record<string, Route & { by_model: Record<string, Route> }>;
}

/** What the models cost and how long they take. */
export interface ModelsReport extends Provenance {
  window: TimeWindow;
  /** By provider, then by model. */
  providers: Record<string, Record<string, Totals & {
    cost_per_call_usd: number;
    duration_per_call_ms: number;
    /** By the price table; `null` without a price. */
    list_cost_usd: number | null;
  }>>;
}

/** Calls of Sonnet and of the premium models that step in for it. */
export interface SonnetOpusReport extends Provenance {
  window: TimeWindow;
  calls: number;
  sonnet_attempts: number;
  sonnet_successes: number;
  sonnet_success_rate: number | null;
  /** Calls of a premium family after another model had been tried. */
  fallbacks: number;
  /** Per Sonnet call and fallback together. */
  fallback_rate: number | null;
  verdict: "excellent" | "moderate" | "high" | "no_data";
  cost_usd: number;
  /** Calls of which only an estimate is recorded. */
  estimated_calls: number;
  /** Against the same tokens on the best model. */
  always_premium: {
    baseline_model: string;
    calls: number;
    actual_usd: number;
    baseline_usd: number;
    savings_usd: number;
    savings_share: number | null;
    calls_left_out: number;
  };
  families: Record<string, FamilyModel[]>;
  /** By attune's formula. */
  attune: {
    total_calls: number;
    sonnet_attempts: number;
    success_rate_sonnet: number | null;
    opus_fallbacks: number;
    fallback_rate: number | null;
    actual_usd: number;
    always_opus_usd: number | null;
    savings_usd: number | null;
    savings_share: number | null;
  };
}

/** One model of a family. */
export interface FamilyModel {
  provider: string;
  model: string;
  calls: number;
  succeeded: number;
  fallbacks: number;
  cost_usd: number;
  counted_by_attune: boolean;
}

/** Sums over tasks. */
export interface TaskTotals {
  tasks: number;
  pending: number;
  running: number;
  completed: number;
  failed: number;
  /** Those in a state that is not known. */
  other: number;
  succeeded: number;
  /** Per completed or failed task; `null` while none is at its end. */
  accuracy_rate: number | null;
  retries: number;
  cost_usd: number;
}

/** Tasks: records with one routing id are one task, in its newest state. */
export interface TaskRouting extends TaskTotals {
  mean_confidence: number | null;
  by_type: Record<string, TaskTotals>;
  by_strategy: Record<string, TaskTotals>;
  /** By attune's formula: every record counts as a task. */
  attune: {
    total_tasks: number;
    successful_routing: number;
    accuracy_rate: number | null;
    avg_confidence: number | null;
  };
}

/** Tasks in a window. */
export interface TaskRoutingReport extends TaskRouting, Provenance {
  window: TimeWindow;
}

/** Sums over runs of test suites. */
export interface RunTotals {
  runs: number;
  /** Runs in which every test passed. */
  succeeded: number;
  success_rate: number | null;
  mean_duration_ms: number | null;
  tests: number;
  passed: number;
  failed: number;
  skipped: number;
  errors: number;
}

/** Runs of test suites. */
export interface TestRuns extends RunTotals {
  by_suite: Record<string, RunTotals>;
  most_failing: { name: string; file: string | null; failures: number }[];
  /** Further failing tests, not shown. */
  failing_left_out: number;
}

/** Coverage over a window; shares are 0 to 1. */
export interface Coverage {
  records: number;
  measured_at: string | null;
  current_share: number | null;
  first_share: number | null;
  change_share: number | null;
  trend: "improving" | "declining" | "stable" | "one_record" | "no_data";
  /** Files to test first. */
  critical_gaps: number | null;
  /** Oldest first. */
  history: { at: string; share: number }[];
}

/** Runs of test suites and coverage in a window. */
export interface TestStatusReport extends Provenance {
  window: TimeWindow;
  test_runs: TestRuns;
  coverage: Coverage;
}

/** The state of what runs without a human. */
export interface Tier1Report extends Provenance {
  window: TimeWindow;
  task_routing: TaskRouting;
  test_runs: TestRuns;
  coverage: Coverage;
  agent_performance: AgentPerformance;
}

/** Sums over assignments. */
export interface AgentTotals {
  assignments: number;
  assigned: number;
  in_progress: number;
  completed: number;
  blocked: number;
  /** Those in a state that is not known. */
  other: number;
  succeeded: number;
  /** Per completed one; `null` while none is completed. */
  success_rate: number | null;
  mean_duration_ms: number | null;
  automation_rate: number | null;
  human_review_rate: number | null;
}

/** Assignments: records with one assignment id are one, in its newest state. */
export interface AgentPerformance extends AgentTotals {
  by_agent: Record<string, AgentTotals>;
  /** By attune's formula: every record counts as an assignment. */
  attune: {
    total_assignments: number;
    by_agent: Record<string, {
      assignments: number;
      completed: number;
      success_rate: number | null;
      avg_duration_ms: number | null;
    }>;
    automation_rate: number | null;
    human_review_rate: number | null;
  };
}

/** Agents and their assignments in a window. */
export interface AgentPerformanceReport extends AgentPerformance, Provenance {
  window: TimeWindow;
}

/** The newest test results per file. */
export interface FileTestReport extends Provenance {
  window: TimeWindow;
  /** Files with a record, before any filter. */
  known_files: number;
  matching_files: number;
  passed_files: number;
  failed_files: number;
  error_files: number;
  skipped_files: number;
  no_tests_files: number;
  other_files: number;
  stale_files: number;
  /** By path. */
  files: FileTest[];
  /** Files that pass the filters and are beyond the limit. */
  files_left_out: number;
}

/** One file's newest test result. */
export interface FileTest {
  file: string;
  last_run: string;
  /** `passed`, `failed`, `error`, `skipped` or `no_tests`, as recorded. */
  result: string;
  tests: number;
  passed: number;
  failed: number;
  skipped: number;
  errors: number;
  duration_ms: number;
  coverage_share: number | null;
  /** Whether the file is newer than its test file. */
  stale: boolean;
  test_file: string | null;
  failed_tests: { name: string; error: string | null }[];
}

/** Sums over questions. */
export interface HelpTotals {
  queries: number;
  found: number;
  not_found: number;
  /** Per question; `null` without questions. */
  miss_rate: number | null;
  /** Lookups that ended in an error. */
  failed: number;
  mean_duration_ms: number | null;
}

/** Questions to the help system. */
export interface HelpReport extends HelpTotals, Provenance {
  window: TimeWindow;
  /** Questions in the log of questions without an answer. */
  unmatched: number;
  by_source: Record<string, HelpTotals & { unmatched: number }>;
  by_mode: Record<string, HelpTotals & { unmatched: number }>;
  top_topics: { topic: string; queries: number; not_found: number }[];
  topics_left_out: number;
  top_misses: { query: string; times: number }[];
  misses_left_out: number;
}

/** How a stream of workflow events is replayed. */
export interface ReplayOptions {
  /** The id of the entry that the entries are children of. */
  parentId?: string;
  /** Who makes the entries; what is absent has a stated constant. */
  producer?: Producer;
  /** When the first event without a time happens; the time of reading where absent. */
  start?: string;
  /** Whole milliseconds from each event to the next; needs `start`. */
  stepMs?: number;
  /** Whether the methods of a nested run are entries of the run around it. */
  outerRun?: boolean;
  /** Whether a model's name is taken out of error texts wherever it stands. */
  redactNames?: boolean;
  /** Error texts that are the user's; `*` stands for any text. */
  classify?: { version: 1; user_errors?: string[] };
  /** Leaves what is open in the end without entries. */
  leaveOpen?: boolean;
}

/** What is the same in all entries of one maker. */
export interface Producer {
  swampVersion?: string;
  denoVersion?: string;
  platform?: string;
  invocationContext?: Record<string, unknown>;
  triggerSource?: "schedule" | "webhook" | "api";
  initiatedBy?: string;
}

/** From the events of running workflows to telemetry entries, one JSON per line. */
export class BridgeReplay {
  /** Throws on options that make no sense. */
  constructor(options?: ReplayOptions);
  /**
   * Takes the next bytes of the stream, read at `now` (milliseconds since 1970, as
   * `Date.now()`), and gives the entries of the lines that end in them.
   */
  push(now: number, chunk: Uint8Array): string;
  /** The stream is over: what is open is drained, unless it is to be left. */
  finish(now: number): string;
  /** What has been seen. */
  summary(): BridgeSummary;
  /** The same as JSON text: the bytes that every host gives. */
  summaryJson(): string;
  /** Gives the memory back; the replay cannot be used afterwards. */
  free(): void;
  [Symbol.dispose](): void;
}

/** Runs of workflows out of files of entries or of events. */
export class WorkflowRunReader {
  constructor();
  /** Starts a file that was written at this time (milliseconds since 1970); one that is open ends. */
  open(written: number): void;
  push(chunk: Uint8Array): void;
  close(): void;
  /** The runs of the files closed so far, newest first, as JSON text. */
  runsJson(limit: number): string;
  /** One run as JSON text. */
  runJson(id: string): string | undefined;
  /** Gives the memory back; the reader cannot be used afterwards. */
  free(): void;
  [Symbol.dispose](): void;
}

/** What a bridge has seen of its streams and given in return. */
export interface BridgeSummary {
  lines: number;
  skipped_lines: number;
  skipped_by_reason: Record<string, number>;
  events: number;
  by_kind: Record<string, number>;
  unknown_kinds: number;
  unknown_fields: number;
  after_finalize: number;
  redelivered: number;
  duplicates: number;
  clock_steps_back: number;
  runs: number;
  nested_runs: number;
  outcome: "unknown" | "succeeded" | "suspended" | "cancelled" | "failed";
  methods: number;
  open_methods: number;
  most_open_methods: number;
  nested_invocations: number;
  failed_before_method: number;
  structural_failures: number;
  skipped_steps: number;
  entries: number;
  succeeded: number;
  failed: number;
  user_errors: number;
  cancelled: number;
  drained: number;
}

/** How to diagnose. What is absent has its default. */
export interface DiagnoseOptions {
  /** Older things are history, in hours; else 1. */
  hours?: number;
  /** Of each kind of record in a log, the newest that are looked at; else 100. */
  records?: number;
  /** Ages are counted to here, in RFC 3339; else to the time of the bundle. */
  now?: string;
  /** The set-up: `joelclaw`, or any other name for one that has only what its packs look at. */
  profile?: string;
  /** Rule packs in their JSON form, beside the built-in one. */
  packs?: string[];
}

/** What is wrong with a gateway, out of the text of an evidence bundle. Throws where it is none. */
export function diagnose(bundle: string, options?: DiagnoseOptions): Diagnosis;

/** The same as JSON text, in the bytes that every host gives. */
export function diagnoseJson(bundle: string, options?: DiagnoseOptions): string;

/** The names of layers, first to last. */
export type DiagnosisLayerName =
  | "substrate" | "process" | "cli-status" | "session-pressure" | "interruptibility"
  | "channel-health" | "channel-healing" | "operator-tracing" | "error-log" | "stdout-log"
  | "e2e-test" | "session-transcript" | "otel" | "model-api" | "redis-state";

/** Verdict, cause, what to do, and the layers. */
export interface Diagnosis {
  verdict: "ok" | "degraded" | "failed" | "unknown";
  delivery: "ok" | "impaired" | "down" | "unknown";
  first_failing_layer: DiagnosisLayerName | null;
  /** Id of the primary cause, `none` where there is none. */
  cause: string;
  /** The cause in a sentence. */
  summary: string;
  /** Ids of all other causes that hold. */
  secondary: string[];
  /** Ids of what to do, in order. */
  remedy: string[];
  remedies: { id: string; text: string; command: string | null }[];
  layers: DiagnosisLayer[];
  /** Old, repaired or expected things. */
  information: { about: string | null; text: string }[];
  /** When to look again, where something cannot be told yet. */
  recheck: { at: string; why: string } | null;
  now: string;
  window: TimeWindow;
  /** What was looked at, by name. */
  evidence: Record<string, {
    state: "present" | "absent" | "unreadable";
    reason?: string;
    lines?: number;
    skipped?: number;
    records?: number;
  }>;
  packs: string[];
  notes: string[];
}

/** One layer. */
export interface DiagnosisLayer {
  layer: DiagnosisLayerName;
  status: "ok" | "degraded" | "failed" | "skipped" | "unknown" | "not_applicable";
  detail: string;
  findings: DiagnosisFinding[];
}

/** A cause that holds. */
export interface DiagnosisFinding {
  cause: string;
  role: "primary" | "secondary" | "notice";
  severity: "ok" | "degraded" | "failed";
  title: string;
  /** Ids of the causes that make it secondary. */
  explained_by: string[];
  /** At most five pieces, the newest. */
  evidence: { source: string; line: number | null; at: string | null; bounded: boolean; text: string }[];
}

/** A moment: milliseconds since 1970, or a text in RFC 3339, to the microsecond. */
export type Moment = number | string;

/** The limits that are held against the age of a beat. What is absent has its default. */
export interface LivenessOptions {
  /** The interval of an agent that announces none and whose beats show none yet; 10 s. */
  defaultIntervalMs?: number;
  /** Late above so many hundredths of the interval; 150. */
  latePercent?: number;
  /** Stale above so many intervals; 3. */
  staleIntervals?: number;
  /** Never stale before this age; 60 s. */
  staleFloorMs?: number;
  /** A difference of clocks up to this is not spoken of; 2 s. */
  skewMs?: number;
}

/** A sign of life, as stores hold it. */
export interface Beat {
  agent_id: string;
  /** `starting`, `running`, or the last one: `completed`, `failed`, `cancelled`. */
  status: string;
  /** From 0 to 1. */
  progress: number;
  current_task: string;
  /** RFC 3339, by the agent's clock. */
  last_beat?: string;
  /** Further facts; `interval_s` announces the seconds between beats. */
  metadata?: Record<string, unknown>;
  display_name?: string | null;
}

/** What is known of an agent from its beats. */
export interface AgentBeats {
  /** The last beat. */
  beat: Beat;
  /** When beats arrived, oldest first; sixteen are enough. */
  arrivals?: Moment[];
  /** When the beat's key goes, or went. */
  expiresAt: Moment;
  /** The age of the beat by the clock of the store's server, where it has one. */
  ageByStoreMs?: number;
}

/** The state of an agent. */
export type AgentState = "alive" | "late" | "stale" | "dead" | "finished" | "unknown";

/** One agent and its state. */
export interface Agent {
  agent_id: string;
  display_name: string | null;
  state: AgentState;
  since: string | null;
  /** Why, in words. */
  reason: string;
  last_beat: string | null;
  age_s: number | null;
  /** For how long its key is still there; 0 when it has gone. */
  ttl_left_s: number | null;
  status: string | null;
  progress: number | null;
  current_task: string | null;
  interval_s: number | null;
  interval_source: "announced" | "observed" | "assumed" | null;
  /** By how much its clock is ahead, or behind if below zero. */
  clock_skew_s: number | null;
  /** 1 is a silence that one in ten gaps would reach, 3 one in a thousand. */
  suspicion: number | null;
  /** Always null here: it takes a store to know. */
  waiting_for_human: null;
  /** Always null here. */
  last_work: null;
  /** What attune would say. */
  attune: { is_alive: boolean; is_stale: boolean };
}

/** An agent has changed its state. */
export interface Transition {
  agent_id: string;
  /** `null`: it is new. */
  from: AgentState | null;
  to: AgentState;
  since: string | null;
  /** Why, in words. */
  reason: string;
}

/** The state of an agent at `now`, of which this has just been read. */
export function assessAgent(agent: AgentBeats, now: Moment, options?: LivenessOptions): Agent;

/**
 * A fleet that is watched: says when an agent changes its state. Between two looks
 * time alone moves the states on. Every failure is an `Error`.
 */
export class FleetWatch {
  /** Throws on options that make no sense. */
  constructor(options?: LivenessOptions);
  /** All that is known at `now`. Who is not in it is forgotten. */
  handleFleet(now: Moment, agents: AgentBeats[]): void;
  /** Time has gone on. */
  handleTimeout(now: Moment): void;
  /** The next transition, in the order in which they came about. */
  pollTransition(): Transition | undefined;
  /** When `handleTimeout` has something to do. */
  pollTimeout(): { at: string; reason: "overdue" | "forgotten" } | undefined;
  /** All agents as of the last call, by id. */
  agents(): Agent[];
  /** The same document, in the bytes that every host gives. */
  agentsJson(): string;
  /** Gives the memory back; the watch cannot be used afterwards. */
  free(): void;
  [Symbol.dispose](): void;
}

/** How many votes there are. */
export interface Votes {
  good: number;
  bad: number;
}

/** A vote and when it was given. */
export interface TimedVote {
  at: Moment;
  good: boolean;
}

/** What votes come to. */
export interface Rating {
  votes: number;
  /** The weight of those in favour; their number unless they decay. */
  good: number;
  bad: number;
  /** (good + 1) / (good + bad + 2), by which things are ranked. */
  score: number;
  /** Whether there is a vote at all: without one the score says nothing. */
  rated: boolean;
  /** Between which shares of good votes the true one lies, 95 times in 100. */
  interval: { low: number; high: number };
  /** What attune makes of the votes: good / (good + bad), and 1 without any. */
  attune_confidence: number;
}

/** What votes come to that all count the same. */
export function rateVotes(votes: Votes): Rating;

/** What votes come to that lose half their weight in `halfLifeMs` milliseconds. */
export function decayVotes(votes: TimedVote[], now: Moment, halfLifeMs: number): Rating;

/** The names of what was voted on, the best first. */
export function rankVotes(candidates: [string, Votes][]): string[];
