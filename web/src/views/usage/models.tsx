import type { JSX } from "preact";
import type { Documents } from "../../engine/documents";
import type { ExactMoney } from "../../engine/report";
import { formatCount, formatDuration, visible } from "../../format";
import type { Column } from "../../parts/column";
import { DataTable } from "../../parts/data-table";
import { Money } from "../../parts/money";
import { Panel } from "../../parts/panel";
import type { Session } from "../../session";
import { useSideReport } from "./side-report";

type Report = ExactMoney<Documents["models"]>;
interface Row {
  readonly provider: string;
  readonly model: string;
  readonly of: Report["providers"][string][string];
}

const COLUMNS: readonly Column<Row>[] = [
  { key: "model", label: "Model", class: "name", sortBy: ({ model }) => model, cell: ({ model }) => visible(model), title: ({ model, provider }) => `${visible(model)} of ${visible(provider)}` },
  { key: "time", label: "Time per call", numeric: true, sortBy: ({ of }) => of.duration_per_call_ms, cell: ({ of }) => formatDuration(of.duration_per_call_ms) },
  { key: "cost", label: "Cost per call", numeric: true, sortBy: ({ of }) => Number(of.cost_per_call_usd), cell: ({ of }) => <Money text={of.cost_per_call_usd} places={4} />, value: ({ of }) => of.cost_per_call_usd },
  { key: "recorded", label: "Recorded", numeric: true, sortBy: ({ of }) => Number(of.cost_usd), cell: ({ of }) => <Money text={of.cost_usd} places={4} />, value: ({ of }) => of.cost_usd },
  { key: "list", label: "By price list", numeric: true, sortBy: ({ of }) => Number(of.list_cost_usd ?? -1), cell: ({ of }) => (of.list_cost_usd === null ? <span class="warn-text">no price</span> : <Money text={of.list_cost_usd} places={4} />), value: ({ of }) => of.list_cost_usd },
  { key: "calls", label: "Calls", numeric: true, sortBy: ({ of }) => of.calls, cell: ({ of }) => formatCount(of.calls) },
];

/** How long models take and what they cost, as recorded and by the price list. */
export function ModelsPanel({ session }: { session: Session }): JSX.Element | null {
  const report = useSideReport(session, "models");
  if (report === null) return null;
  const rows = Object.entries(report.providers).flatMap(([provider, models]) => Object.entries(models).map(([model, of]): Row => ({ provider, model, of })));
  return (
    <Panel title="Models" name="models" note="time and price of a call">
      <DataTable caption="Models" columns={COLUMNS} rows={rows} rowKey={({ provider, model }) => `${provider} ${model}`} sort={{ key: "recorded", direction: "descending" }} pageSize={8} empty="No calls." />
    </Panel>
  );
}
