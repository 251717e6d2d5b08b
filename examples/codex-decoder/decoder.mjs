// Reads the session logs of the Codex CLI (~/.codex/sessions/**/rollout-*.jsonl) as usage
// records: one record per call of a model. A decoder for muster, in JavaScript:
//
//     npm install && npm run build
//     muster telemetry show --decoder codex.decoder.wasm ~/.codex/sessions
//
// A line is {timestamp, type, payload}. `session_meta` and `turn_context` say where and by
// which model; after each call a `token_count` says what it took (`last_token_usage`) and
// what the session has taken so far (`total_token_usage`). The same count is often written
// twice in a row, and a session that is branched off repeats earlier lines: such counts are
// passed over. Cached tokens are a part of the input, reasoning is a part of the output.

// Dollars per million tokens.
const PRICES = [
  { model: "gpt-5", input: "1.25", output: "10" },
  { model: "gpt-5-codex", input: "1.25", output: "10" },
  { model: "gpt-5-mini", input: "0.25", output: "2" },
  { model: "gpt-5-nano", input: "0.05", output: "0.4" },
];

/** Counts that were given, in all files. */
const given = new Set();
/** The session whose lines come now. */
let session = {};

const count = (usage, name) => (Number.isSafeInteger(usage[name]) && usage[name] > 0 ? usage[name] : 0);

function tier(model) {
  return /mini|nano/.test(model) ? "CHEAP" : "CAPABLE";
}

function project(cwd) {
  return cwd?.split(/[/\\]/).findLast((part) => part) ?? "codex";
}

function record({ timestamp, payload: { info } }) {
  const usage = info?.last_token_usage;
  // The first count of a session may state limits and no tokens.
  if (!usage) return "";
  if (typeof timestamp !== "string") throw "a token count without a timestamp";
  const total = JSON.stringify(info.total_token_usage ?? null);
  const key = `${timestamp} ${total}`;
  const repeated = given.has(key) || total === session.total;
  given.add(key);
  session.total = total;
  if (repeated) return "";
  const cached = count(usage, "cached_input_tokens");
  const written = count(usage, "cache_write_input_tokens");
  const model = session.model ?? "unknown";
  const fields = {
    v: "1.0",
    ts: timestamp,
    workflow: project(session.cwd),
    tier: tier(model),
    model,
    provider: "openai",
    tokens: {
      input: Math.max(0, count(usage, "input_tokens") - cached - written),
      output: count(usage, "output_tokens"),
    },
    cache: { hit: false },
    duration_ms: 0,
    user_id: session.id,
    prompt_cache: { hit: cached > 0, creation_tokens: written, read_tokens: cached },
  };
  return JSON.stringify(fields) + "\n";
}

/** The interface `muster:plugin/decode`; what is thrown is why a line is malformed. */
export const decode = {
  about() {
    return { name: "codex", version: "0.1.0", log: "usage", prices: PRICES };
  },

  start(_file) {
    session = {};
  },

  line(text) {
    let line;
    try {
      line = JSON.parse(text);
    } catch (error) {
      throw String(error.message);
    }
    const payload = line?.payload;
    if (line?.type === "session_meta" || line?.type === "turn_context") {
      session.id = payload?.id ?? session.id;
      session.cwd = payload?.cwd ?? session.cwd;
      session.model = payload?.model ?? session.model;
    } else if (line?.type === "event_msg" && payload?.type === "token_count") {
      return record(line);
    }
    return "";
  },

  finish() {
    return "";
  },
};
