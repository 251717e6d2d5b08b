import type { JSX } from "preact";
import type { Documents } from "../../engine/documents";
import type { ExactMoney } from "../../engine/report";
import { formatCompact, formatCount, formatRatio, plural, visible } from "../../format";
import type { Column } from "../../parts/column";
import { DataTable } from "../../parts/data-table";
import { Money } from "../../parts/money";
import { Panel } from "../../parts/panel";
import type { Session } from "../../session";
import { useSideReport } from "./side-report";

type Report = ExactMoney<Documents["cache-stats"]>;
interface Row {
  readonly name: string;
  readonly use: Report["by_workflow"][string];
}

const COLUMNS: readonly Column<Row>[] = [
  { key: "name", label: "Workflow", class: "name", sortBy: ({ name }) => name, cell: ({ name }) => visible(name), title: ({ name }) => visible(name) },
  { key: "rate", label: "Hit rate", numeric: true, sortBy: ({ use }) => use.hit_rate, cell: ({ use }) => formatRatio(use.hit_rate) },
  { key: "read", label: "Read", numeric: true, sortBy: ({ use }) => use.read_tokens, cell: ({ use }) => formatCompact(use.read_tokens), title: ({ use }) => `${formatCount(use.read_tokens)} tokens` },
  { key: "written", label: "Written", numeric: true, sortBy: ({ use }) => use.creation_tokens, cell: ({ use }) => formatCompact(use.creation_tokens), title: ({ use }) => `${formatCount(use.creation_tokens)} tokens` },
  { key: "calls", label: "Calls", numeric: true, sortBy: ({ use }) => use.requests, cell: ({ use }) => formatCount(use.requests) },
];

/** What the prompt cache is used for, and what it saved once writing to it is paid. */
export function CachePanel({ session }: { session: Session }): JSX.Element | null {
  const report = useSideReport(session, "cache-stats");
  if (report === null) return null;
  const { savings, prompt_cache: use } = report;
  const unpriced = Object.entries(savings.unpriced_tokens);
  return (
    <Panel title="Prompt cache" name="cache" note={`${formatRatio(use.hit_rate)} of calls used it`}>
      <dl class="pairs">
        <div><dt>Saved by reading</dt><dd><Money text={savings.read_savings_usd} /></dd></div>
        <div><dt>Paid on top for writing</dt><dd><Money text={savings.write_surcharge_usd} /></dd></div>
        <div><dt>Net</dt><dd class={savings.net_savings_usd.startsWith("-") ? "bad-text" : "good-text"} data-figure="net-savings"><b><Money text={savings.net_savings_usd} /></b></dd></div>
      </dl>
      {unpriced.length > 0 && (
        <p class="aside warn-text">Not in it, for want of a price: {unpriced.map(([model, tokens]) => `${visible(model)} (${plural(tokens, "token")})`).join(", ")}</p>
      )}
      <DataTable caption="Prompt cache by workflow" columns={COLUMNS} rows={Object.entries(report.by_workflow).map(([name, of]) => ({ name, use: of }))} rowKey={({ name }) => name} sort={{ key: "read", direction: "descending" }} pageSize={6} empty="No calls." />
    </Panel>
  );
}
