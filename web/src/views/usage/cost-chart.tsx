import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Totals } from "../../engine/report";
import { formatCompact, formatCount, formatDay, formatMoney, formatRatio, moneyPlaces, plural } from "../../format";
import type { MoneyPlaces } from "../../format";
import { DayChart } from "../../parts/chart";
import type { DayBars } from "../../parts/chart";
import { Choice } from "../../parts/choice";
import { DataTable } from "../../parts/data-table";
import type { Column } from "../../parts/data-table";
import { daysInOrder } from "../../parts/days";
import type { Day } from "../../parts/days";
import { Money } from "../../parts/money";
import { Panel } from "../../parts/panel";
import { theme } from "../../theme";

type Measure = "cost" | "calls" | "tokens";
type Form = "chart" | "table";

const MEASURES = [
  { value: "cost", label: "Cost" },
  { value: "calls", label: "Calls" },
  { value: "tokens", label: "Tokens" },
] as const;

const FORMS = [
  { value: "chart", label: "Chart" },
  { value: "table", label: "Table" },
] as const;

const TITLES: Record<Measure, string> = { cost: "Cost per day", calls: "Calls per day", tokens: "Tokens per day" };

function measured(totals: Totals | null, measure: Measure): number {
  if (totals === null) return 0;
  switch (measure) {
    case "cost":
      return Number(totals.cost_usd);
    case "calls":
      return totals.calls;
    case "tokens":
      return totals.tokens_in + totals.tokens_out;
  }
}

/** Labels of one axis, all with as many places as the finest of them needs. */
function axisLabels(values: readonly number[], measure: Measure): string[] {
  if (measure !== "cost") return values.map((value) => formatCompact(value));
  const step = Math.abs((values[1] ?? 1) - (values[0] ?? 0));
  const places = step >= 1 || step === 0 ? 0 : Math.min(6, Math.max(2, Math.ceil(-Math.log10(step) - 1e-9)));
  return values.map((value) => (value >= 10_000 ? `$${formatCompact(value)}` : `$${formatCount(value, places)}`));
}

function describe({ day, totals }: Day): string[] {
  if (totals === null) return [formatDay(day), "no calls"];
  return [
    formatDay(day),
    formatMoney(totals.cost_usd),
    plural(totals.calls, "call"),
    `tokens: ${formatCompact(totals.tokens_in)} in, ${formatCompact(totals.tokens_out)} out`,
  ];
}

interface Props {
  readonly byDay: Readonly<Record<string, Totals>>;
  /** The user's own limit for a month, in US dollars. */
  readonly budget: string | null;
  /** A stretch of days was dragged over. */
  readonly onSelect: (from: string, to: string) => void;
}

/** Cost, calls or tokens by day, as bars or as a table. */
export function CostChart({ byDay, budget, onSelect }: Props): JSX.Element {
  const measure = useSignal<Measure>("cost");
  const form = useSignal<Form>("chart");
  const title = useComputed(() => TITLES[measure.value]);
  const { days, filled } = useMemo(() => daysInOrder(byDay), [byDay]);

  return (
    <Panel
      title={title.value}
      name="days"
      note={filled ? `UTC days${form.value === "chart" && days.length > 1 ? "; drag over some to see only these" : ""}` : "UTC days; only those with calls, because they lie so far apart"}
      controls={
        <>
          {form.value === "chart" && (
            <Choice legend="What the chart shows" options={MEASURES} value={measure.value} onChoose={(value) => (measure.value = value)} />
          )}
          <Choice legend="Chart or table" options={FORMS} value={form.value} onChoose={(value) => (form.value = value)} />
        </>
      }
    >
      {days.length === 0 ? (
        <p class="nothing">No calls to show.</p>
      ) : form.value === "chart" ? (
        <Bars days={days} measure={measure.value} limit={measure.value === "cost" ? budgetPerDay(budget) : null} onSelect={onSelect} />
      ) : (
        <DayTable days={days} />
      )}
    </Panel>
  );
}

