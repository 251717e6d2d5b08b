export type Direction = "ascending" | "descending";
export type SortKey = number | string;

/** A sorted copy; rows with equal keys keep their order in both directions. */
export function sortRows<Row>(rows: readonly Row[], by: (row: Row) => SortKey, direction: Direction): Row[] {
  const sign = direction === "ascending" ? 1 : -1;
  return rows
    .map((row) => ({ row, key: by(row) }))
    .sort((a, b) => sign * compare(a.key, b.key))
    .map(({ row }) => row);
}

function compare(a: SortKey, b: SortKey): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const left = String(a);
  const right = String(b);
  return left < right ? -1 : left > right ? 1 : 0;
}
