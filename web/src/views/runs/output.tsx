import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useContext, useEffect, useMemo } from "preact/hooks";
import type { OutputGapEvent, OutputLine } from "../../engine/documents";
import type { HttpEngine } from "../../engine/http";
import { isAbort, problemOf } from "../../engine/problem";
import { formatCount, plural, visible } from "../../format";
import { ServerContext } from "../../live";
import type { Column } from "../../parts/column";
import { Filter, matches } from "../../parts/filter";
import { Panel } from "../../parts/panel";
import { VirtualTable } from "../../parts/virtual-table";
import { route } from "../../router";
import { cutLinks, lastNumber, takeGap, takeLines, takeOutput } from "./output-state";
import type { OutputRow } from "./output-state";

const COLUMNS: readonly Column<OutputRow>[] = [
  { key: "n", label: "Line", class: "quiet", width: 76, cell: (row) => (row.kind === "line" ? String(row.line.n) : "\u22ef"), value: (row) => (row.kind === "line" ? row.line.n : null) },
  { key: "text", label: "Output", class: "output-line", cell: (row) => (row.kind === "line" ? <Line line={row.line} /> : <em>{formatCount(row.last - row.first + 1)} lines are not kept</em>), value: (row) => (row.kind === "line" ? row.line.text : null) },
];

/** So many lines are in sight on any screen. */
const MORE_THAN_FITS = 12;

function Line({ line }: { line: OutputLine }): JSX.Element {
  return (
    <code class={line.stream === "err" ? "err" : ""}>
      {cutLinks(line.text).map(({ text, href }, index) =>
        href === null ? <span key={index}>{visible(text)}</span> : <a key={index} href={href} target="_blank" rel="noreferrer noopener">{visible(text)}</a>,
      )}
    </code>
  );
}

/** What a run has written: what is kept of it, then line by line as it comes. */
export function Output({ id, open }: { id: string; open: boolean }): JSX.Element {
  const documents = useContext(ServerContext);
  const rows = useSignal<readonly OutputRow[]>([]);
  // What has ended is read from its beginning; what goes on is followed, to its last line.
  const follow = useSignal(open);
  const failure = useSignal("");

  useEffect(() => {
    if (documents === null) return undefined;
    const change: Change = (by) => (rows.value = by(rows.peek()));
    if (open) return stream(id, change);
    const stop = new AbortController();
    load(documents.engine, id, lastNumber(rows.peek()), change, stop.signal).catch((error: unknown) => {
      if (!isAbort(error)) failure.value = problemOf(error).message;
    });
    return () => stop.abort();
  }, [documents, id, open]);

  const { q } = route.value.params;
  const shown = useMemo(() => rows.value.filter((row) => row.kind === "gap" || matches(q, row.line.text)), [rows.value, q]);
  return (
    <Panel
      title="Output"
      name="output"
      note={q === undefined ? undefined : plural(shown.length, "line")}
      controls={
        <>
          <Filter label="Search the output" />
          {!open && !follow.value && shown.length > MORE_THAN_FITS && <button type="button" class="action" onClick={() => (follow.value = true)}>To the end</button>}
          {open && <button type="button" class="action" aria-pressed={follow.value} onClick={() => (follow.value = !follow.value)}>Follow</button>}
        </>
      }
    >
      {failure.value !== "" && <p class="remark warn" role="alert">{failure.value}</p>}
      <VirtualTable
        caption="Output of the run"
        columns={COLUMNS}
        rows={shown}
        rowKey={({ key }) => key}
        rowClass={({ kind }) => (kind === "gap" ? "gap-row" : "")}
        dense
        follow={follow.value}
        onFollow={(at) => (follow.value = at)}
        empty={rows.value.length === 0 ? (open ? "Nothing was written yet." : "It wrote nothing.") : "No line holds these words."}
      />
    </Panel>
  );
}

type Change = (by: (rows: readonly OutputRow[]) => readonly OutputRow[]) => void;

/** All that is kept after a line, part by part. */
async function load(engine: HttpEngine, id: string, after: number, change: Change, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await engine.ask("output", { id, after: String(after), limit: "1000" }, signal);
    change((rows) => takeOutput(rows, answer));
    if (answer.complete || answer.next <= after) return;
    after = answer.next;
  }
}

/** Lines as they come, taken over some at a time so that a flood does not hold up the page. */
function stream(id: string, change: Change): () => void {
  const source = new EventSource(`api/v1/output-events?${new URLSearchParams({ id })}`);
  let waiting: OutputLine[] = [];
  let due: ReturnType<typeof setTimeout> | null = null;
  const flush = (): void => {
    if (due !== null) clearTimeout(due);
    due = null;
    const lines = waiting;
    waiting = [];
    if (lines.length > 0) change((rows) => takeLines(rows, lines));
  };
  source.addEventListener("line", (event: MessageEvent<string>) => {
    waiting.push(JSON.parse(event.data) as OutputLine);
    due ??= setTimeout(flush, 60);
  });
  source.addEventListener("gap", (event: MessageEvent<string>) => {
    flush();
    change((rows) => takeGap(rows, JSON.parse(event.data) as OutputGapEvent));
  });
  source.addEventListener("end", () => {
    flush();
    source.close();
  });
  return () => {
    source.close();
    if (due !== null) clearTimeout(due);
  };
}
