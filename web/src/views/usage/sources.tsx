import type { JSX } from "preact";
import type { Answer } from "../../engine/engine";
import type { CostBook, Report, Source } from "../../engine/report";
import { exactMoney, formatBytes, formatCount, formatWords, plural, visible } from "../../format";
import { DataTable } from "../../parts/data-table";
import type { Column } from "../../parts/data-table";
import { Money } from "../../parts/money";
import { Panel } from "../../parts/panel";

const STATES: Record<Source["state"], { label: string; means: string; tone: string }> = {
  read: { label: "read", means: "Read to its end.", tone: "good" },
  empty: { label: "empty", means: "The file holds no lines.", tone: "plain" },
  unusable: { label: "unusable", means: "No line of the file could be used.", tone: "bad" },
  listed: { label: "counted", means: "Lines counted; this view does not report on them.", tone: "plain" },
  incomplete: { label: "incomplete", means: "The file ended or changed while it was read; what was read of it counts.", tone: "warn" },
  unreadable: { label: "unreadable", means: "The file could not be read.", tone: "bad" },
  torn_tail: { label: "torn end", means: "The last line is cut off and was left out; the lines before it count.", tone: "warn" },
};

const SOURCE_COLUMNS: readonly Column<Source>[] = [
  { key: "file", label: "File", class: "name path", sortBy: ({ file }) => file, cell: ({ file }) => visible(file), title: ({ file }) => visible(file) },
  { key: "kind", label: "Log", class: "quiet", sortBy: ({ kind }) => kind, cell: ({ kind }) => formatWords(kind) },
  { key: "state", label: "State", sortBy: ({ state }) => state, cell: (source) => <State source={source} /> },
  { key: "records", label: "Records", numeric: true, sortBy: ({ records }) => records, cell: ({ records }) => formatCount(records), title: ({ records }) => `${plural(records, "line")} used` },
  { key: "lines", label: "Lines", numeric: true, sortBy: ({ lines }) => lines, cell: ({ lines }) => formatCount(lines) },
  { key: "bytes", label: "Size", numeric: true, sortBy: ({ bytes }) => bytes, cell: ({ bytes }) => formatBytes(bytes), title: ({ bytes }) => plural(bytes, "byte") },
];

function State({ source }: { source: Source }): JSX.Element {
  // A newer server may know states that this page does not.
  const known = STATES[source.state] ?? { label: formatWords(String(source.state)), means: "", tone: "plain" };
  return (
    <>
      <span class={`state ${known.tone}`} title={known.means}>{known.label}</span>
      {source.error !== undefined && <span class="why"> {visible(source.error)}</span>}
    </>
  );
}

/** The files behind the figures, and those that could not take part. */
export function Sources({ answer }: { answer: Answer }): JSX.Element {
  const { report, unknown } = answer;
  const versions = Object.entries(report.log_versions);
  return (
    <Panel title="Files" name="sources" note={plural(report.sources.length, "log")}>
      <DataTable
        caption="Files read"
        columns={SOURCE_COLUMNS}
        rows={report.sources}
        rowKey={({ file }, index) => `${index} ${file}`}
        empty="No log was found."
      />
      {report.skipped.lines === 0 && report.totals.calls > 0 && <p class="aside">Every line could be used.</p>}
      {versions.length > 0 && (
        <p class="aside">
          Log version:{" "}
          {versions.map(([version, lines], index) => `${index > 0 ? ", " : ""}${visible(version)} (${plural(lines, "line")})`)}
        </p>
      )}
      {unknown.length > 0 && (
        <details class="aside" data-list="unknown">
          <summary>{plural(unknown.length, "other file")} not read: no log that Muster knows</summary>
          <ul>
            {unknown.slice(0, 200).map((path) => <li key={path}>{visible(path)}</li>)}
          </ul>
          {unknown.length > 200 && <p>and {formatCount(unknown.length - 200)} more.</p>}
        </details>
      )}
    </Panel>
  );
}

type Sample = Report["skipped"]["samples"][number];

