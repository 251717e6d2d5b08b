import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { Bar } from "../../engine/documents";
import { formatDuration, visible } from "../../format";
import { MOST_PRINTED, printing } from "../../parts/printing";
import { nameOf } from "./waterfall";

const ROW_PX = 26;
const BESIDE = 20;

interface Props {
  /** By their start. */
  readonly bars: readonly Bar[];
  readonly duration: number | null;
  readonly firstFailure: string | null;
}

/** Steps as bars on one axis of time; of very long runs only the rows in sight are drawn. */
export function Bars({ bars, duration, firstFailure }: Props): JSX.Element {
  const top = useSignal(0);
  const box = useRef<HTMLDivElement>(null);
  const whole = Math.max(1, duration ?? 0, ...bars.map(({ offset_ms: from, duration_ms: length }) => from + length));
  if (bars.length === 0) return <p class="nothing">No step of this run was seen.</p>;
  const height = 640;
  const prints = printing.value;
  const first = prints ? 0 : Math.max(0, Math.floor(top.value / ROW_PX) - BESIDE);
  const last = Math.min(bars.length, prints ? MOST_PRINTED : Math.ceil((top.value + height) / ROW_PX) + BESIDE);
  return (
    <div class="waterfall" role="region" aria-label="Timeline of the run; the table has the same figures" tabIndex={0} ref={box} onScroll={() => (top.value = box.current?.scrollTop ?? 0)}>
      <div class="axis" aria-hidden="true">
        {[0, 0.25, 0.5, 0.75, 1].map((part) => <span key={part} style={{ left: `${part * 100}%` }}>{formatDuration(whole * part)}</span>)}
      </div>
      <ol style={{ height: `${(prints ? last : bars.length) * ROW_PX}px` }}>
        {bars.slice(first, last).map((bar, at) => {
          const failed = bar.status === "error" || bar.status === "user_error";
          const words = `${nameOf(bar)}: ${bar.status.replace("_", " ")}, began after ${formatDuration(bar.offset_ms)}, took ${formatDuration(bar.duration_ms)}${bar.error === null ? "" : `: ${bar.error}`}`;
          return (
            <li key={bar.entry_id} style={{ top: `${(first + at) * ROW_PX}px` }} title={visible(words)} class={bar.entry_id === firstFailure ? "first-failure" : ""}>
              <span class="bar-name">{failed && <b class="bad-text" aria-hidden="true">{"\u00d7 "}</b>}{visible(nameOf(bar))}<span class="hidden">: {bar.status.replace("_", " ")}, took {formatDuration(bar.duration_ms)}</span></span>
              <span class="track" aria-hidden="true">
                <span class={`span ${bar.status}`} style={{ left: `${(bar.offset_ms / whole) * 100}%`, width: `${Math.max(0.2, (bar.duration_ms / whole) * 100)}%` }} />
                <span class={`bar-time${(bar.offset_ms + bar.duration_ms) / whole > 0.85 ? " before" : ""}`} style={(bar.offset_ms + bar.duration_ms) / whole > 0.85 ? { right: `${100 - (bar.offset_ms / whole) * 100}%` } : { left: `${((bar.offset_ms + bar.duration_ms) / whole) * 100}%` }}>{formatDuration(bar.duration_ms)}</span>
              </span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
