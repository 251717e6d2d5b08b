import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import type { CatalogueCommand, CommandRun, CommandsDocument } from "../../engine/documents";
import { formatAge, formatCount, formatTime, plural, visible } from "../../format";
import { ServerContext } from "../../live";
import { ActButton } from "../../parts/act-button";
import { Badge } from "../../parts/badge";
import type { Column } from "../../parts/column";
import { DocumentView } from "../../parts/document-view";
import { Panel } from "../../parts/panel";
import { VirtualTable } from "../../parts/virtual-table";
import { hrefOf } from "../../route";
import { go } from "../../router";

/** What the server may run, and what it has run. */
export function Catalogue(): JSX.Element {
  return (
    <>
      <DocumentView view="commands" what="the catalogue of commands">{(document) => <Commands document={document} />}</DocumentView>
      <DocumentView view="runs" what="runs of commands">
        {(document) => (
          <Panel title="Runs" name="command-runs">
            <VirtualTable
              caption="Runs of commands"
              columns={COLUMNS}
              rows={document.runs}
              rowKey={({ run_id: id }) => id}
              href={({ run_id: id }) => hrefOf("runs", ["command", id])}
              empty="Nothing was run yet."
              {...(document.left_out > 0 && { note: `${plural(document.left_out, "older one")} not shown` })}
            />
          </Panel>
        )}
      </DocumentView>
    </>
  );
}

const COLUMNS: readonly Column<CommandRun>[] = [
  { key: "command", label: "Command", class: "name", width: 200, sortBy: ({ command }) => command, cell: ({ command }) => visible(command), value: ({ command }) => command },
  { key: "scope", label: "Scope", class: "name quiet", sortBy: ({ scope }) => scope ?? "", cell: ({ scope }) => visible(scope ?? "") },
  { key: "state", label: "State", width: 116, sortBy: ({ state }) => state, cell: ({ state }) => <Badge state={state} /> },
  { key: "exit", label: "Exit", numeric: true, width: 70, sortBy: ({ exit }) => exit ?? -1, cell: ({ exit, signal }) => exit ?? (signal === null ? "\u2013" : `signal ${signal}`) },
  { key: "ran", label: "Ran", numeric: true, width: 90, sortBy: ({ ran_s: ran }) => ran ?? -1, cell: ({ ran_s: ran }) => (ran === null ? "\u2013" : formatAge(ran * 1000)) },
  { key: "lines", label: "Lines", numeric: true, class: "wide-only", width: 90, sortBy: ({ lines }) => lines, cell: ({ lines }) => formatCount(lines) },
  { key: "at", label: "Asked for (UTC)", width: 160, sortBy: ({ requested_at: at }) => at, cell: ({ requested_at: at }) => formatTime(at) },
];

function Commands({ document }: { document: CommandsDocument }): JSX.Element {
  return (
    <Panel title="Catalogue" name="commands" note={`${document.running} of ${document.slots} running${document.queued > 0 ? `, ${document.queued} queued` : ""}`}>
      {document.disabled !== null && <p class="remark warn"><span>{visible(document.disabled)}</span></p>}
      {document.commands.length === 0 ? (
        <p class="nothing">No command is declared. Commands are declared as <code>[[ops.command]]</code> in muster.toml.</p>
      ) : (
        <ul class="cards">{document.commands.filter(({ unavailable }) => unavailable === null).map((command) => <Command key={command.name} command={command} disabled={document.disabled !== null} />)}</ul>
      )}
      <Unavailable commands={document.commands.filter(({ unavailable }) => unavailable !== null)} />
    </Panel>
  );
}

/** What could be run if its program were here. */
function Unavailable({ commands }: { commands: readonly CatalogueCommand[] }): JSX.Element | null {
  const [first] = commands;
  if (first === undefined) return null;
  return (
    <details class="aside" data-unavailable>
      <summary>{plural(commands.length, "more command")} cannot be run here: {visible(first.unavailable ?? "")}</summary>
      <ul class="lines">
        {commands.map(({ name, title, description }) => (
          <li key={name}><b>{visible(title)}</b><span class="quiet grow">{visible(description ?? "")}</span></li>
        ))}
      </ul>
    </details>
  );
}

function Command({ command, disabled }: { command: CatalogueCommand; disabled: boolean }): JSX.Element {
  const documents = useContext(ServerContext);
  const scope = useSignal("");
  const asking = useSignal(false);
  const listed = `scopes-${command.name}`;
  const lacksScope = command.scope === "required" && scope.value.trim() === "";
  const start = async (confirmed: boolean): Promise<void> => {
    if (documents === null) return;
    const words = scope.value.trim();
    const run = await documents.engine.act("run-start", { command: command.name, ...(words !== "" && { scope: words }), ...(confirmed && { confirmed }) });
    asking.value = false;
    go({ view: "runs", path: ["command", run.run_id], params: {} });
  };
  return (
    <li class="card" data-command={command.name}>
      <header>
        <h3>{visible(command.title)}</h3>
        <code>{visible(command.argv.join(" "))}</code>
        <span class="quiet">up to {formatAge(command.time_limit_s * 1000)}</span>
      </header>
      {command.description !== null && <p class="explain">{visible(command.description)}</p>}
      <div class="decision">
        {command.scope !== "none" && (
          <>
            <input type="text" list={listed} placeholder={command.scope === "required" ? "Scope: a path (needed)" : "Scope: a path (whole project)"} aria-label={`Scope of ${command.title}`} value={scope.value} onInput={(event) => (scope.value = event.currentTarget.value)} />
            <datalist id={listed}>{command.scopes.map((path) => <option key={path} value={path} />)}</datalist>
          </>
        )}
        {asking.value ? (
          <span class="confirm" role="alertdialog" aria-label={`Confirm ${command.title}`}>
            <b>{visible(command.confirm ?? "")}</b>
            <ActButton class="primary" run={() => start(true)}>Run it</ActButton>
            <button type="button" class="action" onClick={() => (asking.value = false)}>Cancel</button>
          </span>
        ) : command.confirm !== null ? (
          <button type="button" class="action" disabled={disabled || lacksScope} onClick={() => (asking.value = true)}>Run…</button>
        ) : (
          <ActButton disabled={disabled || lacksScope} run={() => start(false)}>Run</ActButton>
        )}
      </div>
    </li>
  );
}
