import type { JSX } from "preact";
import type { Spend } from "../../engine/documents";
import { formatMoney, formatRatio, plural, visible } from "../../format";
import { Badge } from "../../parts/badge";
import { Meter } from "../../parts/meter";
import { Money } from "../../parts/money";
import { Panel } from "../../parts/panel";
import { hrefOf } from "../../route";

/** What today costs, against the days before and the user's own limit. */
export function SpendPanel({ spend }: { spend: Spend | null }): JSX.Element {
  if (spend === null) {
    return <Panel title="Spend today" name="spend"><p class="nothing">No usage log was read yet.</p></Panel>;
  }
  const today = hrefOf("usage", [], { from: spend.day, to: spend.day });
  return (
    <Panel title="Spend today" name="spend" note={<a href={today}>{spend.day} (UTC)</a>} controls={spend.level === "alarm" ? <Badge state="alarm" tone="bad">unusual</Badge> : undefined}>
      <p class="big-figure"><Money text={spend.today_usd} /> {spend.usual_usd !== null && <span class="quiet">usually <Money text={spend.usual_usd} /> a day</span>}</p>
      <p class="explain">{visible(spend.detail)}</p>
      {spend.usual_usd === null && <p class="quiet">What is usual is known after three days with calls; there {spend.baseline_days === 1 ? "is" : "are"} {plural(spend.baseline_days, "day")}.</p>}
      <dl class="pairs">
        {spend.top_model !== null && <div><dt>Most of it by model</dt><dd>{visible(spend.top_model.name)} <Money text={spend.top_model.cost_usd} /></dd></div>}
        {spend.top_workflow !== null && <div><dt>Most of it by workflow</dt><dd>{visible(spend.top_workflow.name)} <Money text={spend.top_workflow.cost_usd} /></dd></div>}
        <div>
          <dt>This month</dt>
          <dd>
            <Money text={spend.month_to_date_usd} />
            {spend.budget_usd !== null && <> of {formatMoney(spend.budget_usd)} ({formatRatio(spend.budget_share ?? 0)})</>}
          </dd>
        </div>
      </dl>
      {spend.budget_share !== null && <Meter part={spend.budget_share} label="Part of this month's budget" isLimit />}
    </Panel>
  );
}
