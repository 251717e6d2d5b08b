import type { StreamDocument, StreamEvent } from "../../engine/documents";

/** A row of the tail: an event, or the place where some are missing. */
export type TailRow =
  | { readonly kind: "event"; readonly key: string; readonly event: StreamEvent }
  | { readonly kind: "gap"; readonly key: string; readonly after: string; readonly firstKept: string | null }
  | { readonly kind: "dropped"; readonly key: string; readonly count: number };

export interface TailState {
  readonly rows: readonly TailRow[];
  /** Up to where the stream was read; `null` before the first answer. */
  readonly next: string | null;
  /** Entries of the stream that are no events. */
  readonly malformed: number;
}

export const EMPTY_TAIL: TailState = { rows: [], next: null, malformed: 0 };

/** More rows than anybody reads back; older ones make room, which is said. */
const MOST_ROWS = 20_000;

/** What is known after one more answer. */
export function takeAnswer(state: TailState, answer: StreamDocument): TailState {
  const gap: TailRow[] =
    answer.gap === null ? [] : [{ kind: "gap", key: `gap ${answer.gap.after}`, after: answer.gap.after, firstKept: answer.gap.first_kept }];
  const events = answer.events.map((event): TailRow => ({ kind: "event", key: event.event_id, event }));
  const rows = [...state.rows, ...gap, ...events];
  return { rows: bounded(rows), next: answer.next, malformed: state.malformed + answer.malformed };
}

function bounded(rows: readonly TailRow[]): readonly TailRow[] {
  if (rows.length <= MOST_ROWS) return rows;
  const [first] = rows;
  const before = first?.kind === "dropped" ? first.count : 0;
  const kept = rows.slice(rows.length - MOST_ROWS + 1);
  const count = before + rows.length - kept.length - (before > 0 ? 1 : 0);
  return [{ kind: "dropped", key: "dropped", count }, ...kept];
}
