import type { UsageReport } from "muster-core";

/**
 * The core's document with each amount kept as the text of its number: an amount has up to nine decimals
 * and must not pass through a float on its way to the screen.
 */
type ExactMoney<T> = T extends readonly (infer Item)[]
  ? ExactMoney<Item>[]
  : T extends object
    ? { [Key in keyof T]: Key extends "cost_usd" ? string : ExactMoney<T[Key]> }
    : T;

/** What another log says of the same costs. */
export interface CostBook {
  readonly records: number;
  readonly cost_usd: string;
  readonly tokens_in: number;
  readonly tokens_out: number;
}

export type Report = ExactMoney<UsageReport> & {
  /** By the name of the log; only in reports that met such logs. */
  readonly cost_books?: Readonly<Record<string, CostBook>>;
};
export type Totals = Report["totals"];
export type RecentCall = Report["recent"][number];
export type Source = Report["sources"][number];

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

const keepMoneyText: Reviver = (key, value, context) =>
  key === "cost_usd" && typeof value === "number" ? (context?.source ?? String(value)) : value;

const OBJECTS = ["window", "totals", "by_tier", "by_workflow", "by_model", "by_provider", "by_day", "log_versions", "skipped"];
const LISTS = ["recent", "sources", "notes"];

/** Reads a usage document; throws a `TypeError` that names the first part that is missing. */
export function parseReport(json: string): Report {
  // A log may hold a workflow named cost_usd: its entry is an object and stays one.
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
