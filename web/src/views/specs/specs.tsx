import type { JSX } from "preact";
import { useContext, useMemo } from "preact/hooks";
import type { Spec, SpecsDocument } from "../../engine/documents";
import { formatCount, formatTime, plural, visible } from "../../format";
import { ServerContext } from "../../live";
import { ActButton } from "../../parts/act-button";
import { Badge } from "../../parts/badge";
import { Chips, chosenValues } from "../../parts/chips";
import type { Column } from "../../parts/column";
import { DocumentView } from "../../parts/document-view";
import { Filter, matches } from "../../parts/filter";
import { Meter } from "../../parts/meter";
import { Panel } from "../../parts/panel";
import { VirtualTable } from "../../parts/virtual-table";
import { route } from "../../router";

const LIFECYCLES = ["active", "approved", "draft", "stale", "paused", "parked", "complete"] as const;

const WHY_NONE: Readonly<Record<NonNullable<SpecsDocument["why_none"]>, string>> = {
  disabled: "Looking for finished specs is turned off.",
  read_only: "This server only reads, so it does not look for finished specs.",
  no_roots: "No folder of specs is known: name one by --specs-root.",
  root_missing: "A folder of specs does not exist; see below.",
  none_matched: "No open spec looks finished.",
};

/** Specs, how far they are, and those that look finished. */
export function SpecsView(): JSX.Element {
  return <DocumentView view="specs" what="the specs">{(document) => <Specs document={document} />}</DocumentView>;
}

const COLUMNS: readonly Column<Spec>[] = [
  { key: "title", label: "Spec", class: "name", sortBy: ({ title }) => title, cell: ({ title }) => visible(title), title: ({ root, slug }) => visible(`${root}/${slug}`), value: ({ slug }) => slug },
  { key: "lifecycle", label: "Lifecycle", width: 112, sortBy: ({ lifecycle }) => lifecycle, cell: ({ lifecycle }) => <Badge state={lifecycle} /> },
  { key: "stage", label: "Stage", width: 120, sortBy: ({ stage }) => stage, cell: ({ stage }) => stage },
  { key: "tasks", label: "Tasks", width: 150, sortBy: ({ open_tasks: open, done_tasks: done }) => (open + done === 0 ? -1 : done / (open + done)), cell: (spec) => <Tasks spec={spec} />, value: ({ open_tasks: open, done_tasks: done }) => `${done}/${open + done}` },
  { key: "status", label: "Status as written", class: "name quiet wide-only", sortBy: ({ status }) => status ?? "", cell: ({ status }) => visible(status ?? "\u2013") },
  { key: "updated", label: "Updated (UTC)", width: 160, sortBy: ({ updated_at: at }) => at, cell: ({ updated_at: at }) => formatTime(at) },
];

function Tasks({ spec: { open_tasks: open, done_tasks: done } }: { spec: Spec }): JSX.Element {
  if (open + done === 0) return <span class="quiet">{"\u2013"}</span>;
  return <span class="share-cell"><Meter part={done / (open + done)} label="Done tasks" /><span>{formatCount(done)}/{formatCount(open + done)}</span></span>;
}

function Specs({ document }: { document: SpecsDocument }): JSX.Element {
  const documents = useContext(ServerContext);
  const { q } = route.value.params;
  const lifecycles = chosenValues("lifecycle");
  const key = [...lifecycles].join(",");
  const rows = useMemo(
    () => document.specs.filter((spec) => (lifecycles.size === 0 || lifecycles.has(spec.lifecycle)) && matches(q, spec.title, spec.slug, spec.status)),
    [document, q, key],
  );
  const acts = documents?.engine.capabilities.acts ?? [];
  return (
    <>
      <Panel
        title="Looks finished"
        name="candidates"
        controls={
          documents !== null && acts.includes("specs-candidates") ? (
            <ActButton run={async () => documents.cell("specs", {}).set(await documents.engine.act("specs-candidates", { enabled: !document.candidates_enabled }))}>
              {document.candidates_enabled ? "Stop looking" : "Look for finished specs"}
            </ActButton>
          ) : undefined
        }
      >
        {document.candidates.length === 0 ? (
          <p class="nothing">{document.why_none === null ? "None." : WHY_NONE[document.why_none]}{document.dismissed > 0 && ` ${plural(document.dismissed, "one was", "were")} dismissed.`}</p>
        ) : (
          <ul class="cards">
            {document.candidates.map(({ slug, evidence, mark }) => (
              <li key={slug} class="card">
                <header><h3>{visible(slug)}</h3></header>
                <ul class="notes">{evidence.map((fact) => <li key={fact}>{visible(fact)}</li>)}</ul>
                {documents !== null && acts.includes("spec-dismiss") && (
                  <ActButton run={async () => documents.cell("specs", {}).set(await documents.engine.act("spec-dismiss", { slug, mark }))}>Dismiss</ActButton>
                )}
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <Panel title="Specs" name="specs" note={plural(document.specs.length, "spec")} controls={<Filter label="Filter specs" />}>
        <Chips legend="Lifecycles to show" param="lifecycle" chips={LIFECYCLES.map((lifecycle) => ({ value: lifecycle, label: lifecycle, count: document.specs.filter((spec) => spec.lifecycle === lifecycle).length }))} />
        <VirtualTable caption="Specs" columns={COLUMNS} rows={rows} rowKey={({ root, slug }) => `${root} ${slug}`} sort={{ key: "updated", direction: "descending" }} empty={document.specs.length === 0 ? "There is no spec in the folders below." : "No spec fits what is chosen above."} />
        <p class="aside">Folders: {document.roots.length === 0 ? "none" : document.roots.map(({ path, state, specs }) => `${visible(path)} (${state === "ok" ? plural(specs, "spec") : state})`).join(", ")}</p>
      </Panel>
    </>
  );
}
