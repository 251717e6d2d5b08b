import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { cellClass } from "./column";
import type { Column } from "./column";
import { sortRows } from "./sort";
import type { Direction } from "./sort";

export interface Sorting {
  readonly key: string;
  readonly direction: Direction;
}

/** The rows in the order that is chosen. */
export function inOrder<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sorting: Sorting | null): readonly Row[] {
  const by = columns.find(({ key }) => key === sorting?.key)?.sortBy;
  return by === undefined || sorting === null ? rows : sortRows(rows, by, sorting.direction);
}

/** The headings of a table; those that sort are buttons. */
export function Headings<Row>({ columns, sort }: { columns: readonly Column<Row>[]; sort: Signal<Sorting | null> }): JSX.Element {
  const choose = (column: Column<Row>): void => {
    const first: Direction = column.numeric === true ? "descending" : "ascending";
    const other: Direction = first === "ascending" ? "descending" : "ascending";
    const again = sort.value?.key === column.key && sort.value.direction === first;
    sort.value = { key: column.key, direction: again ? other : first };
  };
  return (
    <tr>
      {columns.map((column) => {
        const direction = sort.value?.key === column.key ? sort.value.direction : null;
        return (
          <th
            key={column.key}
            scope="col"
            class={cellClass(column)}
            {...(direction !== null && { "aria-sort": direction })}
            {...(column.width !== undefined && { style: { width: `${column.width}px` } })}
          >
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
  );
}
