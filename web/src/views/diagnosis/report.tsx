import type { JSX } from "preact";
import type { Diagnosis, DiagnosisFinding, DiagnosisLayer } from "muster-core";
import { formatTime, formatWords, plural, visible } from "../../format";
import { Badge, toneOf } from "../../parts/badge";
import { Copyable } from "../../parts/copy";
import { DataTable } from "../../parts/data-table";
import { Panel } from "../../parts/panel";

/** Verdict, the chain of causes, what to do, and the layers with their evidence. */
export function Report({ diagnosis }: { diagnosis: Diagnosis }): JSX.Element {
  const findings = diagnosis.layers.flatMap(({ layer, findings: found }) => found.map((finding) => ({ layer, finding })));
  return (
    <>
      <p class={`verdict ${toneOf(diagnosis.verdict)}`} data-verdict={diagnosis.verdict}>
        <Badge state={diagnosis.verdict} />
        <strong>{visible(diagnosis.summary)}</strong>
        <span class="quiet">messages: {diagnosis.delivery}{diagnosis.first_failing_layer !== null && `; first failing layer: ${diagnosis.first_failing_layer}`}</span>
      </p>
      {diagnosis.recheck !== null && <p class="remark warn"><span>Look again at {formatTime(diagnosis.recheck.at)}: {visible(diagnosis.recheck.why)}</span></p>}
      <div class="grid">
        <div class="stack">
          {findings.length > 0 && <Chain findings={findings.map(({ finding }) => finding)} />}
          {diagnosis.remedies.length > 0 && (
            <Panel title="What to do" name="remedies" note="in this order">
              <ol class="remedies">
                {diagnosis.remedies.map(({ id, text, command }) => (
                  <li key={id}><p>{visible(text)}</p>{command !== null && <Copyable text={command} />}</li>
                ))}
              </ol>
            </Panel>
          )}
          {diagnosis.information.length > 0 && (
            <Panel title="Old, repaired or expected" name="information">
              <ul class="notes">{diagnosis.information.map(({ text }, index) => <li key={index}>{visible(text)}</li>)}</ul>
            </Panel>
          )}
          {diagnosis.notes.length > 0 && (
            <Panel title="Notes" name="notes"><ul class="notes">{diagnosis.notes.map((note, index) => <li key={index}>{visible(note)}</li>)}</ul></Panel>
          )}
        </div>
        <div class="stack">
          <Panel title="Layers" name="layers" note={`as of ${formatTime(diagnosis.now)} UTC`}>
            <ul class="layers">{diagnosis.layers.map((layer) => <Layer key={layer.layer} layer={layer} />)}</ul>
          </Panel>
          <Evidence diagnosis={diagnosis} />
        </div>
      </div>
    </>
  );
}

/** The primary cause, and below it what it explains; other causes beside. */
function Chain({ findings }: { findings: readonly DiagnosisFinding[] }): JSX.Element {
  const known = new Set(findings.map(({ cause }) => cause));
  const roots = findings.filter(({ explained_by: by }) => !by.some((cause) => known.has(cause)));
  return (
    <Panel title="Causes" name="causes" note="what a cause explains stands below it">
      <ul class="chain">{unique(roots).map((finding) => <Link key={finding.cause} finding={finding} all={findings} path={[]} />)}</ul>
    </Panel>
  );
}

function Link({ finding, all, path }: { finding: DiagnosisFinding; all: readonly DiagnosisFinding[]; path: readonly string[] }): JSX.Element {
  const here = [...path, finding.cause];
  // Causes may explain each other in a circle: each stands once on a path.
  const below = unique(all.filter(({ cause, explained_by: by }) => by.includes(finding.cause) && !here.includes(cause)));
  return (
    <li data-cause={finding.cause} data-role={finding.role}>
      <p><Badge state={finding.severity} /> <b>{visible(finding.title)}</b> <span class="quiet">{finding.cause}{finding.role === "primary" && ", the primary cause"}</span></p>
      {below.length > 0 && <ul class="chain">{below.map((next) => <Link key={next.cause} finding={next} all={all} path={here} />)}</ul>}
    </li>
  );
}

function unique(findings: readonly DiagnosisFinding[]): readonly DiagnosisFinding[] {
  return findings.filter(({ cause }, index) => findings.findIndex((other) => other.cause === cause) === index);
}

function Layer({ layer }: { layer: DiagnosisLayer }): JSX.Element {
  const open = layer.findings.some(({ role }) => role === "primary");
  const head = <><Badge state={layer.status} tone={layer.status === "ok" ? "good" : toneOf(layer.status)} /> <b>{layer.layer}</b> <span class="quiet">{visible(layer.detail)}</span></>;
  if (layer.findings.length === 0) return <li data-layer={layer.layer} class="layer">{head}</li>;
  return (
    <li data-layer={layer.layer} class="layer">
      <details open={open}>
        <summary>{head}</summary>
        {layer.findings.map((finding) => (
          <div key={finding.cause} class="finding">
            <p><b>{visible(finding.title)}</b> <span class="quiet">{finding.role}</span></p>
            <ul>
              {finding.evidence.map(({ source, line, at, bounded, text }, index) => (
                <li key={index}>
                  <span class="quiet">{visible(source)}{line !== null && `:${line}`} {at !== null ? formatTime(at) : bounded ? "since the start of the process" : ""}</span>
                  <code>{visible(text)}</code>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </details>
    </li>
  );
}

function Evidence({ diagnosis }: { diagnosis: Diagnosis }): JSX.Element {
  const rows = Object.entries(diagnosis.evidence);
  return (
    <Panel title="Evidence" name="evidence" note={`${plural(rows.length, "piece")}, ${diagnosis.packs.join(", ")}`}>
      <DataTable
        caption="Evidence"
        columns={[
          { key: "name", label: "What", class: "name", sortBy: ([name]) => name, cell: ([name]) => formatWords(name) },
          { key: "state", label: "State", sortBy: ([, { state }]) => state, cell: ([, { state, reason }]) => <><span class={`state ${state === "present" ? "good" : state === "unreadable" ? "bad" : ""}`}>{state}</span> {visible(reason ?? "")}</>, value: ([, { state }]) => state },
          { key: "records", label: "Records", numeric: true, sortBy: ([, { records }]) => records ?? -1, cell: ([, { records }]) => records ?? "\u2013" },
          { key: "skipped", label: "Skipped", numeric: true, sortBy: ([, { skipped }]) => skipped ?? -1, cell: ([, { skipped }]) => skipped ?? "\u2013" },
        ]}
        rows={rows}
        rowKey={([name]) => name}
        pageSize={20}
        empty="No evidence was collected."
      />
    </Panel>
  );
}
