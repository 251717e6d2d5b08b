import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { WorkflowRun, WorkflowRunsDocument } from "../../engine/documents";
import { formatCount, formatDuration, formatTime, plural, visible } from "../../format";
import { Badge } from "../../parts/badge";
import { Chips, chosenValues } from "../../parts/chips";
import type { Column } from "../../parts/column";
import { DocumentView } from "../../parts/document-view";
import { Filter, matches } from "../../parts/filter";
import { Panel } from "../../parts/panel";
import { VirtualTable } from "../../parts/virtual-table";
import { hrefOf } from "../../route";
import { route } from "../../router";
import { openedRuns } from "../../run-files";
import { FilesOfRuns } from "./files";
import { WorkflowStats } from "./workflow-stats";

const STATUSES = ["success", "error", "user_error", "cancelled"] as const;

/** Runs of workflows as the bridge has seen them, or out of files that were dropped. */
export function WorkflowRuns(): JSX.Element {
  const opened = openedRuns.value;
  if (opened !== null) {
    return (
      <>
        <FilesOfRuns opened={opened} />
        {opened.kind === "ready" && <List document={opened.of.list} window="all that the files hold" />}
      </>
    );
  }
  return (
    <>
      <DocumentView view="workflow-runs" what="runs of workflows">{(document) => <List document={document} window="the last 7 days" />}</DocumentView>
      <WorkflowStats />
    </>
  );
}

function List({ document, window }: { document: WorkflowRunsDocument; window: string }): JSX.Element {
  const marked = useSignal<readonly string[]>([]);
  const { q } = route.value.params;
  const statuses = chosenValues("status");
  const statusKey = [...statuses].join(",");
  const rows = useMemo(
    () => document.runs.filter(({ workflow, run_id: id, status }) => (statuses.size === 0 || statuses.has(status ?? "")) && matches(q, workflow, id)),
    [document, q, statusKey],
  );
  const mark = (id: string): void => {
    marked.value = marked.value.includes(id) ? marked.value.filter((other) => other !== id) : [...marked.value, id].slice(-2);
  };
  const columns = useMemo(() => columnsWith(marked.value, mark), [marked.value]);
  const [first, second] = marked.value;
  return (
    <Panel
      title="Workflow runs"
      name="workflow-runs"
      note={window}
      controls={
        <>
          <Filter label="Filter runs" />
          {first !== undefined && second !== undefined ? (
            <a class="action" href={hrefOf("runs", ["compare", first, second])}>Compare the two</a>
          ) : (
            <span class="quiet hint">mark two to compare</span>
          )}
        </>
      }
    >
      <Chips legend="How they ended" param="status" chips={STATUSES.map((status) => ({ value: status, label: status.replace("_", " "), count: document.runs.filter((run) => run.status === status).length }))} />
      <VirtualTable
        caption="Workflow runs"
        columns={columns}
        rows={rows}
        rowKey={({ run_id: id }) => id}
        href={({ run_id: id }) => hrefOf("runs", ["workflow", id])}
        empty={document.runs.length > 0 ? "No run fits what is chosen above." : openedRuns.value !== null ? "These files hold no run of a workflow." : "No run was seen in the last 7 days. The bridge brings them: muster bridge run."}
        {...(document.left_out > 0 && { note: `${plural(document.left_out, "older one")} not shown` })}
      />
      {document.skipped > 0 && <p class="aside warn-text">{plural(document.skipped, "file")} held no entry and {document.skipped === 1 ? "was" : "were"} left out.</p>}
    </Panel>
  );
}

function columnsWith(marked: readonly string[], mark: (id: string) => void): readonly Column<WorkflowRun>[] {
  return [
    { key: "workflow", label: "Workflow", class: "name", width: 220, sortBy: ({ workflow }) => workflow ?? "", cell: ({ workflow, run_id: id }) => visible(workflow ?? id), title: ({ run_id: id }) => id, value: ({ workflow }) => workflow },
    { key: "status", label: "Ended", width: 112, sortBy: ({ status }) => status ?? "", cell: ({ status }) => (status === null ? <span class="quiet">not known</span> : <Badge state={status} />) },
    { key: "started", label: "Started (UTC)", width: 160, sortBy: ({ started_at: at }) => at, cell: ({ started_at: at }) => formatTime(at) },
    { key: "duration", label: "Took", numeric: true, width: 110, sortBy: ({ duration_ms: ms }) => ms ?? -1, cell: ({ duration_ms: ms }) => (ms === null ? "\u2013" : formatDuration(ms)) },
    { key: "steps", label: "Steps", numeric: true, width: 80, sortBy: ({ steps }) => steps, cell: ({ steps }) => formatCount(steps) },
    { key: "failed", label: "Failed", numeric: true, width: 80, sortBy: ({ failed_steps: failed }) => failed, cell: ({ failed_steps: failed }) => (failed === 0 ? <span class="quiet">0</span> : <b class="bad-text">{formatCount(failed)}</b>) },
    {
      key: "mark",
      label: "Compare",
      width: 90,
      cell: ({ run_id: id, workflow }) => <input type="checkbox" aria-label={`Compare ${workflow ?? id}`} checked={marked.includes(id)} onChange={() => mark(id)} />,
      value: ({ run_id: id }) => id,
    },
  ];
}
