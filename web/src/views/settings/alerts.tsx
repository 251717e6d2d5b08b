import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import type { AlertRule } from "../../engine/documents";
import { formatAge, formatWords, visible } from "../../format";
import { ServerContext } from "../../live";
import { now } from "../../clock";
import { ActButton } from "../../parts/act-button";
import { Ago, For } from "../../parts/age";
import { Badge } from "../../parts/badge";
import { DocumentView } from "../../parts/document-view";
import { Panel } from "../../parts/panel";

/** The user's own rules, and what they see. */
export function Alerts(): JSX.Element {
  return (
    <DocumentView view="alerts" what="the alerts">
      {({ rules }) => (
        <Panel title="Alerts" name="alert-rules" note="tables [[alert]] in muster.toml">
          {rules.length === 0 ? (
            <p class="nothing">No rule is set. A rule watches spend, quiet agents, waiting requests or the diagnosis, and tells this page, a command or a webhook.</p>
          ) : (
            <ul class="cards">{rules.map((rule) => <Rule key={rule.name} rule={rule} />)}</ul>
          )}
        </Panel>
      )}
    </DocumentView>
  );
}

function Rule({ rule }: { rule: AlertRule }): JSX.Element {
  const documents = useContext(ServerContext);
  const muted = rule.muted_until !== null && Date.parse(rule.muted_until) > now.value;
  const mute = (minutes: number) => async (): Promise<void> => {
    if (documents !== null) documents.cell("alerts", {}).set(await documents.engine.act("alert-mute", { name: rule.name, minutes }));
  };
  return (
    <li class="card" data-alert={rule.name}>
      <header>
        <Badge state={rule.state} />
        <h3>{visible(rule.name)}</h3>
        <span>{visible(rule.when)}</span>
        <span class="quiet">tells {rule.delivery === "page" ? "this page" : `a ${rule.delivery}`}, at most every {formatAge(rule.cooldown_s * 1000)}</span>
      </header>
      <p class="explain">{visible(rule.finding)}{rule.since !== null && <span class="quiet"> ({formatWords(rule.state)} <For since={rule.since} />)</span>}</p>
      {rule.last_delivered_at !== null && <p class="quiet">Last told <Ago time={rule.last_delivered_at} />.</p>}
      {rule.last_error !== null && <p class="bad-text">{visible(rule.last_error)}</p>}
      {documents !== null && documents.engine.capabilities.acts.includes("alert-mute") && (
        <p class="decision">
          {muted && rule.muted_until !== null ? (
            <><span>Muted for {formatAge(Date.parse(rule.muted_until) - now.value)} more.</span><ActButton run={mute(0)}>End it</ActButton></>
          ) : (
            <><ActButton run={mute(60)}>Mute for an hour</ActButton><ActButton run={mute(1440)}>Mute for a day</ActButton></>
          )}
        </p>
      )}
    </li>
  );
}
