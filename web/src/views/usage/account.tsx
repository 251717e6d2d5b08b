import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import { exactMoney, formatAge, formatMoney, visible } from "../../format";
import { ServerContext, useDocument } from "../../live";
import { ActButton } from "../../parts/act-button";
import { DataTable } from "../../parts/data-table";
import { Money } from "../../parts/money";
import { Panel } from "../../parts/panel";

/** What the organisation is billed, beside what the logs of this machine say. */
export function AccountPanel(): JSX.Element | null {
  const documents = useContext(ServerContext);
  const { data } = useDocument("cost");
  if (documents === null || data === null) return null;
  const { summary, error, cache } = data;
  const mayAsk = documents.engine.capabilities.acts.includes("cost-refresh");
  return (
    <Panel
      title="Billed to the account"
      name="account"
      note={cache.age_s === null ? undefined : `${cache.state === "stale" ? "old: " : ""}fetched ${formatAge(cache.age_s * 1000)} ago`}
      controls={mayAsk ? <ActButton run={async () => documents.cell("cost", {}).set(await documents.engine.act("cost-refresh", {}))}>Fetch now</ActButton> : undefined}
    >
      {error !== null && <p class={`remark ${summary === null ? "" : "warn"}`} data-account={error.kind}><span>{visible(error.message)} {visible(error.hint)}</span></p>}
      {cache.damaged !== null && <p class="aside warn-text">A damaged file was put aside as {visible(cache.damaged)}.</p>}
      {summary !== null && (
        <>
          <dl class="pairs">
            <div><dt>Today</dt><dd title={exactMoney(summary.today_usd)}>{formatMoney(summary.today_usd)}</dd></div>
            <div><dt>7 days</dt><dd title={exactMoney(summary.seven_day_usd)}>{formatMoney(summary.seven_day_usd)}</dd></div>
            <div><dt>This month</dt><dd title={exactMoney(summary.month_to_date_usd)}>{formatMoney(summary.month_to_date_usd)}</dd></div>
            <div><dt>30 days</dt><dd title={exactMoney(summary.thirty_day_usd)}>{formatMoney(summary.thirty_day_usd)}</dd></div>
          </dl>
          <DataTable
            caption="Billed by model"
            columns={[
              { key: "name", label: "Model", class: "name", sortBy: ({ name }) => name, cell: ({ name }) => visible(name) },
              { key: "cost", label: "Billed", numeric: true, sortBy: ({ cost_usd: usd }) => Number(usd), cell: ({ cost_usd: usd }) => <Money text={usd} />, value: ({ cost_usd: usd }) => usd },
            ]}
            rows={summary.by_model}
            rowKey={({ name }) => name}
            pageSize={6}
            empty="Nothing was billed."
          />
          {summary.notes.map((note) => <p key={note} class="aside">{visible(note)}</p>)}
        </>
      )}
    </Panel>
  );
}