function barsOf(days: readonly Day[], measure: Measure): DayBars {
  return {
    days: days.map(({ day }) => Date.parse(`${day}T00:00:00Z`) / 1000),
    values: days.map(({ totals }) => measured(totals, measure)),
  };
}

/** A month's budget over the days of this month. */
function budgetPerDay(budget: string | null): number | null {
  const amount = Number(budget ?? 0);
  const now = new Date();
  const days = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 0)).getUTCDate();
  return amount > 0 ? amount / days : null;
}

interface BarsProps {
  readonly days: readonly Day[];
  readonly measure: Measure;
  readonly limit: number | null;
  readonly onSelect: Props["onSelect"];
}

function Bars({ days, measure, limit, onSelect }: BarsProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<DayChart | null>(null);
  const latest = useRef(days);
  latest.current = days;

  useEffect(() => {
    if (host.current === null) return undefined;
    const made = new DayChart(
      host.current,
      barsOf(latest.current, measure),
      {
        formatAxis: (values) => axisLabels(values, measure),
        ...(limit !== null && { limit: { value: limit, label: `budget ${formatMoney(limit.toFixed(9))} a day` } }),
        describe: (index) => {
          const day = latest.current[index];
          return day === undefined ? [] : describe(day);
        },
        onSelect: (first, last) => {
          const from = latest.current[first];
          const to = latest.current[last];
          if (from !== undefined && to !== undefined) onSelect(from.day, to.day);
        },
      },
    );
    chart.current = made;
    return () => {
      made.destroy();
      chart.current = null;
    };
  }, [measure, limit]);
  useEffect(() => chart.current?.update(barsOf(days, measure)), [days]);

  const scheme = theme.value;
  useEffect(() => chart.current?.redraw(), [scheme]);

  const first = days[0];
  const last = days.at(-1);
  const label =
    first === undefined || last === undefined
      ? ""
      : `Bar chart, ${TITLES[measure].toLowerCase()}, ${formatDay(first.day)} to ${formatDay(last.day)}. The table has the same figures.${limit === null ? "" : ` A line marks the budget of ${formatMoney(limit.toFixed(9))} a day.`}`;
  return <div class="chart" ref={host} role="img" aria-label={label} />;
}

const dayColumns = (places: MoneyPlaces): readonly Column<Day>[] => [
  { key: "day", label: "Day", sortBy: ({ day }) => day, cell: ({ day }) => day },
  { key: "cost", label: "Cost", numeric: true, sortBy: (day) => measured(day.totals, "cost"), cell: ({ totals }) => (totals === null ? "\u2013" : <Money text={totals.cost_usd} places={places} />), value: ({ totals }) => totals?.cost_usd ?? "0" },
  { key: "calls", label: "Calls", numeric: true, sortBy: (day) => measured(day.totals, "calls"), cell: ({ totals }) => formatCount(totals?.calls ?? 0) },
  { key: "in", label: "Tokens in", numeric: true, sortBy: ({ totals }) => totals?.tokens_in ?? 0, cell: ({ totals }) => formatCount(totals?.tokens_in ?? 0) },
  { key: "out", label: "Tokens out", numeric: true, sortBy: ({ totals }) => totals?.tokens_out ?? 0, cell: ({ totals }) => formatCount(totals?.tokens_out ?? 0) },
  { key: "cache", label: "Cache hits", numeric: true, sortBy: ({ totals }) => totals?.cache_hit_rate ?? -1, cell: ({ totals }) => (totals === null ? "\u2013" : formatRatio(totals.cache_hit_rate)) },
];

function DayTable({ days }: { days: readonly Day[] }): JSX.Element {
  const largest = days.reduce((most, { totals }) => Math.max(most, measured(totals, "cost")), 0);
  return (
    <DataTable
      caption="Cost, calls and tokens by day"
      columns={dayColumns(moneyPlaces(largest))}
      rows={days}
      rowKey={({ day }) => day}
      sort={{ key: "day", direction: "descending" }}
      pageSize={14}
      empty="No calls to show."
    />
  );
}
