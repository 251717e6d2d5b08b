import type { JSX } from "preact";
import type { BridgeDocument, CallStats } from "../../engine/documents";
import { formatCount, formatDuration, formatRatio, visible } from "../../format";
import type { Column } from "../../parts/column";
import { DataTable } from "../../parts/data-table";
import { DocumentView } from "../../parts/document-view";
import { Panel } from "../../parts/panel";

type Named = CallStats & { readonly name: string };

const span = (ms: number | null): string => (ms === null ? "\u2013" : formatDuration(ms));

const COLUMNS: readonly Column<Named>[] = [
  { key: "name", label: "What", class: "name path", sortBy: ({ name }) => name, cell: ({ name }) => visible(name), title: ({ name }) => visible(name) },
  { key: "total", label: "Calls", numeric: true, sortBy: ({ total }) => total, cell: ({ total }) => formatCount(total) },
  { key: "failed", label: "Failed", numeric: true, sortBy: ({ error, user_error: user }) => error + user, cell: ({ error, user_error: user }) => formatCount(error + user) },
  { key: "rate", label: "Succeeded", numeric: true, sortBy: ({ success_rate: rate }) => rate ?? -1, cell: ({ success_rate: rate }) => (rate === null ? "\u2013" : formatRatio(rate)) },
  { key: "p50", label: "p50", numeric: true, sortBy: ({ duration_ms: ms }) => ms.p50 ?? -1, cell: ({ duration_ms: ms }) => span(ms.p50) },
  { key: "p95", label: "p95", numeric: true, sortBy: ({ duration_ms: ms }) => ms.p95 ?? -1, cell: ({ duration_ms: ms }) => span(ms.p95) },
  { key: "p99", label: "p99", numeric: true, sortBy: ({ duration_ms: ms }) => ms.p99 ?? -1, cell: ({ duration_ms: ms }) => span(ms.p99) },
];

/** How often workflows and their steps ran, failed, and how long they took. */
export function WorkflowStats(): JSX.Element {
  return <DocumentView view="bridge" what="figures of workflows">{(document) => <Stats document={document} />}</DocumentView>;
}

function Stats({ document }: { document: BridgeDocument }): JSX.Element {
  const workflows = Object.entries(document.by_workflow).map(([name, stats]) => ({ ...stats, name }));
  const steps = document.by_step.map((step) => ({ ...step, name: `${step.workflow} / ${step.job} / ${step.step}` }));
  return (
    <>
      <Panel title="By workflow" name="bridge-workflows">
        <DataTable caption="Workflows" columns={COLUMNS} rows={workflows} rowKey={({ name }) => name} sort={{ key: "total", direction: "descending" }} pageSize={8} empty="No workflow was seen." />
      </Panel>
      <Panel title="By step" name="bridge-steps" {...(document.steps_left_out > 0 && { note: `${formatCount(document.steps_left_out)} rarer ones not shown` })}>
        <DataTable caption="Steps" columns={COLUMNS} rows={steps} rowKey={({ name }, index) => `${index} ${name}`} sort={{ key: "total", direction: "descending" }} pageSize={8} empty="No step was seen." />
      </Panel>
    </>
  );
}
