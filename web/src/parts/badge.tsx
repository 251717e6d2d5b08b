import type { ComponentChildren, JSX } from "preact";
import { formatWords } from "../format";

export type Tone = "good" | "warn" | "bad" | "plain" | "info";

const TONES: Readonly<Record<string, Tone>> = {
  ok: "good", alive: "good", approved: "good", succeeded: "good", success: "good", quiet: "good", complete: "good", read: "good",
  late: "warn", stale: "warn", attention: "warn", degraded: "warn", timed_out: "warn", expired: "warn", user_error: "warn", warn: "warn", warning: "warn", impaired: "warn", unreachable: "bad",
  dead: "bad", trouble: "bad", failed: "bad", error: "bad", rejected: "bad", firing: "bad", lost: "bad", down: "bad",
  pending: "info", running: "info", waiting: "info", active: "info", opening: "info", queued: "info", info: "info",
};

/** A state as a word with a sign before it, so that colour is never the only mark. */
export function Badge({ state, tone = TONES[state] ?? "plain", title, children }: { state: string; tone?: Tone; title?: string; children?: ComponentChildren }): JSX.Element {
  return (
    <span class={`badge ${tone}`} data-state={state} {...(title !== undefined && { title })}>
      <Dot tone={tone} />
      {children ?? formatWords(state)}
    </span>
  );
}

export function toneOf(state: string): Tone {
  return TONES[state] ?? "plain";
}

/** The tone as a shape: full, half, crossed, hollow. */
export function Dot({ tone }: { tone: Tone }): JSX.Element {
  return (
    <svg class={`dot ${tone}`} viewBox="0 0 10 10" width="10" height="10" aria-hidden="true" focusable="false">
      {tone === "good" && <circle cx="5" cy="5" r="3.5" class="full" />}
      {tone === "info" && <><circle cx="5" cy="5" r="3.2" /><circle cx="5" cy="5" r="1.2" class="full" /></>}
      {tone === "warn" && <path d="M5 1.2 9 8.4H1z" class="full" />}
      {tone === "bad" && <path d="M2 2l6 6M8 2l-6 6" class="cross" />}
      {tone === "plain" && <circle cx="5" cy="5" r="3.2" />}
    </svg>
  );
}
