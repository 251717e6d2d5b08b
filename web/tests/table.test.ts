import { expect, it } from "vitest";
import type { Totals } from "../src/engine/report";
import { daysInOrder } from "../src/parts/days";
import { sortRows } from "../src/parts/sort";

it("sorts numbers as numbers, text by code units, and keeps equal rows in order", () => {
  const rows = [
    { name: "b", n: 10 },
    { name: "a", n: 9 },
    { name: "c", n: 10 },
  ];
  expect(sortRows(rows, ({ n }) => n, "ascending").map(({ name }) => name)).toEqual(["a", "b", "c"]);
  expect(sortRows(rows, ({ n }) => n, "descending").map(({ name }) => name)).toEqual(["b", "c", "a"]);
  expect(sortRows(rows, ({ name }) => name, "descending").map(({ name }) => name)).toEqual(["c", "b", "a"]);
  expect(rows.map(({ name }) => name)).toEqual(["b", "a", "c"]);
});

const totals: Totals = {
  calls: 1,
  cost_usd: "1",
  tokens_in: 1,
  tokens_out: 1,
  cache_hits: 0,
  cache_hit_rate: 0,
  prompt_cache_hits: 0,
  prompt_cache_read_tokens: 0,
  prompt_cache_creation_tokens: 0,
  duration_ms: 1,
};

it("fills the quiet days between the first and the last", () => {
  const { days, filled } = daysInOrder({ "2026-03-02": totals, "2026-02-27": totals });
  expect(filled).toBe(true);
  expect(days.map(({ day, totals: sums }) => [day, sums !== null])).toEqual([
    ["2026-02-27", true],
    ["2026-02-28", false],
    ["2026-03-01", false],
    ["2026-03-02", true],
  ]);
});

it("does not fill millennia", () => {
  const { days, filled } = daysInOrder({ "0001-01-01": totals, "9999-12-31": totals });
  expect(filled).toBe(false);
  expect(days.map(({ day }) => day)).toEqual(["0001-01-01", "9999-12-31"]);
  expect(daysInOrder({})).toEqual({ days: [], filled: true });
});
