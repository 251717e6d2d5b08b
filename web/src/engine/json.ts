type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Amounts are the fields that say so, and what stands under a day where that is a number. */
const keepMoneyText: Reviver = (key, value, context) =>
  typeof value === "number" && (key.endsWith("_usd") || DAY.test(key)) ? (context?.source ?? String(value)) : value;

/**
 * Reads a document with each amount kept as the text of its number: it has up to nine decimals and must not pass
 * through a float on its way to the screen.
 */
export function parseDocument(json: string): unknown {
  return JSON.parse(json, keepMoneyText as (key: string, value: unknown) => unknown);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
