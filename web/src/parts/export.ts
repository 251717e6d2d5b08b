import type { ComponentChildren } from "preact";

/** What a column has to say for itself in a file. */
export interface ExportColumn<Row> {
  readonly label: string;
  readonly sortBy?: (row: Row) => number | string;
  readonly cell: (row: Row) => ComponentChildren;
  /** The plain value; what the column sorts by where absent. */
  readonly value?: (row: Row) => number | string | null;
}

/**
 * Rows as comma-separated values by RFC 4180. A text that a spreadsheet would run as a formula is led by an
 * apostrophe.
 */
export function toCsv<Row>(columns: readonly ExportColumn<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(({ label }) => field(label)), ...rows.map((row) => columns.map((column) => field(plain(column, row))))];
  return lines.map((line) => `${line.join(",")}\r\n`).join("");
}

function plain<Row>(column: ExportColumn<Row>, row: Row): number | string | null {
  if (column.value !== undefined) return column.value(row);
  if (column.sortBy !== undefined) return column.sortBy(row);
  const shown = column.cell(row);
  return typeof shown === "string" || typeof shown === "number" ? shown : null;
}

function field(value: number | string | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function toJson(rows: readonly unknown[]): string {
  return `${JSON.stringify(rows, null, 2)}\n`;
}

/** Hands a text to the user as a file. Nothing leaves the browser. */
export function download(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken it by the next task.
  setTimeout(() => URL.revokeObjectURL(address), 0);
}

/** `Cost by model` as `cost-by-model`. */
export function fileNameOf(caption: string): string {
  return caption.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
}
