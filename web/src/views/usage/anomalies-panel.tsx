import type { JSX } from "preact";
import type { Report } from "../../engine/report";
import { formatDay, formatMoney, formatRatio, visible } from "../../format";
import { useDocument } from "../../live";
import { Panel } from "../../parts/panel";
import { hrefOf } from "../../route";
import type { Session } from "../../session";
import { windowBounds } from "../../window";
import type { TimeWindow } from "../../window";
import { findAnomalies } from "./anomalies";
import type { Anomaly } from "./anomalies";

const MOST = 5;

/** Days that stand out, each with the model and the workflow that most of it went to. */
export function AnomaliesPanel({ session, report }: { session: Session; report: Report }): JSX.Element | null {
  const anomalies = findAnomalies(new Map(Object.entries(report.by_day).map(([day, totals]) => [day, Number(totals.cost_usd)])));
  if (anomalies.length === 0) return null;
  const served = session.engine.value === session.server.value;
  return (
    <Panel title="Unusual days" name="anomalies" note="far above the other days with calls">
      <ul class="lines">
        {anomalies.slice(0, MOST).map((anomaly) => (
          <li key={anomaly.day}>
            <a href={hrefOf("usage", [], { from: anomaly.day, to: anomaly.day })}>{formatDay(anomaly.day)}</a>
            <b>{formatMoney(report.by_day[anomaly.day]?.cost_usd ?? "0")}</b>
            <span class="quiet">{anomaly.ratio.toFixed(1)} times the usual {formatMoney(anomaly.usual.toFixed(9))}</span>
            {served && <Blame anomaly={anomaly} />}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** What that day's cost was mostly of. */
function Blame({ anomaly }: { anomaly: Anomaly }): JSX.Element | null {
  const window: TimeWindow = { kind: "range", from: anomaly.day, to: anomaly.day };
  const { from = "", to = "" } = windowBounds(window, new Date(0));
  const { data } = useDocument("usage", { from, to, recent: "0" });
  if (data === null) return null;
  const model = largest(data.by_model);
  const workflow = largest(data.by_workflow);
  if (model === null || workflow === null) return null;
  return <span>mostly {visible(model.name)} ({formatRatio(model.cost / anomaly.cost)}), by {visible(workflow.name)} ({formatRatio(workflow.cost / anomaly.cost)})</span>;
}

function largest(groups: Readonly<Record<string, { readonly cost_usd: unknown }>>): { readonly name: string; readonly cost: number } | null {
  return Object.entries(groups).reduce<{ name: string; cost: number } | null>((most, [name, { cost_usd: usd }]) => {
    const cost = Number(usd);
    return most === null || cost > most.cost ? { name, cost } : most;
  }, null);
}