const SAMPLE_COLUMNS: readonly Column<Sample>[] = [
  { key: "file", label: "File", class: "name path", sortBy: ({ file }) => file, cell: ({ file }) => visible(file), title: ({ file }) => visible(file) },
  { key: "line", label: "Line", numeric: true, sortBy: ({ line }) => line, cell: ({ line }) => formatCount(line) },
  { key: "offset", label: "Byte", numeric: true, sortBy: ({ offset }) => offset, cell: ({ offset }) => formatCount(offset) },
  { key: "reason", label: "Reason", class: "reason", sortBy: ({ reason }) => reason, cell: ({ reason }) => formatWords(visible(reason)) },
];

/** The lines that could not be used, each kind of reason with its count. */
export function Skipped({ skipped }: { skipped: Report["skipped"] }): JSX.Element {
  const reasons = Object.entries(skipped.by_reason).sort(([, a], [, b]) => b - a);
  const note =
    skipped.lines > skipped.samples.length && skipped.samples.length > 0
      ? `the first ${formatCount(skipped.samples.length)} of ${formatCount(skipped.lines)}`
      : undefined;
  return (
    <Panel title="Skipped lines" name="skipped" note={note}>
      <ul class="reasons">
        {reasons.map(([reason, lines]) => (
          <li key={reason}><b>{formatCount(lines)}</b> {formatWords(visible(reason))}</li>
        ))}
      </ul>
      <DataTable
        caption="Skipped lines"
        columns={SAMPLE_COLUMNS}
        rows={skipped.samples}
        rowKey={({ file, offset }, index) => `${index} ${file} ${offset}`}
        empty="The report holds no samples of them."
      />
    </Panel>
  );
}

interface Book {
  readonly name: string;
  readonly book: CostBook;
}

const BOOK_COLUMNS: readonly Column<Book>[] = [
  { key: "name", label: "Log", class: "name", sortBy: ({ name }) => name, cell: ({ name }) => formatWords(visible(name)) },
  { key: "cost", label: "Cost", numeric: true, sortBy: ({ book }) => Number(book.cost_usd), cell: ({ book }) => <Money text={book.cost_usd} places={4} />, value: ({ book }) => book.cost_usd },
  { key: "records", label: "Records", numeric: true, sortBy: ({ book }) => book.records, cell: ({ book }) => formatCount(book.records) },
  { key: "in", label: "Tokens in", numeric: true, sortBy: ({ book }) => book.tokens_in, cell: ({ book }) => formatCount(book.tokens_in) },
  { key: "out", label: "Tokens out", numeric: true, sortBy: ({ book }) => book.tokens_out, cell: ({ book }) => formatCount(book.tokens_out) },
  {
    key: "savings",
    label: "Savings it claims",
    numeric: true,
    cell: ({ book }) => (book.savings_usd === undefined ? "\u2013" : <Money text={book.savings_usd} places={4} />),
    title: ({ book }) => (book.baseline_usd === undefined ? "" : `against a baseline of ${exactMoney(book.baseline_usd)}`),
  },
];

/** Costs that other logs keep of the same work: shown beside the totals, never added to them. */
export function CostBooks({ books }: { books: Readonly<Record<string, CostBook>> }): JSX.Element | null {
  const rows = Object.entries(books).map(([name, book]): Book => ({ name, book }));
  if (rows.length === 0) return null;
  return (
    <Panel title="Other cost books" name="books" note="not part of the totals">
      <DataTable caption="Other cost books" columns={BOOK_COLUMNS} rows={rows} rowKey={({ name }) => name} sort={{ key: "cost", direction: "descending" }} empty="" />
    </Panel>
  );
}

/** What the answer leaves out or assumes, in sentences. */
export function Notes({ notes }: { notes: readonly string[] }): JSX.Element | null {
  if (notes.length === 0) return null;
  return (
    <Panel title="Notes" name="notes">
      <ul class="notes">
        {notes.map((note, index) => <li key={index}>{visible(note)}</li>)}
      </ul>
    </Panel>
  );
}
