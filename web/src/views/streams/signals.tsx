import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Signal, SignalsDocument } from "../../engine/documents";
import { formatAge, plural, visible } from "../../format";
import { Ago, For, Left } from "../../parts/age";
import { Badge } from "../../parts/badge";
import { Chips, chosenValues } from "../../parts/chips";
import type { Column } from "../../parts/column";
import { DocumentView } from "../../parts/document-view";
import { Filter, matches } from "../../parts/filter";
import { JsonFields, jsonLine } from "../../parts/json-view";
import { Panel } from "../../parts/panel";
import { VirtualTable } from "../../parts/virtual-table";
import { hrefOf } from "../../route";
import { route } from "../../router";
import { LIFE } from "./life";

/** Signals with their whole life: sent, for whom, taken or expired. */
export function SignalsPanel(): JSX.Element {
  return <DocumentView view="signals" what="the signals">{(document) => <Signals document={document} />}</DocumentView>;
}

/** How long it lived, where that is known. */
function lived({ timestamp, ended_at: end }: Signal): number | null {
  return timestamp === null || end === null ? null : Date.parse(end) - Date.parse(timestamp);
}

const COLUMNS: readonly Column<Signal>[] = [
  { key: "type", label: "Signal", class: "name", width: 160, sortBy: ({ signal_type: type }) => type, cell: ({ signal_type: type }) => visible(type), value: ({ signal_type: type }) => type },
  { key: "from", label: "From", class: "name", width: 140, sortBy: ({ source_agent: from }) => from, cell: ({ source_agent: from }) => <a href={hrefOf("agents", [from])}>{visible(from)}</a> },
  { key: "to", label: "To", class: "name", width: 140, sortBy: ({ target_agent: to }) => to ?? "", cell: ({ target_agent: to, received_by: by }) => (to === null ? <><b>all</b>{by.length > 0 && <span class="quiet"> ({by.length} received)</span>}</> : <a href={hrefOf("agents", [to])}>{visible(to)}</a>) },
  { key: "life", label: "Became", width: 110, sortBy: ({ life }) => life, cell: ({ life }) => <Badge state={life} tone={LIFE[life].tone} title={LIFE[life].means}>{LIFE[life].label}</Badge> },
  { key: "left", label: "Lifetime", numeric: true, width: 100, sortBy: ({ ttl_left_s: left }) => left, cell: (signal) => (signal.life === "waiting" ? <Left until={signal.expires_at} /> : ((ms) => (ms === null ? "\u2013" : `after ${formatAge(ms)}`))(lived(signal))), title: ({ ttl_seconds: ttl }) => `lives ${formatAge(ttl * 1000)}` },
  { key: "payload", label: "Payload", class: "name quiet wide-only", cell: ({ payload }) => jsonLine(payload), title: ({ payload }) => jsonLine(payload), value: ({ payload }) => JSON.stringify(payload) },
  { key: "sent", label: "Sent", numeric: true, width: 110, sortBy: ({ timestamp }) => timestamp ?? "", cell: ({ timestamp }) => (timestamp === null ? "\u2013" : <Ago time={timestamp} />) },
];

function Signals({ document }: { document: SignalsDocument }): JSX.Element {
  const chosen = useSignal<string | null>(null);
  const { q } = route.value.params;
  const lives = chosenValues("life");
  const livesKey = [...lives].join(",");
  const rows = useMemo(
    () => document.signals.filter((signal) => (lives.size === 0 || lives.has(signal.life)) && matches(q, signal.signal_type, signal.source_agent, signal.target_agent ?? "all", jsonLine(signal.payload))),
    [document, q, livesKey],
  );
  const detail = document.signals.find(({ signal_id: id }) => id === chosen.value);
  return (
    <Panel title="Signals" name="signals" note={document.watched_since === null ? "nobody has watched them" : <>watched <For since={document.watched_since} /></>} controls={<Filter label="Filter signals" />}>
      <Chips
        legend="What became of them"
        param="life"
        chips={(["waiting", "gone", "expired"] as const).map((life) => ({ value: life, label: LIFE[life].label, tone: LIFE[life].tone, count: document[life] }))}
      />
      <VirtualTable
        caption="Signals"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ signal_id: id }) => id}
        onOpen={({ signal_id: id }) => (chosen.value = chosen.value === id ? null : id)}
        chosen={chosen.value}
        empty={document.signals.length === 0 ? "No signal is known." : "No signal fits what is chosen above."}
        {...(document.left_out > 0 && { note: `${plural(document.left_out, "older one")} not shown` })}
      />
      {detail !== undefined && (
        <section class="detail" aria-label="The signal in full">
          <ol class="life">
            <li>sent by <a href={hrefOf("agents", [detail.source_agent])}>{visible(detail.source_agent)}</a>{detail.timestamp !== null && <> <Ago time={detail.timestamp} /></>}</li>
            <li>for {detail.target_agent === null ? "all" : <a href={hrefOf("agents", [detail.target_agent])}>{visible(detail.target_agent)}</a>}, to live {formatAge(detail.ttl_seconds * 1000)}</li>
            {detail.target_agent === null && <li>{detail.received_by.length === 0 ? "received by nobody yet" : <>received by {detail.received_by.map((agent, at) => <>{at > 0 && ", "}<a href={hrefOf("agents", [agent])}>{visible(agent)}</a></>)}</>}</li>}
            <li>{detail.target_agent === null && detail.life === "gone" ? "Its time is over." : LIFE[detail.life].means}{detail.ended_at !== null && <> Noticed <Ago time={detail.ended_at} />.</>}</li>
          </ol>
          <JsonFields value={detail.payload} />
        </section>
      )}
    </Panel>
  );
}
