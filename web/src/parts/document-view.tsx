import type { ComponentChildren, JSX } from "preact";
import { useContext } from "preact/hooks";
import type { Documents } from "../engine/documents";
import type { Params, ViewName } from "../engine/engine";
import { ServerContext, useDocument } from "../live";
import { Ago } from "./age";
import { WarnIcon } from "./icons";

interface Props<View extends ViewName> {
  readonly view: View;
  readonly params?: Params;
  /** What it shows, for the words around it: `the agents`. */
  readonly what: string;
  readonly children: (data: Documents[View], at: number) => ComponentChildren;
}

/** A document of the server, or why there is none. An old one stays in sight with its age. */
export function DocumentView<View extends ViewName>({ view, params = {}, what, children }: Props<View>): JSX.Element {
  const documents = useContext(ServerContext);
  const { data, problem, at } = useDocument(view, params);
  if (documents === null) return <NeedsServer what={what} />;
  if (data === null && !documents.engine.capabilities.views.includes(view)) return <NotAnswered what={what} />;
  if (data === null && problem !== null) {
    return (
      <section class="failure" role="alert" data-problem={problem.kind}>
        <h2><WarnIcon />{problem.message}</h2>
        {problem.hint !== "" && <p>{problem.hint}</p>}
        <div class="buttons"><button type="button" class="primary" onClick={() => documents.cell(view, params).refresh()}>Try again</button></div>
      </section>
    );
  }
  if (data === null) return <p class="loading" role="status">Asking the server for {what}…</p>;
  return (
    <>
      {problem !== null && (
        <p class="remark warn" role="alert">
          <WarnIcon /><span>{problem.message} What you see is from <Ago time={new Date(at).toISOString()} />.</span>
        </p>
      )}
      {children(data, at)}
    </>
  );
}

/** Shown where there is no server: why, and what to do. */
export function NeedsServer({ what }: { what: string }): JSX.Element {
  return (
    <section class="needs-server" data-needs="server">
      <h2>This needs a Muster server</h2>
      <p>To show {what}, the page asks a server that watches the fleet. This page has none behind it: it was opened from a file or from a plain web server.</p>
      <p>Start one on the machine where the agents run, and open the address that it prints:</p>
      <pre><code>muster ops</code></pre>
      <p class="quiet">Without a server this page reads what you drop on it: usage logs, diagnosis bundles, and runs of workflows (entries or events of the bridge).</p>
    </section>
  );
}

function NotAnswered({ what }: { what: string }): JSX.Element {
  return (
    <section class="needs-server" data-needs="newer">
      <h2>This server does not answer that</h2>
      <p>The server behind this page does not offer {what}. A newer <code>muster ops</code> may.</p>
    </section>
  );
}
