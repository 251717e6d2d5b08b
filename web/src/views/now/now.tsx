import type { JSX } from "preact";
import type { NowDocument } from "../../engine/documents";
import { visible } from "../../format";
import { hrefOf } from "../../route";
import { For } from "../../parts/age";
import { Badge, Dot, toneOf } from "../../parts/badge";
import { Copyable } from "../../parts/copy";
import { DocumentView } from "../../parts/document-view";
import { Panel } from "../../parts/panel";
import { StoreLine } from "../../parts/store-line";
import { Changes } from "./changes";
import { Quiet } from "./quiet";
import { SpendPanel } from "./spend";
import { Waiting } from "./waiting";

/** Who is alive, who waits, what it costs, what has changed: all that needs a person now. */
export function NowView(): JSX.Element {
  return (
    <DocumentView view="now" what="how the fleet is">
      {(now) => <Now now={now} />}
    </DocumentView>
  );
}

function Now({ now }: { now: NowDocument }): JSX.Element {
  return (
    <>
      <Verdict now={now} />
      {now.agents.total === 0 ? <Start /> : <Counts now={now} />}
      <div class="grid">
        <div class="stack">
          <Waiting requests={now.waiting} leftOut={now.waiting_left_out} />
          <Quiet agents={now.quiet} leftOut={now.quiet_left_out} total={now.agents.total} />
        </div>
        <div class="stack">
          <SpendPanel spend={now.spend} />
          <Alerts now={now} />
          <Changes changes={now.changes} since={now.changes_since} />
        </div>
      </div>
      <StoreLine store={now.store} />
    </>
  );
}

function Verdict({ now }: { now: NowDocument }): JSX.Element {
  // With nobody to watch, nothing is well either.
  const tone = now.verdict === "unknown" || (now.verdict === "ok" && now.agents.total === 0) ? "plain" : toneOf(now.verdict);
  return (
    <p class={`verdict ${tone}`} data-verdict={now.verdict} role="status">
      <Dot tone={tone} />
      <strong>{visible(now.headline)}</strong>
    </p>
  );
}

/** How the first agent comes. */
function Start(): JSX.Element {
  return (
    <section class="start" data-start="agents">
      <p>An agent appears here with its first heartbeat. Put this before the command that starts it:</p>
      <Copyable text="muster heartbeat run --agent NAME -- COMMAND" />
    </section>
  );
}

const COUNTED = ["alive", "late", "stale", "dead", "finished", "unknown"] as const;

/** How many are in which state, each a way to them. */
function Counts({ now }: { now: NowDocument }): JSX.Element {
  const { agents } = now;
  return (
    <ul class="counts" aria-label="Agents by state">
      <li><a href={hrefOf("agents")}><b>{agents.total}</b> {agents.total === 1 ? "agent" : "agents"}</a></li>
      {COUNTED.filter((state) => agents[state] > 0).map((state) => (
        <li key={state}><a href={hrefOf("agents", [], { state })} data-count={state}><Dot tone={toneOf(state)} /><b>{agents[state]}</b> {state}</a></li>
      ))}
      {agents.waiting_for_human > 0 && <li><a href={hrefOf("inbox")} data-count="waiting"><Dot tone="info" /><b>{agents.waiting_for_human}</b> waiting for a human</a></li>}
    </ul>
  );
}

function Alerts({ now }: { now: NowDocument }): JSX.Element | null {
  if (now.alerts.length === 0) return null;
  return (
    <Panel title="Alerts" name="alerts" note={<a href={hrefOf("settings")}>All rules</a>}>
      <ul class="lines">
        {now.alerts.map((rule) => (
          <li key={rule.name}>
            <Badge state={rule.state} /> <b>{visible(rule.name)}</b> {visible(rule.finding)}
            {rule.since !== null && <span class="quiet"> <For since={rule.since} /></span>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
