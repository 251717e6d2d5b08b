import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Bar, WorkflowRun, WorkflowRunDocument } from "../../engine/documents";
import { formatDuration, formatTime, plural, visible } from "../../format";
import { Badge } from "../../parts/badge";
import { Choice } from "../../parts/choice";
import type { Column } from "../../parts/column";
import { DataTable } from "../../parts/data-table";
import { Panel } from "../../parts/panel";
import { hrefOf } from "../../route";
import { Bars } from "./bars";
import { RunOf } from "./files";

const FORMS = [
  { value: "chart", label: "Timeline" },
  { value: "table", label: "Table" },
] as const;

export const BAR_COLUMNS: readonly Column<Bar>[] = [
  { key: "step", label: "Step", class: "name path", sortBy: nameOf, cell: (bar) => visible(nameOf(bar)), title: (bar) => visible(nameOf(bar)) },
  { key: "status", label: "Ended", sortBy: ({ status }) => status, cell: ({ status }) => <Badge state={status} />, value: ({ status }) => status },
  { key: "offset", label: "Began after", numeric: true, sortBy: ({ offset_ms: ms }) => ms, cell: ({ offset_ms: ms }) => formatDuration(ms) },
  { key: "duration", label: "Took", numeric: true, sortBy: ({ duration_ms: ms }) => ms, cell: ({ duration_ms: ms }) => formatDuration(ms) },
  { key: "model", label: "Model type", class: "name", sortBy: ({ model_type: type }) => type ?? "", cell: ({ model_type: type }) => visible(type ?? "\u2013") },
  { key: "error", label: "Error", class: "reason", sortBy: ({ error }) => error ?? "", cell: ({ error }) => visible(error ?? "") },
];

/** What a bar is called: job and step, or whatever of it is known. */
export function nameOf({ job, step, method, entry_id: id }: Bar): string {
  const parts = [job, step, method].filter((part) => part !== null);
  return parts.length === 0 ? id : parts.join(" / ");
}

/** One run of a workflow, step by step. */
export function Waterfall({ id }: { id: string }): JSX.Element {
  return (
    <>
      <p class="back"><a href={hrefOf("runs")}>All workflow runs</a></p>
      <RunOf id={id} what="this run">{(document) => <Timeline document={document} />}</RunOf>
    </>
  );
}

function Timeline({ document }: { document: WorkflowRunDocument }): JSX.Element {
  const form = useSignal<"chart" | "table">("chart");
  const { run, bars } = document;
  const failed = bars.filter(({ status }) => status === "error" || status === "user_error");
  return (
    <>
      <Panel title={visible(run.workflow ?? run.run_id)} name="waterfall" note={<RunLine run={run} />} controls={<Choice legend="Timeline or table" options={FORMS} value={form.value} onChoose={(value) => (form.value = value)} />}>
        {form.value === "chart" ? (
          <Bars bars={bars} duration={run.duration_ms} firstFailure={document.first_failure} />
        ) : (
          <DataTable caption="Steps of the run" columns={BAR_COLUMNS} rows={bars} rowKey={({ entry_id: key }) => key} pageSize={100} empty="No step was seen." />
        )}
      </Panel>
      {failed.length > 0 && (
        <Panel title="Failures" name="failures" note={plural(failed.length, "step")}>
          <ul class="lines">
            {failed.map((bar) => (
              <li key={bar.entry_id}>
                <Badge state={bar.status} />
                <b>{visible(nameOf(bar))}</b>
                <span class="grow">{visible(bar.error ?? "no words")}</span>
                {bar.entry_id === document.first_failure && <span class="quiet">the first</span>}
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

export function RunLine({ run }: { run: WorkflowRun }): JSX.Element {
  return (
    <>
      {run.status !== null && <Badge state={run.status} />} {formatTime(run.started_at)} UTC
      {run.duration_ms !== null && `, ${formatDuration(run.duration_ms)}`}, {plural(run.steps, "step")}
      {run.failed_steps > 0 && `, ${run.failed_steps} failed`}
    </>
  );
}
