import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useContext, useEffect, useMemo } from "preact/hooks";
import { isAbort, problemOf } from "../../engine/problem";
import { now } from "../../clock";
import { formatCount, formatMoment, formatTime, plural, visible } from "../../format";
import { useKeys } from "../../keys";
import { ServerContext } from "../../live";
import type { Column } from "../../parts/column";
import { NeedsServer } from "../../parts/document-view";
import { Filter, matches } from "../../parts/filter";
import { JsonFields, jsonLine } from "../../parts/json-view";
import { Panel } from "../../parts/panel";
import { VirtualTable } from "../../parts/virtual-table";
import { hrefOf } from "../../route";
import { route } from "../../router";
import { EMPTY_TAIL, takeAnswer } from "./tail-state";
import type { TailRow } from "./tail-state";

const LIMIT = "500";

const COLUMNS: readonly Column<TailRow>[] = [
  { key: "time", label: "Time (UTC)", width: 118, cell: (row) => (row.kind === "event" ? formatMoment(row.event.timestamp ?? row.event.event_id, now.value) : "\u22ef"), title: (row) => (row.kind === "event" ? formatTime(row.event.timestamp ?? "") : ""), value: (row) => (row.kind === "event" ? row.event.timestamp : null) },
  { key: "source", label: "Source", class: "name", width: 110, cell: (row) => (row.kind === "event" ? visible(row.event.source) : ""), value: (row) => (row.kind === "event" ? row.event.source : null) },
  { key: "data", label: "Data", class: "name data", cell: (row) => said(row), value: (row) => (row.kind === "event" ? JSON.stringify(row.event.data) : said(row)) },
  { key: "id", label: "Id", class: "quiet wide-only", width: 170, cell: (row) => (row.kind === "event" ? row.event.event_id : ""), value: (row) => (row.kind === "event" ? row.event.event_id : null) },
];

function said(row: TailRow): string {
  switch (row.kind) {
    case "event":
      return jsonLine(row.event.data);
    case "gap":
      return `gap: events after ${row.after} were removed before they could be read${row.firstKept === null ? "" : `; the next kept one is ${row.firstKept}`}`;
    case "dropped":
      return `${formatCount(row.count)} older events are not kept in this page; export or muster stream recent has them`;
  }
}

/** One stream as it is written: it follows, or is held still to be read. */
export function Tail({ type }: { type: string }): JSX.Element {
  const documents = useContext(ServerContext);
  const state = useSignal(EMPTY_TAIL);
  const follow = useSignal(true);
  const paused = useSignal(false);
  const behind = useSignal(false);
  const failure = useSignal("");
  const chosen = useSignal<string | null>(null);

  useEffect(() => {
    if (documents === null) return undefined;
    const stop = new AbortController();
    let asking = false;
    let again = false;
    const ask = async (): Promise<void> => {
      if (paused.peek()) {
        behind.value = true;
        return;
      }
      if (asking) {
        again = true;
        return;
      }
      asking = true;
      try {
        do {
          again = false;
          const { next } = state.peek();
          const answer = await documents.engine.ask("stream", { type, limit: LIMIT, ...(next !== null && { after: next }) }, stop.signal);
          state.value = takeAnswer(state.peek(), answer);
          failure.value = "";
          again ||= answer.more;
        } while (again && !paused.peek());
      } catch (error) {
        if (!isAbort(error)) failure.value = problemOf(error).message;
      } finally {
        asking = false;
      }
    };
    const unsubscribe = documents.engine.subscribe("streams", () => void ask());
    const unpause = paused.subscribe((held) => {
      if (held) return;
      behind.value = false;
      void ask();
    });
    return () => {
      unsubscribe();
      unpause();
      stop.abort();
    };
  }, [documents, type]);

  useKeys("Tail", [
    { keys: " ", label: "Pause or go on", run: () => (paused.value = !paused.value) },
    { keys: "G", label: "To the newest, and follow", run: () => (follow.value = true) },
  ]);

  const { q } = route.value.params;
  const { rows, malformed } = state.value;
  const shown = useMemo(() => rows.filter((row) => row.kind !== "event" || matches(q, row.event.source, jsonLine(row.event.data), row.event.event_id)), [rows, q]);
  if (documents === null) return <NeedsServer what="streams" />;
  const detail = rows.find((row) => row.key === chosen.value);
  return (
    <>
      <p class="back"><a href={hrefOf("streams")}>All streams</a></p>
      <Panel
        title={visible(type)}
        name="tail"
        note={
          <>
            {plural(rows.filter(({ kind }) => kind === "event").length, "event")}
            {malformed > 0 && <span class="warn-text">, {plural(malformed, "entry", "entries")} that {malformed === 1 ? "is no event" : "are no events"}</span>}
          </>
        }
        controls={
          <>
            <Filter label="Filter events" />
            <button type="button" class="action" aria-pressed={follow.value && !paused.value} disabled={paused.value} onClick={() => (follow.value = !follow.value)}>Follow</button>
            <button type="button" class="action" data-act="pause" aria-pressed={paused.value} onClick={() => (paused.value = !paused.value)}>{paused.value ? (behind.value ? "Go on (new events)" : "Go on") : "Pause"}</button>
          </>
        }
      >
        {failure.value !== "" && <p class="remark warn" role="alert">{failure.value} The page goes on when it answers again.</p>}
        <VirtualTable
          caption={`Events of ${type}`}
          columns={COLUMNS}
          rows={shown}
          rowKey={({ key }) => key}
          rowClass={({ kind }) => (kind === "event" ? "" : "gap-row")}
          onOpen={({ key }) => (chosen.value = chosen.value === key ? null : key)}
          chosen={chosen.value}
          follow={follow.value && !paused.value}
          onFollow={(at) => (follow.value = at)}
          empty={rows.length === 0 ? "No event yet." : "No event holds these words."}
        />
        {detail?.kind === "event" && (
          <section class="detail" aria-label="The event in full">
            <p class="quiet">{detail.event.event_id} by {visible(detail.event.source)}</p>
            <JsonFields value={detail.event.data} />
          </section>
        )}
      </Panel>
    </>
  );
}
