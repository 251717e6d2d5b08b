import type { UsageReport } from "muster-core";
import { isObject, parseDocument } from "./json";

/** The core's document with each amount as the text of its number. */
export type ExactMoney<T> = T extends readonly (infer Item)[]
  ? ExactMoney<Item>[]
  : T extends object
    ? { [Key in keyof T]: Key extends `${string}_usd` ? (null extends T[Key] ? string | null : string) : ExactMoney<T[Key]> }
    : T;

export type Report = ExactMoney<UsageReport>;
export type Totals = Report["totals"];
export type Latency = Report["latency"]["by_day"][string];
export type RecentCall = Report["recent"][number];
export type Source = Report["sources"][number];
export type CostBook = Report["cost_books"][string];

const OBJECTS = ["window", "totals", "by_tier", "by_workflow", "by_model", "by_provider", "by_stage", "by_day", "latency", "cost_books", "log_versions", "skipped"];
const LISTS = ["recent", "sources", "notes"];

/** Reads a usage document; throws a `TypeError` that names the first part that is missing. */
export function parseReport(json: string): Report {
  // A log may hold a workflow or an event named like an amount. The workflow's entry is an object and stays one;
  // the count of such an event becomes a text of the same digits.
  const document = parseDocument(json);
  if (!isObject(document)) throw new TypeError("not a usage document");
  for (const name of OBJECTS) {
    if (!isObject(document[name])) throw new TypeError(`the usage document has no ${name}`);
  }
  for (const name of LISTS) {
    if (!Array.isArray(document[name])) throw new TypeError(`the usage document has no ${name}`);
  }
  return document as unknown as Report;
}
