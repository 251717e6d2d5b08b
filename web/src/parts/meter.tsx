import type { JSX } from "preact";
import { formatRatio } from "../format";

/** A part of a whole as a bar; from four fifths on it warns, above the whole it is bad. */
export function Meter({ part, label }: { part: number; label: string }): JSX.Element {
  const tone = part >= 1 ? "bad" : part >= 0.8 ? "warn" : "";
  return (
    <span class={`meter ${tone}`.trim()} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={1} aria-valuenow={Math.min(1, Math.max(0, part))} aria-valuetext={formatRatio(part)}>
      <span style={{ width: `${Math.max(0, Math.min(1, part)) * 100}%` }} />
    </span>
  );
}
