import type { Bar } from "../../engine/documents";

/** The same step in two runs; `null` where one run did not come to it. */
export interface Pair {
  readonly name: string;
  readonly a: Bar | null;
  readonly b: Bar | null;
}

/** Steps of the same name belong together, the first with the first and so on; in the order of the first run. */
export function pairSteps(first: readonly Bar[], second: readonly Bar[], nameOf: (bar: Bar) => string): readonly Pair[] {
  const left = new Map<string, Bar[]>();
  for (const bar of second) {
    const name = nameOf(bar);
    left.set(name, [...(left.get(name) ?? []), bar]);
  }
  const pairs: Pair[] = first.map((a) => {
    const name = nameOf(a);
    return { name, a, b: left.get(name)?.shift() ?? null };
  });
  for (const [name, bars] of left) pairs.push(...bars.map((b): Pair => ({ name, a: null, b })));
  return pairs;
}
