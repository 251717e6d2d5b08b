import type { JSX } from "preact";
import { download, fileNameOf, toCsv, toJson } from "./export";
import type { ExportColumn } from "./export";

interface Props<Row> {
  readonly caption: string;
  readonly columns: readonly ExportColumn<Row>[];
  /** All rows, in the order that is shown. */
  readonly rows: () => readonly Row[];
}

/** The rows of a table as a file. */
export function ExportLinks<Row>({ caption, columns, rows }: Props<Row>): JSX.Element {
  const name = fileNameOf(caption);
  return (
    <span class="export">
      <button type="button" class="link" aria-label={`${caption} as CSV`} onClick={() => download(`${name}.csv`, "text/csv", toCsv(columns, rows()))}>CSV</button>
      <button type="button" class="link" aria-label={`${caption} as JSON`} onClick={() => download(`${name}.json`, "application/json", toJson(rows()))}>JSON</button>
    </span>
  );
}
