import type { JSX } from "preact";
import type { RecentCall } from "../../engine/report";
import { formatCount, formatDuration, formatTime, visible } from "../../format";
import { DataTable } from "../../parts/data-table";
import type { Column } from "../../parts/data-table";
import { Money } from "../../parts/money";
import { Panel } from "../../parts/panel";

const COLUMNS: readonly Column<RecentCall>[] = [
  { key: "ts", label: "Time (UTC)", class: "time", sortBy: ({ ts }) => ts, cell: ({ ts }) => formatTime(ts), title: ({ ts }) => visible(ts) },
  { key: "workflow", label: "Workflow", class: "name", sortBy: ({ workflow }) => workflow, cell: ({ workflow }) => visible(workflow), title: ({ workflow }) => visible(workflow) },
  { key: "cost", label: "Cost", numeric: true, sortBy: ({ cost_usd }) => Number(cost_usd), cell: ({ cost_usd }) => <Money text={cost_usd} places={4} />, value: ({ cost_usd }) => cost_usd },
  { key: "stage", label: "Stage", class: "name quiet", sortBy: ({ stage }) => stage ?? "", cell: ({ stage }) => (stage === null ? "\u2013" : visible(stage)) },
  { key: "tier", label: "Tier", class: "name", sortBy: ({ tier }) => tier, cell: ({ tier }) => visible(tier) },
  { key: "model", label: "Model", class: "name", sortBy: ({ model }) => model, cell: ({ model }) => visible(model), title: ({ model, provider }) => `${visible(model)} of ${visible(provider)}` },
  { key: "in", label: "Tokens in", numeric: true, sortBy: ({ tokens_in }) => tokens_in, cell: ({ tokens_in }) => formatCount(tokens_in) },
  { key: "out", label: "Tokens out", numeric: true, sortBy: ({ tokens_out }) => tokens_out, cell: ({ tokens_out }) => formatCount(tokens_out) },
  { key: "cache", label: "Cache", sortBy: ({ cache_hit }) => (cache_hit ? 0 : 1), cell: ({ cache_hit, cache_type }) => (cache_hit ? `hit${cache_type === null ? "" : `, ${visible(cache_type)}`}` : <span class="quiet">miss</span>) },
  { key: "duration", label: "Duration", numeric: true, sortBy: ({ duration_ms }) => duration_ms, cell: ({ duration_ms }) => formatDuration(duration_ms), title: ({ duration_ms }) => `${formatCount(duration_ms)} ms` },
];

/** The newest calls of the window. */
export function Recent({ calls, total }: { calls: readonly RecentCall[]; total: number }): JSX.Element {
  const note = total > calls.length ? `the newest ${formatCount(calls.length)} of ${formatCount(total)}` : undefined;
  return (
    <Panel title="Recent calls" name="recent" note={note}>
      <DataTable
        caption="Recent calls"
        columns={COLUMNS}
        rows={calls}
        rowKey={(_call, index) => String(index)}
        pageSize={20}
        empty="No calls to show."
      />
    </Panel>
  );
}
