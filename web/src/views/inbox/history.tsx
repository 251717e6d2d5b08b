import type { JSX } from "preact";
import type { Approval } from "../../engine/documents";
import { formatAge, formatTime, visible } from "../../format";
import { Badge } from "../../parts/badge";
import type { Column } from "../../parts/column";
import { DocumentView } from "../../parts/document-view";
import { jsonLine } from "../../parts/json-view";
import { Panel } from "../../parts/panel";
import { VirtualTable } from "../../parts/virtual-table";
import { hrefOf } from "../../route";
import { route } from "../../router";

/** How long the agent waited for the answer. */
function waited({ requested_at: from, decided_at: to }: Approval): number | null {
  return to === null ? null : Date.parse(to) - Date.parse(from);
}

const COLUMNS: readonly Column<Approval>[] = [
  { key: "type", label: "Request", class: "name", sortBy: ({ approval_type: type }) => type, cell: ({ approval_type: type }) => visible(type), title: ({ request_id: id }) => visible(id) },
  { key: "agent", label: "Agent", class: "name", sortBy: ({ agent_id: id }) => id, cell: ({ agent_id: id }) => <a href={hrefOf("agents", [id])}>{visible(id)}</a>, value: ({ agent_id: id }) => id },
  { key: "outcome", label: "Decision", width: 112, sortBy: ({ outcome }) => outcome, cell: ({ outcome }) => <Badge state={outcome} /> },
  { key: "responder", label: "By", width: 100, class: "name", sortBy: ({ responder }) => responder ?? "", cell: ({ responder }) => visible(responder ?? "\u2013") },
  { key: "reason", label: "Reason", class: "name wide-only", sortBy: ({ reason }) => reason ?? "", cell: ({ reason }) => visible(reason ?? ""), title: ({ reason }) => visible(reason ?? "") },
  { key: "context", label: "About", class: "name wide-only quiet", cell: ({ context }) => jsonLine(context), title: ({ context }) => jsonLine(context), value: ({ context }) => JSON.stringify(context) },
  { key: "waited", label: "Waited", numeric: true, width: 80, sortBy: (row) => waited(row) ?? -1, cell: (row) => ((ms) => (ms === null ? "\u2013" : formatAge(ms)))(waited(row)) },
  { key: "at", label: "When (UTC)", width: 172, sortBy: ({ decided_at: at, deadline }) => at ?? deadline, cell: ({ decided_at: at, deadline }) => formatTime(at ?? deadline) },
];

/** Decisions that were taken, and requests that nobody answered in time. */
export function History(): JSX.Element {
  return (
    <DocumentView view="decisions" what="earlier decisions">
      {(decisions) => <HistoryPanel decisions={decisions} />}
    </DocumentView>
  );
}

function HistoryPanel({ decisions }: { decisions: readonly Approval[] }): JSX.Element {
  const [wanted = null] = route.value.path;
  return (
    <Panel title="History" name="decisions">
      <VirtualTable
        caption="Decisions"
        columns={COLUMNS}
        rows={decisions}
        rowKey={({ request_id: id }) => id}
        chosen={wanted}
        empty="Nothing was decided yet."
      />
    </Panel>
  );
}
