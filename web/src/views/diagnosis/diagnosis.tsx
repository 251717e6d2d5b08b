import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import { bundle, closeBundle } from "../../bundle";
import { visible } from "../../format";
import { ServerContext } from "../../live";
import { ActButton } from "../../parts/act-button";
import { Ago } from "../../parts/age";
import { DocumentView } from "../../parts/document-view";
import { FileIcon, WarnIcon } from "../../parts/icons";
import { Report } from "./report";
import { scheduleWords } from "./schedule";
import { hrefOf } from "../../route";

/** What is wrong with the gateway: of the live one, or out of a bundle that was dropped. */
export function DiagnosisView({ onFiles }: { onFiles: () => void }): JSX.Element {
  const opened = bundle.value;
  const documents = useContext(ServerContext);
  if (opened !== null) {
    return (
      <>
        <p class="remark" data-source="bundle">
          <span>Out of the bundle <b>{visible(opened.name)}</b>, read in this browser.</span>
          <button type="button" class="link" onClick={closeBundle}>{documents === null ? "Close it" : "Back to the live diagnosis"}</button>
        </p>
        {opened.kind === "reading" && <p class="loading" role="status">Reading the bundle…</p>}
        {opened.kind === "failed" && (
          <section class="failure" role="alert" data-problem={opened.problem.kind}>
            <h2><WarnIcon />{opened.problem.message}</h2>
            <p>{opened.problem.hint}</p>
          </section>
        )}
        {opened.kind === "ready" && <Report diagnosis={opened.diagnosis} />}
      </>
    );
  }
  if (documents === null) return <DropBundle onFiles={onFiles} />;
  return (
    <DocumentView view="diagnosis" what="the diagnosis of the gateway">
      {({ diagnosis, made_at: made, source, error, schedule }) => (
        <>
          <p class="remark" data-source="live">
            <span>
              {made === null ? "No diagnosis was made yet." : <>Made <Ago time={made} />{source !== null && ` from ${source === "live" ? "the gateway of this machine" : "a bundle"}`}.</>}
              {" "}<a href={hrefOf("settings")}>Profile {visible(schedule.profile)}, {scheduleWords(schedule)}.</a>
              {error !== null && <span class="bad-text"> {visible(error.message)} {visible(error.hint ?? "")}</span>}
            </span>
            {documents.engine.capabilities.acts.includes("diagnose") && (
              <ActButton run={async () => {
                const made_now = await documents.engine.act("diagnose", {});
                documents.cell("diagnosis", {}).set(made_now);
              }}>Diagnose now</ActButton>
            )}
          </p>
          {diagnosis !== null ? <Report diagnosis={diagnosis} /> : <DropBundle onFiles={onFiles} />}
        </>
      )}
    </DocumentView>
  );
}

function DropBundle({ onFiles }: { onFiles: () => void }): JSX.Element {
  return (
    <section class="drop-zone small">
      <h2>Diagnose from a bundle</h2>
      <p>Drop an evidence bundle on this page. It is read here, in your browser, and sent nowhere.</p>
      <div class="buttons"><button type="button" class="primary" onClick={onFiles}><FileIcon />Choose a bundle</button></div>
      <p class="quiet">A bundle is made on the gateway's machine by <code>muster gateway collect</code>; secrets are taken out of it.</p>
    </section>
  );
}
