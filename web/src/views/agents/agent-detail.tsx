import type { JSX } from "preact";
import type { Agent, AgentDocument } from "../../engine/documents";
import { formatAge, formatCount, formatRatio, formatTime, formatWords, plural, visible } from "../../format";
import { For, GrowingSpan } from "../../parts/age";
import { Badge } from "../../parts/badge";
import { DataTable } from "../../parts/data-table";
import { DocumentView } from "../../parts/document-view";
import { Meter } from "../../parts/meter";
import { Money } from "../../parts/money";
import { Panel } from "../../parts/panel";
import { hrefOf } from "../../route";
import { DECISION_COLUMNS, EVENT_COLUMNS, SIGNAL_COLUMNS, WORK_COLUMNS } from "./detail-columns";
import { BeatStrip } from "./beat-strip";

/** All that is known of one agent. */
export function AgentDetail({ id }: { id: string }): JSX.Element {
  return (
    <>
      <p class="back"><a href={hrefOf("agents")}>All agents</a></p>
      <DocumentView view="agent" params={{ id }} what="this agent">
        {(document, at) => <Detail document={document} at={at} />}
      </DocumentView>
    </>
  );
}

function Detail({ document, at }: { document: AgentDocument; at: number }): JSX.Element {
  const { agent } = document;
  return (
    <>
      <Panel title={visible(agent.display_name ?? agent.agent_id)} name="agent" note={agent.display_name !== null ? visible(agent.agent_id) : undefined} controls={<Badge state={agent.state} />}>
        <p class="explain">{visible(agent.reason)}{agent.since !== null && <span class="quiet"> ({agent.state} <For since={agent.since} />)</span>}</p>
        <Facts agent={agent} at={at} />
        <BeatStrip beats={document.beats} work={document.work} interval={agent.interval_s} />
      </Panel>
      <div class="grid">
        <div class="stack">
          <Panel title="Signals to it" name="signals-in" note={counted(document.signals_in.length)}>
            <DataTable caption={`Signals to ${agent.agent_id}`} columns={SIGNAL_COLUMNS.in} rows={document.signals_in} rowKey={({ signal_id: key }) => key} pageSize={8} empty="No signal to it is known." />
          </Panel>
          <Panel title="Signals by it" name="signals-out" note={counted(document.signals_out.length)}>
            <DataTable caption={`Signals by ${agent.agent_id}`} columns={SIGNAL_COLUMNS.out} rows={document.signals_out} rowKey={({ signal_id: key }) => key} pageSize={8} empty="It has sent no signal that is known." />
          </Panel>
          <Panel title="Requests" name="agent-approvals" note={counted(document.approvals.length)}>
            <DataTable caption={`Requests by ${agent.agent_id}`} columns={DECISION_COLUMNS} rows={document.approvals} rowKey={({ request_id: key }) => key} pageSize={8} empty="It has asked no human for anything." />
          </Panel>
        </div>
        <div class="stack">
          <Panel title="Work" name="work" note="traces that are no beats; they make nobody alive">
            <DataTable caption={`Work of ${agent.agent_id}`} columns={WORK_COLUMNS} rows={document.work} rowKey={({ at: time, kind }, index) => `${time} ${kind} ${index}`} pageSize={8} empty="No trace of work." />
          </Panel>
          <Panel title="Events" name="agent-events" note={counted(document.events.length)}>
            <DataTable caption={`Events by ${agent.agent_id}`} columns={EVENT_COLUMNS} rows={document.events} rowKey={({ event_type: type, event_id: key }) => `${type} ${key}`} pageSize={8} empty="It has published no event that is known." />
          </Panel>
          <CostOf cost={document.cost} />
        </div>
      </div>
    </>
  );
}

function counted(count: number): string | undefined {
  return count === 0 ? undefined : count >= 100 ? "the newest 100" : formatCount(count);
}

function Facts({ agent, at }: { agent: Agent; at: number }): JSX.Element {
  const { waiting_for_human: waiting } = agent;
  return (
    <dl class="facts">
      <div><dt>Last beat</dt><dd>{agent.age_s === null ? "never" : <><GrowingSpan seconds={agent.age_s} at={at} /> ago</>}{agent.last_beat !== null && <span class="quiet"> {formatTime(agent.last_beat)}</span>}</dd></div>
      <div><dt>Beats every</dt><dd>{agent.interval_s === null ? "not known" : formatAge(agent.interval_s * 1000)}{agent.interval_source !== null && <span class="quiet"> {agent.interval_source}</span>}</dd></div>
      <div><dt>Says</dt><dd>{agent.status === null ? "nothing" : formatWords(visible(agent.status))}</dd></div>
      <div><dt>Task</dt><dd>{agent.current_task === null || agent.current_task === "" ? "none" : visible(agent.current_task)}</dd></div>
      {agent.progress !== null && <div><dt>Progress</dt><dd>{formatRatio(agent.progress)} <Meter part={agent.progress} label="Progress" /></dd></div>}
      {waiting !== null && <div><dt>Waits for a human</dt><dd><a href={hrefOf("inbox", [waiting.request_id])}>{visible(waiting.approval_type)}</a> <For since={waiting.since} /></dd></div>}
      {agent.suspicion !== null && <div><dt>Suspicion</dt><dd title="phi accrual: 1 is a silence that one in ten gaps would reach, 3 one in a thousand">{agent.suspicion.toFixed(1)}</dd></div>}
      {agent.clock_skew_s !== null && <div><dt>Its clock</dt><dd class="warn-text">{Math.abs(agent.clock_skew_s)} s {agent.clock_skew_s > 0 ? "ahead" : "behind"}</dd></div>}
      {agent.ttl_left_s !== null && <div><dt>Record kept</dt><dd>{agent.ttl_left_s === 0 ? "gone" : `${formatAge(agent.ttl_left_s * 1000)} more`}</dd></div>}
      <div><dt>attune says</dt><dd>{agent.attune.is_alive ? "alive" : "not alive"}{agent.attune.is_stale && ", stale"}</dd></div>
    </dl>
  );
}

function CostOf({ cost }: { cost: AgentDocument["cost"] }): JSX.Element {
  if (cost === null) {
    return <Panel title="Cost" name="agent-cost"><p class="nothing">No call of the last 30 days bears its name.</p></Panel>;
  }
  const days = Object.entries(cost.by_day);
  return (
    <Panel title="Cost" name="agent-cost" note="last 30 days, calls whose workflow bears its name">
      <p class="big-figure"><Money text={cost.cost_usd} /> <span class="quiet">{plural(cost.calls, "call")}, {formatCount(cost.tokens_in)} tokens in, {formatCount(cost.tokens_out)} out</span></p>
      <DataTable
        caption="Cost by day"
        columns={[
          { key: "day", label: "Day (UTC)", sortBy: ([day]) => day, cell: ([day]) => <a href={hrefOf("usage", [], { from: day, to: day })}>{day}</a> },
          { key: "cost", label: "Cost", numeric: true, sortBy: ([, amount]) => Number(amount), cell: ([, amount]) => <Money text={amount} places={4} />, value: ([, amount]) => amount },
        ]}
        rows={days}
        rowKey={([day]) => day}
        sort={{ key: "day", direction: "descending" }}
        pageSize={7}
        empty="No calls."
      />
    </Panel>
  );
}
