import type { ComponentChildren } from "preact";
import type { SortKey } from "./sort";

/** A column of a table. */
export interface Column<Row> {
  readonly key: string;
  readonly label: string;
  /** Right-aligned figures; the first click sorts them downwards. */
  readonly numeric?: boolean;
  /** What the column sorts by; without it the column cannot be sorted. */
  readonly sortBy?: (row: Row) => SortKey;
  readonly cell: (row: Row) => ComponentChildren;
  /** The plain value in exported files; what the column sorts by where absent. */
  readonly value?: (row: Row) => number | string | null;
  /** The whole value where the cell shows a shortened one. */
  readonly title?: (row: Row) => string;
  readonly class?: string;
  /** In pixels, in tables that draw only the rows in sight; what is left over goes to the columns without one. */
  readonly width?: number;
}

export function cellClass<Row>(column: Column<Row>): string {
  return [column.numeric === true ? "num" : "", column.class ?? ""].join(" ").trim();
}
