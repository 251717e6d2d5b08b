import type { Totals } from "../engine/report";
import { nextDay } from "../window";

export interface Day {
  readonly day: string;
  /** `null`: no call on that day. */
  readonly totals: Totals | null;
}

/** More days than this in a row are not filled up: a log with a wrong clock may span millennia. */
const MOST_FILLED = 3_700;

/**
 * The days of a report in order, the ones between them filled up so that a quiet day is seen as one.
 * A span too long to fill keeps only its days with calls.
 */
export function daysInOrder(byDay: Readonly<Record<string, Totals>>): { days: Day[]; filled: boolean } {
  const names = Object.keys(byDay).sort();
  const first = names[0];
  const last = names.at(-1);
  if (first === undefined || last === undefined) return { days: [], filled: true };
  const span = (Date.parse(last) - Date.parse(first)) / 86_400_000 + 1;
  if (!(span <= MOST_FILLED)) {
    return { days: names.map((day) => ({ day, totals: byDay[day] ?? null })), filled: false };
  }
  const days: Day[] = [];
  for (let day = first; days.length < span; day = nextDay(day)) days.push({ day, totals: byDay[day] ?? null });
  return { days, filled: true };
}
