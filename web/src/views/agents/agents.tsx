import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Agent } from "../../engine/documents";
import { plural } from "../../format";
import { Chips, chosenValues } from "../../parts/chips";
import { DocumentView } from "../../parts/document-view";
import { Filter, matches } from "../../parts/filter";
import { Panel } from "../../parts/panel";
import { VirtualTable } from "../../parts/virtual-table";
import { hrefOf } from "../../route";
import { route } from "../../router";
import { AgentDetail } from "./agent-detail";
import { agentColumns, SEVERITY } from "./columns";

const STATES = ["dead", "stale", "late", "alive", "finished", "unknown"] as const;

/** The fleet, or one agent of it. */
export function AgentsView(): JSX.Element {
  const [id] = route.value.path;
  if (id !== undefined) return <AgentDetail key={id} id={id} />;
  return (
    <DocumentView view="agents" what="the agents">
      {(agents, at) => <Fleet agents={agents} at={at} />}
    </DocumentView>
  );
}

function Fleet({ agents, at }: { agents: readonly Agent[]; at: number }): JSX.Element {
  const { q } = route.value.params;
  const states = chosenValues("state");
  const stateKey = [...states].join(",");
  const rows = useMemo(
    () =>
      agents
        .filter((agent) => (states.size === 0 || states.has(agent.state)) && matches(q, agent.agent_id, agent.display_name, agent.current_task, agent.status, agent.reason))
        // Stable: agents of one state stay in the order of their ids, and rows do not jump at each beat.
        .toSorted((a, b) => SEVERITY[a.state] - SEVERITY[b.state]),
    [agents, q, stateKey],
  );
  const columns = useMemo(() => agentColumns(at), [at]);
  return (
    <Panel
      title="Fleet"
      name="agents"
      note={plural(agents.length, "agent")}
      controls={<Filter label="Filter agents" />}
    >
      <Chips
        legend="States to show"
        param="state"
        chips={STATES.map((state) => ({ value: state, label: state, count: agents.filter((agent) => agent.state === state).length }))}
      />
      <VirtualTable
        caption="Agents"
        columns={columns}
        rows={rows}
        rowKey={({ agent_id: id }) => id}
        href={({ agent_id: id }) => hrefOf("agents", [id])}
        empty={agents.length === 0 ? "No agent has been heard of yet. Agents appear with their first heartbeat: muster heartbeat run --agent NAME -- COMMAND." : "No agent fits what is chosen above."}
      />
    </Panel>
  );
}
