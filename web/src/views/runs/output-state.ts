import type { OutputDocument, OutputGapEvent, OutputLine } from "../../engine/documents";

/** A row of a run's output: a line, or the place where lines are not kept. */
export type OutputRow =
  | { readonly kind: "line"; readonly key: string; readonly line: OutputLine }
  | { readonly kind: "gap"; readonly key: string; readonly first: number; readonly last: number };

/** What is known after one more line; a line that is known already (a connection goes on) changes nothing. */
export function takeLines(rows: readonly OutputRow[], lines: readonly OutputLine[]): readonly OutputRow[] {
  const newest = lastNumber(rows);
  const fresh = lines.filter(({ n }) => n > newest);
  return fresh.length === 0 ? rows : [...rows, ...fresh.map((line): OutputRow => ({ kind: "line", key: String(line.n), line }))];
}

/** What is known after lines were found missing. */
export function takeGap(rows: readonly OutputRow[], { first, last }: OutputGapEvent): readonly OutputRow[] {
  return last <= lastNumber(rows) ? rows : [...rows, { kind: "gap", key: `gap ${first}`, first, last }];
}

/** What is known after one more answer; its gap stands between its lines, or before or after them. */
export function takeOutput(rows: readonly OutputRow[], { lines, gap }: Pick<OutputDocument, "lines" | "gap">): readonly OutputRow[] {
  if (gap === null) return takeLines(rows, lines);
  const before = lines.filter(({ n }) => n < gap.first);
  const after = lines.filter(({ n }) => n > gap.last);
  return takeLines(takeGap(takeLines(rows, before), gap), after);
}

/** The number of the last line that is known, or known to be missing. */
export function lastNumber(rows: readonly OutputRow[]): number {
  const last = rows.at(-1);
  if (last === undefined) return 0;
  return last.kind === "line" ? last.line.n : last.last;
}

/** A text cut at its web addresses, so that these can be links. Only http and https are. */
export function cutLinks(text: string): readonly { readonly text: string; readonly href: string | null }[] {
  const parts: { text: string; href: string | null }[] = [];
  let at = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s"'<>`\\]+[^\s"'<>`\\.,;:!?)\]}]/g)) {
    if (match.index > at) parts.push({ text: text.slice(at, match.index), href: null });
    parts.push({ text: match[0], href: match[0] });
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push({ text: text.slice(at), href: null });
  return parts;
}
