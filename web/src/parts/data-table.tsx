import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { formatCount } from "../format";
import { sortRows } from "./sort";
import type { Direction, SortKey } from "./sort";

export interface Column<Row> {
  readonly key: string;
  readonly label: string;
  /** Right-aligned figures; the first click sorts them downwards. */
  readonly numeric?: boolean;
  /** What the column sorts by; without it the column cannot be sorted. */
  readonly sortBy?: (row: Row) => SortKey;
  readonly cell: (row: Row) => ComponentChildren;
  /** The whole value where the cell shows a shortened one. */
  readonly title?: (row: Row) => string;
  readonly class?: string;
}

interface Props<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row, index: number) => string;
  readonly sort?: { readonly key: string; readonly direction: Direction };
  /** Rows shown at first, and added by each wish for more. */
  readonly pageSize?: number;
  readonly empty: string;
}

/** A table that sorts by its headings and says how many rows it does not show yet. */
export function DataTable<Row>(props: Props<Row>): JSX.Element {
  const { caption, columns, rows, rowKey, pageSize = 12, empty } = props;
  const sort = useSignal(props.sort ?? null);
  const shown = useSignal(pageSize);
  const id = useId();

  if (rows.length === 0) return <p class="nothing">{empty}</p>;

  const by = columns.find((column) => column.key === sort.value?.key)?.sortBy;
  const ordered = by === undefined || sort.value === null ? rows : sortRows(rows, by, sort.value.direction);
  const visibleRows = ordered.slice(0, shown.value);
  const rest = rows.length - visibleRows.length;

  const choose = (column: Column<Row>): void => {
    const first: Direction = column.numeric === true ? "descending" : "ascending";
    const other: Direction = first === "ascending" ? "descending" : "ascending";
    const again = sort.value?.key === column.key && sort.value.direction === first;
    sort.value = { key: column.key, direction: again ? other : first };
  };

  return (
    <>
      <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
        <table id={id}>
          <caption class="hidden">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => {
                const direction = sort.value?.key === column.key ? sort.value.direction : null;
                return (
                  <th key={column.key} scope="col" class={cellClass(column)} {...(direction !== null && { "aria-sort": direction })}>
                    {column.sortBy === undefined ? (
                      column.label
                    ) : (
                      <button type="button" class="sort" onClick={() => choose(column)}>
                        {column.label}
                        <span class="arrow" aria-hidden="true">
                          {direction === null ? "" : direction === "ascending" ? "\u2191" : "\u2193"}
                        </span>
                      </button>
                    )}
                  </th>
                );
              })}
            </tr>
          </thead>
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
      {rest > 0 && (
        <p class="more">
          {formatCount(visibleRows.length)} of {formatCount(rows.length)} rows.{" "}
          <button type="button" class="link" aria-controls={id} onClick={() => (shown.value += Math.max(pageSize, 100))}>
            Show {formatCount(Math.min(rest, Math.max(pageSize, 100)))} more
          </button>
        </p>
      )}
    </>
  );
}

function cellClass<Row>(column: Column<Row>): string {
  return [column.numeric === true ? "num" : "", column.class ?? ""].join(" ").trim();
}
