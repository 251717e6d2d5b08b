/** The part of time that is shown. Days are UTC. */
export type TimeWindow =
  | { readonly kind: "all" }
  | { readonly kind: "days"; readonly days: number }
  /** Both days are inside; `null` leaves that side open. */
  | { readonly kind: "range"; readonly from: string | null; readonly to: string | null };

export const ALL: TimeWindow = { kind: "all" };

/** More days than any log holds; also keeps dates in the range that `Date` can print. */
const MOST_DAYS = 36_500;
const DAY_MS = 86_400_000;

/** The day itself if the text is a real calendar day `YYYY-MM-DD`. */
export function parseDay(text: string | null): string | null {
  if (text === null || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text) ? text : null;
}

/** The day after. */
export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
}

/** Reads the fragment of the address: `#days=30`, `#from=2026-11-01&to=2026-11-15`; anything else is all time. */
export function parseFragment(fragment: string): TimeWindow {
  const search = new URLSearchParams(fragment.replace(/^#/, ""));
  const days = search.get("days");
  if (days !== null && /^[1-9]\d{0,4}$/.test(days) && Number(days) <= MOST_DAYS) return { kind: "days", days: Number(days) };
  return rangeWindow(parseDay(search.get("from")), parseDay(search.get("to")));
}

/** The parameters that name no window, as `from=abc`; of a range in which one side can be read, only the other one. */
export function unreadWindow(params: Readonly<Record<string, string>>): readonly string[] {
  const unread: string[] = [];
  const { days, from, to } = params;
  if (days !== undefined && parseFragment(`#days=${days}`).kind !== "days") unread.push(`days=${days}`);
  for (const [name, day] of [["from", from], ["to", to]] as const) {
    if (day !== undefined && parseDay(day) === null) unread.push(`${name}=${day}`);
  }
  return unread;
}

/** A window between two days in either order. */
export function rangeWindow(from: string | null, to: string | null): TimeWindow {
  if (from === null && to === null) return ALL;
  return from !== null && to !== null && from > to ? { kind: "range", from: to, to: from } : { kind: "range", from, to };
}

/** The fragment that `parseFragment` reads back; `#` for all time. */
export function formatFragment(window: TimeWindow): string {
  return `#${new URLSearchParams(pairs(window))}`;
}

/** The same window as parameters of a request; the server resolves `days` by its own clock. */
export function windowQuery(window: TimeWindow): Record<string, string> {
  return window.kind === "range" ? windowBounds(window, new Date(0)) : pairs(window);
}

function pairs(window: TimeWindow): Record<string, string> {
  switch (window.kind) {
    case "all":
      return {};
    case "days":
      return { days: String(window.days) };
    case "range":
      return { ...(window.from !== null && { from: window.from }), ...(window.to !== null && { to: window.to }) };
  }
}

/** Half-open bounds in RFC 3339; a bound that is absent is open. `days` reaches back from `now`. */
export function windowBounds(window: TimeWindow, now: Date): { from?: string; to?: string } {
  switch (window.kind) {
    case "all":
      return {};
    case "days":
      return { from: new Date(now.getTime() - window.days * DAY_MS).toISOString(), to: now.toISOString() };
    case "range":
      return {
        ...(window.from !== null && { from: `${window.from}T00:00:00Z` }),
        ...(window.to !== null && { to: `${nextDay(window.to)}T00:00:00Z` }),
      };
  }
}

export function sameWindow(a: TimeWindow, b: TimeWindow): boolean {
  return formatFragment(a) === formatFragment(b);
}

/** The window in words: `all time`, `the last 7 days`, `2026-11-01 to 2026-11-15`. */
export function windowWords(window: TimeWindow): string {
  switch (window.kind) {
    case "all":
      return "all time";
    case "days":
      return window.days === 1 ? "the last day" : `the last ${window.days} days`;
    case "range":
      if (window.to === null) return `from ${window.from ?? ""} on`;
      return window.from === null ? `until ${window.to}` : `${window.from} to ${window.to}`;
  }
}
