import type { JSX } from "preact";
import type { Bar, WorkflowRunDocument } from "../../engine/documents";
import { formatDuration, visible } from "../../format";
import { Badge } from "../../parts/badge";
import type { Column } from "../../parts/column";
import { DataTable } from "../../parts/data-table";
import { Panel } from "../../parts/panel";
import { hrefOf } from "../../route";
import { RunOf } from "./files";
import { pairSteps } from "./pair-steps";
import type { Pair } from "./pair-steps";
import { nameOf, RunLine } from "./waterfall";

/** Two runs beside each other, step by step. */
export function Compare({ first, second }: { first: string; second: string }): JSX.Element {
  return (
    <>
      <p class="back"><a href={hrefOf("runs")}>All workflow runs</a></p>
      <RunOf id={first} what="the first run">
        {(a) => <RunOf id={second} what="the second run">{(b) => <Both a={a} b={b} />}</RunOf>}
      </RunOf>
    </>
  );
}

const change = ({ a, b }: Pair): number | null => (a === null || b === null ? null : b.duration_ms - a.duration_ms);

const COLUMNS: readonly Column<Pair>[] = [
  { key: "step", label: "Step", class: "name path", sortBy: ({ name }) => name, cell: ({ name }) => visible(name) },
  { key: "a", label: "A", numeric: true, sortBy: ({ a }) => a?.duration_ms ?? -1, cell: ({ a }) => took(a), value: ({ a }) => a?.duration_ms ?? null },
  { key: "b", label: "B", numeric: true, sortBy: ({ b }) => b?.duration_ms ?? -1, cell: ({ b }) => took(b), value: ({ b }) => b?.duration_ms ?? null },
  { key: "change", label: "B against A", numeric: true, sortBy: (pair) => change(pair) ?? 0, cell: (pair) => ((ms) => (ms === null ? "\u2013" : <span class={ms > 0 ? "warn-text" : ""}>{ms > 0 ? "+" : ms < 0 ? "\u2212" : ""}{formatDuration(Math.abs(ms))}</span>))(change(pair)), value: change },
  { key: "ended", label: "Ended", cell: ({ a, b }) => (a !== null && b !== null && a.status === b.status ? <Badge state={a.status} /> : <>{a === null ? "not run" : <Badge state={a.status} />} {"\u2192"} {b === null ? "not run" : <Badge state={b.status} />}</>), value: ({ a, b }) => `${a?.status ?? ""}/${b?.status ?? ""}` },
];

function took(bar: Bar | null): string {
  return bar === null ? "\u2013" : formatDuration(bar.duration_ms);
}

function Both({ a, b }: { a: WorkflowRunDocument; b: WorkflowRunDocument }): JSX.Element {
  const pairs = pairSteps(a.bars, b.bars, nameOf);
  return (
    <Panel title="Two runs" name="compare">
      <dl class="pairs">
        <div><dt>A</dt><dd><a href={hrefOf("runs", ["workflow", a.run.run_id])}>{visible(a.run.workflow ?? a.run.run_id)}</a> <RunLine run={a.run} /></dd></div>
        <div><dt>B</dt><dd><a href={hrefOf("runs", ["workflow", b.run.run_id])}>{visible(b.run.workflow ?? b.run.run_id)}</a> <RunLine run={b.run} /></dd></div>
      </dl>
      <DataTable caption="Steps of both runs" columns={COLUMNS} rows={pairs} rowKey={({ name }, index) => `${index} ${name}`} pageSize={60} empty="Neither run has a step." />
    </Panel>
  );
}
