import type { ComponentChildren, JSX } from "preact";
import type { Report } from "../../engine/report";
import { divideMoney, exactMoney, formatCompact, formatCount, formatDuration, formatMoney, formatRatio, plural } from "../../format";

interface TileProps {
  readonly name: string;
  readonly label: string;
  readonly title?: string;
  readonly children: ComponentChildren;
  readonly below: string;
}

function Tile({ name, label, title, children, below }: TileProps): JSX.Element {
  return (
    <div class="tile" data-tile={name}>
      <dt>{label}</dt>
      <dd class="figure" {...(title !== undefined && { title })}>{children}</dd>
      <dd class="below">{below}</dd>
    </div>
  );
}

/** The sums of the window. */
export function TotalsStrip({ report }: { report: Report }): JSX.Element {
  const { totals } = report;
  const { calls } = totals;
  const days = Object.keys(report.by_day).length;
  return (
    <dl class="tiles" data-panel="totals">
      <Tile name="cost" label="Cost" title={exactMoney(totals.cost_usd)} below={calls > 0 ? `${formatMoney(divideMoney(totals.cost_usd, calls))} per call` : "no calls"}>
        {formatMoney(totals.cost_usd)}
      </Tile>
      <Tile name="calls" label="Calls" below={`on ${plural(days, "day")}`}>
        {formatCount(calls)}
      </Tile>
      <Tile name="tokens-in" label="Tokens in" title={formatCount(totals.tokens_in)} below={calls > 0 ? `${formatCompact(Math.round(totals.tokens_in / calls))} per call` : "\u2013"}>
        {formatCompact(totals.tokens_in)}
      </Tile>
      <Tile name="tokens-out" label="Tokens out" title={formatCount(totals.tokens_out)} below={calls > 0 ? `${formatCompact(Math.round(totals.tokens_out / calls))} per call` : "\u2013"}>
        {formatCompact(totals.tokens_out)}
      </Tile>
      <Tile name="cache" label="Cache hits" title={`${formatCount(totals.cache_hits)} of ${plural(calls, "call")}`} below={`${formatCompact(totals.cache_hits)} of ${formatCompact(calls)} ${calls === 1 ? "call" : "calls"}`}>
        {calls > 0 ? formatRatio(totals.cache_hit_rate) : "\u2013"}
      </Tile>
      <Tile
        name="prompt-cache"
        label="Prompt cache read"
        title={`${formatCount(totals.prompt_cache_read_tokens)} tokens read, ${formatCount(totals.prompt_cache_creation_tokens)} written, ${plural(totals.prompt_cache_hits, "hit")}`}
        below={`${formatCompact(totals.prompt_cache_creation_tokens)} written`}
      >
        {formatCompact(totals.prompt_cache_read_tokens)}
      </Tile>
      <Tile name="time" label="Time in calls" title={`${formatCount(totals.duration_ms)} ms`} below={calls > 0 ? `${formatDuration(totals.duration_ms / calls)} per call` : "\u2013"}>
        {formatDuration(totals.duration_ms)}
      </Tile>
    </dl>
  );
}
