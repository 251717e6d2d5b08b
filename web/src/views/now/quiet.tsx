import type { JSX } from "preact";
import type { Agent } from "../../engine/documents";
import { plural, visible } from "../../format";
import { Badge } from "../../parts/badge";
import { Panel } from "../../parts/panel";
import { Ago } from "../../parts/age";
import { hrefOf } from "../../route";

/** Agents that should have been heard of, the worst first. */
export function Quiet({ agents, leftOut, total }: { agents: readonly Agent[]; leftOut: number; total: number }): JSX.Element {
  return (
    <Panel title="Late or gone" name="quiet" note={agents.length > 0 ? plural(agents.length + leftOut, "agent") : undefined}>
      {agents.length === 0 ? (
        <p class="nothing">{total === 0 ? "No agent has been heard of yet." : "Every agent was heard of in time."}</p>
      ) : (
        <ul class="lines">
          {agents.map((agent) => (
            <li key={agent.agent_id}>
              <Badge state={agent.state} />
              <a href={hrefOf("agents", [agent.agent_id])}>{visible(agent.display_name ?? agent.agent_id)}</a>
              <span class="grow">{visible(agent.reason)}</span>
              {agent.last_beat !== null && <span class="quiet">beat <Ago time={agent.last_beat} /></span>}
            </li>
          ))}
        </ul>
      )}
      {leftOut > 0 && <p class="more"><a href={hrefOf("agents", [], { state: "late,stale,dead" })}>{plural(leftOut, "more agent")}</a></p>}
    </Panel>
  );
}
