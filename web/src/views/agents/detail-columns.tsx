import type { AgentDocument, Approval, Signal, StreamEvent } from "../../engine/documents";
import { visible } from "../../format";
import { Ago } from "../../parts/age";
import { Badge } from "../../parts/badge";
import type { Column } from "../../parts/column";
import { jsonLine } from "../../parts/json-view";
import { hrefOf } from "../../route";
import { LIFE } from "../streams/life";

const SIGNAL_TYPE: Column<Signal> = { key: "type", label: "Signal", class: "name", sortBy: ({ signal_type: type }) => type, cell: ({ signal_type: type }) => visible(type), title: ({ payload }) => jsonLine(payload) };
const SIGNAL_LIFE: Column<Signal> = { key: "life", label: "Became", sortBy: ({ life }) => life, cell: ({ life }) => <Badge state={life} tone={LIFE[life].tone} title={LIFE[life].means}>{LIFE[life].label}</Badge>, value: ({ life }) => life };
const SIGNAL_TIME: Column<Signal> = { key: "at", label: "Sent", numeric: true, sortBy: ({ timestamp }) => timestamp ?? "", cell: ({ timestamp }) => (timestamp === null ? "\u2013" : <Ago time={timestamp} />) };

export const SIGNAL_COLUMNS: { readonly in: readonly Column<Signal>[]; readonly out: readonly Column<Signal>[] } = {
  in: [
    SIGNAL_TYPE,
    { key: "from", label: "From", class: "name", sortBy: ({ source_agent: from }) => from, cell: ({ source_agent: from }) => <a href={hrefOf("agents", [from])}>{visible(from)}</a> },
    SIGNAL_LIFE,
    SIGNAL_TIME,
  ],
  out: [
    SIGNAL_TYPE,
    { key: "to", label: "To", class: "name", sortBy: ({ target_agent: to }) => to ?? "", cell: ({ target_agent: to }) => (to === null ? "all" : <a href={hrefOf("agents", [to])}>{visible(to)}</a>) },
    SIGNAL_LIFE,
    SIGNAL_TIME,
  ],
};

export const DECISION_COLUMNS: readonly Column<Approval>[] = [
  { key: "type", label: "Request", class: "name", sortBy: ({ approval_type: type }) => type, cell: ({ approval_type: type, request_id: id }) => <a href={hrefOf("inbox", [id])}>{visible(type)}</a>, title: ({ context }) => jsonLine(context) },
  { key: "outcome", label: "Decision", sortBy: ({ outcome }) => outcome, cell: ({ outcome }) => <Badge state={outcome} />, value: ({ outcome }) => outcome },
  { key: "by", label: "By", class: "name", sortBy: ({ responder }) => responder ?? "", cell: ({ responder }) => visible(responder ?? "\u2013"), title: ({ reason }) => visible(reason ?? "") },
  { key: "at", label: "Asked", numeric: true, sortBy: ({ requested_at: at }) => at, cell: ({ requested_at: at }) => <Ago time={at} /> },
];

export const EVENT_COLUMNS: readonly Column<StreamEvent>[] = [
  { key: "type", label: "Event", class: "name", sortBy: ({ event_type: type }) => type, cell: ({ event_type: type }) => <a href={hrefOf("streams", [type])}>{visible(type)}</a> },
  { key: "data", label: "Data", class: "name path", cell: ({ data }) => jsonLine(data), title: ({ data }) => jsonLine(data), value: ({ data }) => JSON.stringify(data) },
  { key: "at", label: "When", numeric: true, sortBy: ({ timestamp }) => timestamp ?? "", cell: ({ timestamp }) => (timestamp === null ? "\u2013" : <Ago time={timestamp} />) },
];

type Trace = AgentDocument["work"][number];

export const WORK_COLUMNS: readonly Column<Trace>[] = [
  { key: "kind", label: "Trace", sortBy: ({ kind }) => kind, cell: ({ kind }) => kind },
  { key: "text", label: "What", class: "name path", cell: ({ text }) => visible(text), title: ({ text }) => visible(text), value: ({ text }) => text },
  { key: "at", label: "When", numeric: true, sortBy: ({ at }) => at, cell: ({ at }) => <Ago time={at} /> },
];
