import type { JSX } from "preact";
import { formatRatio } from "../format";

interface Props {
  readonly part: number;
  readonly label: string;
  /** The whole is a limit: from four fifths on the bar warns, and at the whole it is bad. */
  readonly isLimit?: boolean;
}

/** A part of a whole as a bar. */
export function Meter({ part, label, isLimit = false }: Props): JSX.Element {
  const tone = !isLimit || part < 0.8 ? "" : part >= 1 ? "bad" : "warn";
  return (
    <span class={`meter ${tone}`.trim()} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={1} aria-valuenow={Math.min(1, Math.max(0, part))} aria-valuetext={formatRatio(part)}>
      <span style={{ width: `${Math.max(0, Math.min(1, part)) * 100}%` }} />
    </span>
  );
}
