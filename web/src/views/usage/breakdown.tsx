import type { JSX } from "preact";
import type { Totals } from "../../engine/report";
import { formatCompact, formatCount, formatRatio, moneyPlaces, plural, visible } from "../../format";
import type { MoneyPlaces } from "../../format";
import { DataTable } from "../../parts/data-table";
import type { Column } from "../../parts/data-table";
import { Money } from "../../parts/money";
import { Panel } from "../../parts/panel";
import { choose } from "../../router";

interface Entry {
  readonly name: string;
  readonly totals: Totals;
  /** Part of the cost of all entries, 0..1. */
  readonly share: number;
}

interface Props {
  /** `workflow`, `model`, … */
  readonly by: string;
  readonly groups: Readonly<Record<string, Totals>>;
  /** Cost of everything in the window. */
  readonly whole: string;
}

/** Calls and cost by one property, most expensive first. */
export function Breakdown({ by, groups, whole }: Props): JSX.Element {
  const all = Number(whole);
  const entries = Object.entries(groups).map(([name, totals]): Entry => {
    return { name, totals, share: all > 0 ? Number(totals.cost_usd) / all : 0 };
  });
  return (
    <Panel title={`By ${by}`} name={`by-${by}`} note={entries.length > 0 ? plural(entries.length, by) : undefined}>
      <DataTable
        caption={`Cost and calls by ${by}`}
        columns={columnsFor(by, moneyPlaces(all))}
        rows={entries}
        rowKey={({ name }) => name}
        sort={{ key: "cost", direction: "descending" }}
        pageSize={8}
        empty="No calls to show."
      />
    </Panel>
  );
}

function columnsFor(by: string, places: MoneyPlaces): readonly Column<Entry>[] {
  return [
    {
      key: "name",
      label: by.charAt(0).toUpperCase() + by.slice(1),
      class: "name",
      sortBy: ({ name }) => name,
      cell: ({ name }) => (by === "workflow" ? <button type="button" class="link" onClick={() => choose({ workflow: name })}>{visible(name)}</button> : visible(name)),
      value: ({ name }) => name,
      title: ({ name }) => visible(name),
    },
    { key: "cost", label: "Cost", numeric: true, sortBy: ({ totals }) => Number(totals.cost_usd), cell: ({ totals }) => <Money text={totals.cost_usd} places={places} />, value: ({ totals }) => totals.cost_usd },
    { key: "share", label: "Share", numeric: true, class: "share", cell: ({ share }) => <Share ratio={share} />, value: ({ share }) => share },
    { key: "calls", label: "Calls", numeric: true, sortBy: ({ totals }) => totals.calls, cell: ({ totals }) => formatCount(totals.calls) },
    { key: "in", label: "In", numeric: true, sortBy: ({ totals }) => totals.tokens_in, cell: ({ totals }) => formatCompact(totals.tokens_in), title: ({ totals }) => `${formatCount(totals.tokens_in)} tokens in` },
    { key: "out", label: "Out", numeric: true, sortBy: ({ totals }) => totals.tokens_out, cell: ({ totals }) => formatCompact(totals.tokens_out), title: ({ totals }) => `${formatCount(totals.tokens_out)} tokens out` },
    { key: "cache", label: "Cache", numeric: true, sortBy: ({ totals }) => totals.cache_hit_rate, cell: ({ totals }) => formatRatio(totals.cache_hit_rate), title: ({ totals }) => `${formatCount(totals.cache_hits)} of ${plural(totals.calls, "call")} from the cache` },
  ];
}

function Share({ ratio }: { ratio: number }): JSX.Element {
  return (
    <span class="share-cell">
      <span class="bar" aria-hidden="true">
        <span style={{ width: `${Math.max(0, Math.min(1, ratio)) * 100}%` }} />
      </span>
      <span>{formatRatio(ratio)}</span>
    </span>
  );
}
