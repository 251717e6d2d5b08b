import type { JSX } from "preact";
import type { QualityDocument, RecommendDocument } from "../../engine/documents";
import { formatCount, formatRatio, formatWords, visible } from "../../format";
import { useDocument } from "../../live";
import { Badge } from "../../parts/badge";
import type { Column } from "../../parts/column";
import { DataTable } from "../../parts/data-table";
import { DocumentView } from "../../parts/document-view";
import { Panel } from "../../parts/panel";
import { hrefOf } from "../../route";
import { choose, route } from "../../router";

/** Of many workflows these are offered; all of them as one types. */
const MOST_OFFERED = 24;

/** Which tier the stages of a workflow should run on. */
export function Advice(): JSX.Element {
  const { workflow = "" } = route.value.params;
  const usage = useDocument("routing", { days: "30" }).data;
  const known = Object.keys(usage?.by_workflow ?? {});
  return (
    <Panel
      title="Tiers"
      name="advice"
      note="by the scores of a workflow's stages"
      controls={
        <>
          <input type="search" class="filter" list="workflows" placeholder="Workflow" aria-label="Workflow" value={workflow} onChange={(event) => choose({ workflow: event.currentTarget.value.trim() })} />
          <datalist id="workflows">{known.map((name) => <option key={name} value={name} />)}</datalist>
        </>
      }
    >
      {workflow === "" ? (
        <>
          <p class="nothing">{known.length === 0 ? "Name a workflow" : "Choose a workflow, or name another one above,"} to see how its stages score on each tier, and which tier is recommended.</p>
          {known.length > 0 && (
            <p class="places" data-known="workflows">
              {known.slice(0, MOST_OFFERED).map((name) => <a key={name} href={hrefOf("feedback", [], { workflow: name })}>{visible(name)}</a>)}
            </p>
          )}
        </>
      ) : (
        <DocumentView view="quality" params={{ workflow }} what="the scores of this workflow">{(document) => <Stages document={document} />}</DocumentView>
      )}
    </Panel>
  );
}

type Stage = QualityDocument["stages"][number];

const COLUMNS: readonly Column<Stage>[] = [
  { key: "stage", label: "Stage", class: "name", sortBy: ({ stage_name: name }) => name, cell: ({ stage_name: name }) => visible(name) },
  { key: "tier", label: "Tier", sortBy: ({ tier }) => tier, cell: ({ tier }) => visible(tier) },
  { key: "mean", label: "Mean score", numeric: true, sortBy: ({ mean }) => mean, cell: ({ mean }) => mean.toFixed(3) },
  { key: "samples", label: "Scores", numeric: true, sortBy: ({ samples }) => samples, cell: ({ samples }) => formatCount(samples) },
  { key: "range", label: "Lowest to highest", numeric: true, cell: ({ min, max }) => `${min.toFixed(2)} to ${max.toFixed(2)}`, value: ({ min, max }) => `${min}-${max}` },
  { key: "trend", label: "Trend", numeric: true, sortBy: ({ trend }) => trend, cell: ({ trend }) => `${trend > 0 ? "+" : trend < 0 ? "\u2212" : ""}${formatRatio(Math.abs(trend))}` },
  { key: "good", label: "Good enough", cell: ({ underperforms }) => (underperforms ? <Badge state="no" tone="warn">no</Badge> : <Badge state="yes" tone="good">yes</Badge>), value: ({ underperforms }) => (underperforms ? "no" : "yes") },
];

function Stages({ document }: { document: QualityDocument }): JSX.Element {
  const stages = [...new Set(document.stages.map(({ stage_name: name }) => name))];
  return (
    <>
      <DataTable caption={`Scores of ${document.workflow_name}`} columns={COLUMNS} rows={document.stages} rowKey={({ stage_name: name, tier }) => `${name} ${tier}`} empty="No score is kept for this workflow: muster feedback record." />
      {stages.map((stage) => (
        <DocumentView key={stage} view="recommend" params={{ workflow: document.workflow_name, stage }} what={`the tier for ${stage}`}>
          {(advice) => <Recommended advice={advice} />}
        </DocumentView>
      ))}
    </>
  );
}

function Recommended({ advice }: { advice: RecommendDocument }): JSX.Element {
  return (
    <p class="recommended">
      <b>{visible(advice.stage_name)}</b>: run on <b>{visible(advice.recommended_tier)}</b>
      <span class="quiet"> {visible(advice.explanation)} ({formatWords(advice.reason)}, confidence {formatRatio(advice.confidence)})</span>
    </p>
  );
}
