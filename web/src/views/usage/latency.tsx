import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Latency, Report } from "../../engine/report";
import { formatCount, formatDuration, visible } from "../../format";
import { Choice } from "../../parts/choice";
import type { Column } from "../../parts/column";
import { DataTable } from "../../parts/data-table";
import { Panel } from "../../parts/panel";

type By = "workflow" | "model" | "tier" | "stage" | "day";

const BYS = [
  { value: "workflow", label: "Workflow" },
  { value: "model", label: "Model" },
  { value: "tier", label: "Tier" },
  { value: "stage", label: "Stage" },
  { value: "day", label: "Day" },
] as const;

interface Row {
  readonly name: string;
  readonly of: Latency;
  /** Part of the longest 99th percentile of the table, 0..1. */
  readonly scale: number;
}

/** How long calls took: half of them, 95 and 99 of 100. */
export function LatencyPanel({ latency }: { latency: Report["latency"] }): JSX.Element | null {
  const by = useSignal<By>("workflow");
  const { all } = latency;
  if (all === null) return null;
  const groups = { workflow: latency.by_workflow, model: latency.by_model, tier: latency.by_tier, stage: latency.by_stage, day: latency.by_day }[by.value];
  const longest = Object.values(groups).reduce((most, { p99_ms: ms }) => Math.max(most, ms), 1);
  const rows = Object.entries(groups).map(([name, of]): Row => ({ name, of, scale: 1 / longest }));
  return (
    <Panel
      title="Latency"
      name="latency"
      note={`half of the calls within ${formatDuration(all.p50_ms)}, 95 of 100 within ${formatDuration(all.p95_ms)}, 99 within ${formatDuration(all.p99_ms)}`}
      controls={<Choice legend="Latency by" options={BYS} value={by.value} onChoose={(value) => (by.value = value)} />}
    >
      <DataTable
        key={by.value}
        caption={`Latency by ${by.value}`}
        columns={columnsFor(by.value)}
        rows={rows}
        rowKey={({ name }) => name}
        sort={by.value === "day" ? { key: "name", direction: "descending" } : { key: "p95", direction: "descending" }}
        pageSize={8}
        empty="No call states how long it took."
      />
    </Panel>
  );
}

function columnsFor(by: By): readonly Column<Row>[] {
  return [
    { key: "name", label: by.charAt(0).toUpperCase() + by.slice(1), class: "name", sortBy: ({ name }) => name, cell: ({ name }) => visible(name), title: ({ name }) => visible(name), value: ({ name }) => name },
    percentile("p50", "p50", ({ p50_ms: ms }) => ms),
    percentile("p95", "p95", ({ p95_ms: ms }) => ms),
    { key: "p99", label: "p99", numeric: true, class: "spread-column", sortBy: ({ of }) => of.p99_ms, cell: (row) => <Spread row={row} /> },
    { key: "calls", label: "Calls", numeric: true, sortBy: ({ of }) => of.calls, cell: ({ of }) => formatCount(of.calls), title: ({ of }) => `${formatCount(of.calls)} calls state how long they took` },
  ];
}

function percentile(key: string, label: string, read: (of: Latency) => number): Column<Row> {
  return { key, label, numeric: true, sortBy: ({ of }) => read(of), cell: ({ of }) => formatDuration(read(of)) };
}

/** From the median over the 95th to the 99th percentile, all rows on one scale. */
function Spread({ row: { of, scale } }: { row: Row }): JSX.Element {
  const at = (ms: number): string => `${Math.min(1, ms * scale) * 100}%`;
  const width = (from: number, to: number): string => `${Math.max(0.01, (to - from) * scale) * 100}%`;
  return (
    <span class="share-cell">
      <span class="spread" aria-hidden="true">
        <span class="to-p99" style={{ left: at(of.p50_ms), width: width(of.p50_ms, of.p99_ms) }} />
        <span class="to-p95" style={{ left: at(of.p50_ms), width: width(of.p50_ms, of.p95_ms) }} />
      </span>
      <span>{formatDuration(of.p99_ms)}</span>
    </span>
  );
}
