import type { JSX } from "preact";
import type { AgentDocument } from "../../engine/documents";
import { now } from "../../clock";
import { formatAge, formatTime, plural } from "../../format";

const WIDTH = 1000;
const HEIGHT = 34;
/** A gap this many intervals long is drawn as one. */
const GAP_INTERVALS = 2.5;

interface Props {
  /** Oldest first. */
  readonly beats: readonly string[];
  readonly work: AgentDocument["work"];
  /** In seconds. */
  readonly interval: number | null;
}

/** When beats came, as ticks from the oldest that is remembered until now; gaps are marked, work stands below. */
export function BeatStrip({ beats, work, interval }: Props): JSX.Element {
  const times = beats.map((beat) => Date.parse(beat)).filter((time) => !Number.isNaN(time));
  const [first] = times;
  const last = times.at(-1);
  if (first === undefined || last === undefined) return <p class="nothing">No beat is remembered.</p>;
  const until = Math.max(now.value, last);
  const span = Math.max(1, until - first);
  const x = (time: number): number => ((time - first) / span) * WIDTH;
  const gapMs = interval === null ? Infinity : interval * 1000 * GAP_INTERVALS;
  const gaps = [...times, until].flatMap((time, index, all) => {
    const before = all[index - 1];
    return before !== undefined && time - before > gapMs ? [{ from: before, to: time }] : [];
  });
  const longest = gaps.reduce((most, { from, to }) => Math.max(most, to - from), 0);
  const label = `${plural(times.length, "beat")} in ${formatAge(span)}, ${gaps.length === 0 ? "no gap" : `${plural(gaps.length, "gap")}, the longest ${formatAge(longest)}`}`;
  return (
    <figure class="beats">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`Beats: ${label}. The table below has the times.`}>
        {gaps.map(({ from, to }) => <rect key={from} class="gap" x={x(from)} y="0" width={Math.max(1, x(to) - x(from))} height="22" />)}
        {times.map((time, index) => <line key={index} class="beat" x1={x(time)} x2={x(time)} y1="2" y2="20" />)}
        {work.map(({ at }, index) => ((time) => (time >= first ? <line key={`w${index}`} class="work" x1={x(time)} x2={x(time)} y1="26" y2="33" /> : null))(Date.parse(at)))}
      </svg>
      <figcaption><span>{formatAge(until - first)} ago</span><span>{label}{work.length > 0 && "; below, traces of work"}</span><span>now</span></figcaption>
      <details>
        <summary>Beats as a table</summary>
        <table>
          <thead><tr><th scope="col">Beat (UTC)</th><th scope="col" class="num">After the one before</th></tr></thead>
          <tbody>
            {times.map((time, index) => {
              const before = times[index - 1];
              return <tr key={index}><th scope="row">{formatTime(beats[index] ?? "")}</th><td class="num">{before === undefined ? "\u2013" : `${((time - before) / 1000).toFixed(1)} s`}</td></tr>;
            }).toReversed()}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
