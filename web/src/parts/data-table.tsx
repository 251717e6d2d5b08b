import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { formatCount } from "../format";
import { cellClass } from "./column";
import type { Column } from "./column";
import { ExportLinks } from "./export-links";
import { Headings, inOrder } from "./heading";
import type { Sorting } from "./heading";
import { MOST_PRINTED, printing } from "./printing";

export type { Column } from "./column";

interface Props<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row, index: number) => string;
  readonly sort?: Sorting;
  /** Rows shown at first, and added by each wish for more. */
  readonly pageSize?: number;
  readonly empty: string;
}

/** A table that sorts by its headings and says how many rows it does not show yet. */
export function DataTable<Row>(props: Props<Row>): JSX.Element {
  const { caption, columns, rows, rowKey, pageSize = 12, empty } = props;
  const sort = useSignal<Sorting | null>(props.sort ?? null);
  const shown = useSignal(pageSize);
  const id = useId();

  if (rows.length === 0) return <p class="nothing">{empty}</p>;

  const ordered = inOrder(rows, columns, sort.value);
  const visibleRows = ordered.slice(0, printing.value ? MOST_PRINTED : shown.value);
  const rest = rows.length - visibleRows.length;

  return (
    <>
      <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
        <table id={id}>
          <caption class="hidden">{caption}</caption>
          <thead><Headings columns={columns} sort={sort} /></thead>
          <tbody>
            {visibleRows.map((row, index) => (
              <tr key={rowKey(row, index)}>
                {columns.map((column, at) => {
                  const title = column.title?.(row);
                  const attributes = { class: cellClass(column), ...(title !== undefined && { title }) };
                  return at === 0 ? (
                    <th key={column.key} scope="row" {...attributes}>{column.cell(row)}</th>
                  ) : (
                    <td key={column.key} {...attributes}>{column.cell(row)}</td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="below-table">
        {rest > 0 && (
          <p class="more">
            {formatCount(visibleRows.length)} of {formatCount(rows.length)} rows.{" "}
            <button type="button" class="link" aria-controls={id} onClick={() => (shown.value += Math.max(pageSize, 100))}>
              Show {formatCount(Math.min(rest, Math.max(pageSize, 100)))} more
            </button>
          </p>
        )}
        <ExportLinks caption={caption} columns={columns} rows={() => ordered} />
      </div>
    </>
  );
}
