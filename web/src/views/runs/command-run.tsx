import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import type { CommandRun, Recommendation } from "../../engine/documents";
import { formatAge, formatBytes, formatCount, formatTime, plural, visible } from "../../format";
import { ServerContext } from "../../live";
import { ActButton } from "../../parts/act-button";
import { Ago } from "../../parts/age";
import { Badge } from "../../parts/badge";
import { DocumentView } from "../../parts/document-view";
import { Panel } from "../../parts/panel";
import { hrefOf } from "../../route";
import { Output } from "./output";

/** One run of a command, with its output as it comes. */
export function CommandRunPage({ id }: { id: string }): JSX.Element {
  return (
    <>
      <p class="back"><a href={hrefOf("runs", ["commands"])}>All commands</a></p>
      <DocumentView view="run" params={{ id }} what="this run">{(run) => <Run run={run} />}</DocumentView>
    </>
  );
}

function Run({ run }: { run: CommandRun }): JSX.Element {
  const documents = useContext(ServerContext);
  const open = run.state === "queued" || run.state === "running";
  return (
    <>
      <Panel
        title={visible(run.command)}
        name="run"
        note={<code>{visible(run.argv.join(" "))}</code>}
        controls={
          <>
            <Badge state={run.state} />
            {open && documents !== null && <ActButton run={() => documents.engine.act("run-cancel", { run_id: run.run_id })}>Stop it</ActButton>}
          </>
        }
      >
        <dl class="facts">
          <div><dt>Asked for</dt><dd><Ago time={run.requested_at} /></dd></div>
          {run.started_at !== null && <div><dt>Began</dt><dd>{formatTime(run.started_at)} UTC</dd></div>}
          {run.ran_s !== null && <div><dt>Ran</dt><dd>{formatAge(run.ran_s * 1000)}</dd></div>}
          {run.exit !== null && <div><dt>Exit status</dt><dd class={run.exit === 0 ? "" : "bad-text"}>{run.exit}</dd></div>}
          {run.signal !== null && <div><dt>Ended by</dt><dd class="bad-text">signal {run.signal}</dd></div>}
          {run.scope !== null && <div><dt>Scope</dt><dd>{visible(run.scope)}</dd></div>}
          <div><dt>Output</dt><dd>{plural(run.lines, "line")}, {formatBytes(run.bytes)}{run.dropped_lines > 0 && <span class="warn-text">, {formatCount(run.dropped_lines)} in the middle not kept</span>}</dd></div>
        </dl>
        {run.error !== null && <p class="remark bad"><span>{visible(run.error)}</span></p>}
        {run.recommendations.length > 0 && <ul class="lines">{run.recommendations.map((next, index) => <Next key={index} next={next} />)}</ul>}
      </Panel>
      <Output key={run.run_id} id={run.run_id} open={open} />
    </>
  );
}

/** What the run itself recommends to do next. */
function Next({ next }: { next: Recommendation }): JSX.Element {
  const label = visible(next.label ?? next.target);
  // The server lets only http and https pass; the page does not take its word for it.
  const href = next.kind === "next-command" ? hrefOf("runs", ["commands"]) : /^https?:\/\//.test(next.target) ? next.target : null;
  return (
    <li>
      {next.severity !== null && <Badge state={next.severity} />}
      <span>{next.kind === "next-command" ? "Run next:" : "Look at:"}</span>
      {href === null ? <span>{label}</span> : <a href={href} {...(next.kind === "open-url" && { target: "_blank", rel: "noreferrer noopener" })}>{label}</a>}
      {next.scope !== null && <code>{visible(next.scope)}</code>}
    </li>
  );
}
