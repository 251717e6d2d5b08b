import type { JSX } from "preact";
import type { Agent, AgentState } from "../../engine/documents";
import { formatRatio, formatWords, visible } from "../../format";
import { GrowingSpan } from "../../parts/age";
import { Badge } from "../../parts/badge";
import type { Column } from "../../parts/column";
import { hrefOf } from "../../route";

/** The worst first. */
export const SEVERITY: Readonly<Record<AgentState, number>> = { dead: 0, stale: 1, late: 2, unknown: 3, alive: 4, finished: 5 };

/** What the table says of an agent; ages go on from `at`, when the list came. */
export function agentColumns(at: number): readonly Column<Agent>[] {
  return [
    { key: "agent", label: "Agent", class: "name", width: 154, sortBy: ({ agent_id: id }) => id, cell: (agent) => visible(agent.display_name ?? agent.agent_id), title: ({ agent_id: id }) => visible(id), value: ({ agent_id: id }) => id },
    { key: "state", label: "State", width: 96, sortBy: ({ state }) => SEVERITY[state], cell: ({ state, reason }) => <Badge state={state} title={visible(reason)} />, value: ({ state }) => state },
    { key: "age", label: "Last beat", numeric: true, width: 84, sortBy: ({ age_s: age }) => age ?? Infinity, cell: ({ age_s: age }) => (age === null ? "\u2013" : <GrowingSpan seconds={age} at={at} />), value: ({ age_s: age }) => age },
    { key: "reason", label: "Why", class: "name wide-only quiet", cell: (agent) => <Why agent={agent} />, title: ({ reason }) => visible(reason), value: ({ reason }) => reason },
    { key: "progress", label: "Progress", width: 116, sortBy: ({ progress }) => progress ?? -1, cell: ({ progress }) => (progress === null ? <span class="quiet">{"\u2013"}</span> : <Progress part={progress} />), value: ({ progress }) => progress },
    { key: "status", label: "Says", class: "name", width: 96, sortBy: ({ status }) => status ?? "", cell: ({ status }) => formatWords(visible(status ?? "\u2013")) },
    { key: "task", label: "Task", class: "name", sortBy: ({ current_task: task }) => task ?? "", cell: ({ current_task: task }) => visible(task ?? ""), title: ({ current_task: task }) => visible(task ?? "") },
  ];
}

/** Whoever waits for a human is not stuck, and the way to the request is more use than the beats. */
function Why({ agent }: { agent: Agent }): JSX.Element {
  const { waiting_for_human: waiting, reason } = agent;
  return waiting === null ? <>{visible(reason)}</> : <>waits for <a href={hrefOf("inbox", [waiting.request_id])}>{visible(waiting.approval_type)}</a></>;
}

function Progress({ part }: { part: number }): JSX.Element {
  return (
    <span class="share-cell">
      <span class="bar" aria-hidden="true"><span style={{ width: `${Math.max(0, Math.min(1, part)) * 100}%` }} /></span>
      <span>{formatRatio(part)}</span>
    </span>
  );
}
