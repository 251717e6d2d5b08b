import type { JSX } from "preact";
import type { StreamInfo } from "../../engine/documents";
import { formatCount, plural, visible } from "../../format";
import { Ago } from "../../parts/age";
import type { Column } from "../../parts/column";
import { DocumentView } from "../../parts/document-view";
import { Filter, matches } from "../../parts/filter";
import { Panel } from "../../parts/panel";
import { Tabs } from "../../parts/tabs";
import { VirtualTable } from "../../parts/virtual-table";
import { hrefOf } from "../../route";
import { route } from "../../router";
import { SignalsPanel } from "./signals";
import { Tail } from "./tail";

/** What agents publish, and what they send each other. */
export function StreamsView(): JSX.Element {
  const [part] = route.value.path;
  return (
    <>
      <Tabs
        label="Streams and signals"
        tabs={[
          { label: "Streams", href: hrefOf("streams"), current: part !== "signals" },
          { label: "Signals", href: hrefOf("streams", ["signals"]), current: part === "signals" },
        ]}
      />
      {part === "signals" ? (
        <SignalsPanel />
      ) : part === undefined ? (
        <DocumentView view="streams" what="the streams">{(streams) => <List streams={streams} />}</DocumentView>
      ) : (
        <Tail key={part} type={part} />
      )}
    </>
  );
}

/** The time that is part of an id. */
function timeOf(id: string): string | null {
  const ms = Number(id.split("-")[0]);
  return ms > 0 && ms < 8.64e15 ? new Date(ms).toISOString() : null;
}

const COLUMNS: readonly Column<StreamInfo>[] = [
  { key: "type", label: "Stream", class: "name", width: 260, sortBy: ({ event_type: type }) => type, cell: ({ event_type: type }) => visible(type), value: ({ event_type: type }) => type },
  { key: "length", label: "Events", numeric: true, width: 100, sortBy: ({ length }) => length, cell: ({ length }) => formatCount(length) },
  { key: "newest", label: "Newest", numeric: true, width: 120, sortBy: ({ last_id: id }) => Number(id.split("-")[0]), cell: ({ last_id: id }) => ((time) => (time === null ? "\u2013" : <Ago time={time} />))(timeOf(id)), value: ({ last_id: id }) => id },
  { key: "oldest", label: "Oldest kept", numeric: true, class: "wide-only", width: 120, sortBy: ({ first_id: id }) => Number((id ?? "0").split("-")[0]), cell: ({ first_id: id }) => ((time) => (time === null ? "\u2013" : <Ago time={time} />))(timeOf(id ?? "")), value: ({ first_id: id }) => id },
  {
    key: "groups",
    label: "Consumers",
    class: "name",
    sortBy: ({ groups }) => groups.length,
    cell: ({ groups }) => (groups.length === 0 ? <span class="quiet">none</span> : groups.map(({ group, unacknowledged }) => `${visible(group)}${unacknowledged > 0 ? ` (${formatCount(unacknowledged)} not acknowledged)` : ""}`).join(", ")),
    value: ({ groups }) => groups.map(({ group }) => group).join(" "),
  },
];

function List({ streams }: { streams: readonly StreamInfo[] }): JSX.Element {
  const { q } = route.value.params;
  const rows = streams.filter(({ event_type: type }) => matches(q, type));
  return (
    <Panel title="Streams" name="streams" note={plural(streams.length, "stream")} controls={<Filter label="Filter streams" />}>
      <VirtualTable
        caption="Streams"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ event_type: type }) => type}
        href={({ event_type: type }) => hrefOf("streams", [type])}
        empty={streams.length === 0 ? "No event was published yet: muster stream publish TYPE --data JSON." : "No stream holds these words."}
      />
    </Panel>
  );
}
