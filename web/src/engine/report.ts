import type { UsageReport } from "muster-core";

/**
 * The core's document with each amount kept as the text of its number: an amount has up to nine decimals
 * and must not pass through a float on its way to the screen.
 */
type ExactMoney<T> = T extends readonly (infer Item)[]
  ? ExactMoney<Item>[]
  : T extends object
    ? { [Key in keyof T]: Key extends `${string}_usd` ? string : ExactMoney<T[Key]> }
    : T;

export type Report = ExactMoney<UsageReport>;
export type Totals = Report["totals"];
export type RecentCall = Report["recent"][number];
export type Source = Report["sources"][number];
export type CostBook = Report["cost_books"][string];

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

const keepMoneyText: Reviver = (key, value, context) =>
  key.endsWith("_usd") && typeof value === "number" ? (context?.source ?? String(value)) : value;

const OBJECTS = ["window", "totals", "by_tier", "by_workflow", "by_model", "by_provider", "by_day", "cost_books", "log_versions", "skipped"];
const LISTS = ["recent", "sources", "notes"];

/** Reads a usage document; throws a `TypeError` that names the first part that is missing. */
export function parseReport(json: string): Report {
  // A log may hold a workflow or an event named like an amount. The workflow's entry is an object and stays one;
  // the count of such an event becomes a text of the same digits.
  const document: unknown = JSON.parse(json, keepMoneyText as (key: string, value: unknown) => unknown);
  if (!isObject(document)) throw new TypeError("not a usage document");
  for (const name of OBJECTS) {
    if (!isObject(document[name])) throw new TypeError(`the usage document has no ${name}`);
  }
  for (const name of LISTS) {
    if (!Array.isArray(document[name])) throw new TypeError(`the usage document has no ${name}`);
  }
  return document as unknown as Report;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
