import type { ComponentChildren, JSX } from "preact";
import { useContext } from "preact/hooks";
import type { WorkflowRunDocument } from "../../engine/documents";
import { plural, visible } from "../../format";
import { ServerContext } from "../../live";
import { DocumentView } from "../../parts/document-view";
import { WarnIcon } from "../../parts/icons";
import { closeRunFiles, openedRuns } from "../../run-files";
import type { OpenedRuns } from "../../run-files";

/** One run: out of the files that were dropped, else of the server. */
export function RunOf({ id, what, children }: { id: string; what: string; children: (document: WorkflowRunDocument) => ComponentChildren }): JSX.Element {
  const opened = openedRuns.value;
  const found = opened?.kind === "ready" ? opened.of.runs.get(id) : undefined;
  if (found !== undefined) return <>{children(found)}</>;
  return <DocumentView view="workflow-run" params={{ id }} what={what}>{children}</DocumentView>;
}

/** Which files the runs are out of, and what of them could not be used. */
export function FilesOfRuns({ opened }: { opened: OpenedRuns }): JSX.Element {
  const documents = useContext(ServerContext);
  const { names } = opened;
  const [first = ""] = names;
  return (
    <>
      <p class="remark" data-source="files">
        <span>Out of {names.length === 1 ? <b>{visible(first)}</b> : plural(names.length, "file")}, read in this browser.</span>
        <button type="button" class="link" onClick={closeRunFiles}>{documents === null ? "Close" : "Back to the live runs"}</button>
      </p>
      {opened.kind === "reading" && <p class="loading" role="status">Reading the runs…</p>}
      {opened.kind === "failed" && (
        <section class="failure" role="alert" data-problem={opened.problem.kind}>
          <h2><WarnIcon />{opened.problem.message}</h2>
          <p>{opened.problem.hint}</p>
        </section>
      )}
      {opened.kind === "ready" && <Left opened={opened} />}
    </>
  );
}

function Left({ opened: { of } }: { opened: Extract<OpenedRuns, { kind: "ready" }> }): JSX.Element {
  const { skipped_lines: lines, untimed_files: untimed } = of.list;
  return (
    <>
      {untimed > 0 && <p class="remark quiet" data-remark="untimed"><span>The events of {plural(untimed, "file")} state no times: they are shown a second apart, in their order.</span></p>}
      {lines > 0 && <p class="remark warn" data-remark="lines"><WarnIcon /><span>{plural(lines, "line")} {lines === 1 ? "is" : "are"} neither an entry nor an event, and left out.</span></p>}
      {of.unread.map(({ path, message }) => <p key={path} class="remark warn" data-remark="unread"><WarnIcon /><span>{visible(path)} could not be read: {visible(message)}</span></p>)}
    </>
  );
}
