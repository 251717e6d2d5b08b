import type { JSX } from "preact";
import type { Documents } from "../../engine/documents";
import type { ExactMoney } from "../../engine/report";
import { formatCount, formatDuration, formatRatio, visible } from "../../format";
import type { Column } from "../../parts/column";
import { DataTable } from "../../parts/data-table";
import { Money } from "../../parts/money";
import { Panel } from "../../parts/panel";
import { choose } from "../../router";
import type { Session } from "../../session";
import { useSideReport } from "./side-report";

type Route = ExactMoney<Documents["routing"]>["by_workflow"][string]["by_model"][string];
interface Row {
  readonly model: string;
  readonly of: Route;
}

const COLUMNS: readonly Column<Row>[] = [
  { key: "model", label: "Model", class: "name", sortBy: ({ model }) => model, cell: ({ model }) => visible(model) },
  { key: "cost", label: "Cost", numeric: true, sortBy: ({ of }) => Number(of.cost_usd), cell: ({ of }) => <Money text={of.cost_usd} places={4} />, value: ({ of }) => of.cost_usd },
  { key: "share", label: "Of everything", numeric: true, sortBy: ({ of }) => of.cost_share, cell: ({ of }) => formatRatio(of.cost_share) },
  { key: "calls", label: "Calls", numeric: true, sortBy: ({ of }) => of.calls, cell: ({ of }) => formatCount(of.calls) },
  { key: "each", label: "Per call", numeric: true, sortBy: ({ of }) => Number(of.cost_per_call_usd), cell: ({ of }) => <Money text={of.cost_per_call_usd} places={4} />, value: ({ of }) => of.cost_per_call_usd },
  { key: "time", label: "Time per call", numeric: true, sortBy: ({ of }) => of.duration_per_call_ms, cell: ({ of }) => formatDuration(of.duration_per_call_ms) },
];

/** One workflow of the report, by the models that its calls went to. */
export function DrillDown({ session, workflow }: { session: Session; workflow: string }): JSX.Element {
  const report = useSideReport(session, "routing");
  const found = report?.by_workflow[workflow];
  return (
    <Panel title={visible(workflow)} name="drill-down" note="by model" controls={<button type="button" class="action" onClick={() => choose({ workflow: "" })}>Close</button>}>
      <DataTable caption={`Models of ${workflow}`} columns={COLUMNS} rows={Object.entries(found?.by_model ?? {}).map(([model, of]) => ({ model, of }))} rowKey={({ model }) => model} sort={{ key: "cost", direction: "descending" }} empty={report === null ? "Reading." : "This workflow has no calls in the window."} />
    </Panel>
  );
}
