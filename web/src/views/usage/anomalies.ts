/** A day that cost far more than the days around it. */
export interface Anomaly {
  readonly day: string;
  readonly cost: number;
  /** The mean of the other days with any cost. */
  readonly usual: number;
  readonly ratio: number;
}

/** Fewer days than this say nothing about what is usual. */
const LEAST_DAYS = 3;
const LEAST_Z = 3;
const FLAT_FACTOR = 3;

/**
 * Days that stand out: three sample deviations above the mean of the other days with any cost, or, where those are
 * all alike, three times it. The largest first.
 */
export function findAnomalies(costs: ReadonlyMap<string, number>): readonly Anomaly[] {
  const days = [...costs].filter(([, cost]) => cost > 0);
  const count = days.length - 1;
  if (count < LEAST_DAYS) return [];
  const sum = days.reduce((all, [, cost]) => all + cost, 0);
  const squares = days.reduce((all, [, cost]) => all + cost * cost, 0);
  return days
    .flatMap(([day, cost]): Anomaly[] => {
      const usual = (sum - cost) / count;
      const variance = Math.max(0, (squares - cost * cost - count * usual * usual) / (count - 1));
      const deviation = Math.sqrt(variance);
      // Rounding leaves a trace of a spread where there is none.
      const stands = deviation > usual * 1e-9 ? (cost - usual) / deviation >= LEAST_Z : cost > usual * FLAT_FACTOR;
      return stands ? [{ day, cost, usual, ratio: cost / usual }] : [];
    })
    .toSorted((a, b) => b.cost - a.cost);
}
