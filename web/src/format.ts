const COUNT = new Intl.NumberFormat("en-US");
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

/** `1,234,567`; with `places`, that many decimals. */
export function formatCount(count: number, places = 0): string {
  return places === 0 ? COUNT.format(count) : count.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
}

/** `1.23M`; exact below 10,000. */
export function formatCompact(count: number): string {
  return Math.abs(count) < 10_000 ? COUNT.format(count) : COMPACT.format(count);
}

/** `one call`-style nouns: `1 line`, `12 lines`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `19.7%` of a ratio 0..1. Only a true 0 and a true 1 are shown as such. */
export function formatRatio(ratio: number): string {
  if (!Number.isFinite(ratio)) return "\u2013";
  if (ratio === 0) return "0%";
  if (ratio === 1) return "100%";
  if (ratio < 0.001) return "<0.1%";
  if (ratio > 0.999 && ratio < 1) return ">99.9%";
  return `${(ratio * 100).toFixed(1)}%`;
}

/** Decimal places of an amount on the screen. */
export type MoneyPlaces = 2 | 4;

/** A decimal number as sign, digits and the power of ten of its last digit; `null` if it is none. */
function readDecimal(text: string): { negative: boolean; digits: bigint; places: number } | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (match === null) return null;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  let digits = BigInt(whole + fraction);
  let places = fraction.length - Number(exponent);
  if (places < 0) {
    digits *= 10n ** BigInt(-places);
    places = 0;
  }
  return { negative: sign === "-", digits, places };
}

function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * US dollars from the text of an exact decimal, half away from zero; without `shown` places, two from one dollar
 * on and four below. Something too small to show is `<$0.0001`, never zero.
 */
export function formatMoney(text: string, shown?: MoneyPlaces): string {
  const amount = readDecimal(text);
  if (amount === null) return text;
  const { negative, digits, places } = amount;
  if (digits === 0n) return shown === 4 ? "$0.0000" : "$0.00";
  const sign = negative ? "\u2212" : "";
  const one = 10n ** BigInt(places);
  const kept = shown ?? (digits >= one ? 2 : 4);
  const rounded = (digits * 10n ** BigInt(kept) + one / 2n) / one;
  if (rounded === 0n) return `${negative ? ">" : "<"}${sign}$0.${"1".padStart(kept, "0")}`;
  const padded = rounded.toString().padStart(kept + 1, "0");
  return `${sign}$${group(padded.slice(0, -kept))}.${padded.slice(-kept)}`;
}

/** Places for a column of amounts, so that their points stand below each other. */
export function moneyPlaces(largest: number): MoneyPlaces {
  return largest >= 100 ? 2 : 4;
}

/** The whole amount, for titles: every decimal that the report has. */
export function exactMoney(text: string): string {
  const amount = readDecimal(text);
  if (amount === null) return text;
  const { negative, digits, places } = amount;
  const padded = digits.toString().padStart(places + 1, "0");
  const whole = group(places === 0 ? padded : padded.slice(0, -places));
  const fraction = places === 0 ? "" : `.${padded.slice(-places)}`;
  return `${negative ? "\u2212" : ""}$${whole}${fraction}`;
}

/** An amount divided by a count, for averages: exact to 1e-9 dollars. */
export function divideMoney(text: string, by: number): string {
  const amount = readDecimal(text);
  if (amount === null || by <= 0 || !Number.isSafeInteger(by)) return "0";
  const nano = (amount.digits * 10n ** 9n) / 10n ** BigInt(amount.places) / BigInt(by);
  const padded = nano.toString().padStart(10, "0");
  return `${amount.negative ? "-" : ""}${padded.slice(0, -9)}.${padded.slice(-9)}`;
}

/** `48.4 kB`, `316 MB`: decimal units. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `840 ms`, `21.3 s`, `4 min 05 s`, `5 h 03 min`, `12 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.round(minutes / 60);
  return `${formatCount(Math.floor(hours / 24))} d ${hours % 24} h`;
}

/** `14 s`, `3 min`, `5 h 03 min`, `12 d 4 h`: how long ago, to the second only while that matters. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${two(minutes % 60)} min`;
  return `${formatCount(Math.floor(hours / 24))} d ${hours % 24} h`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** `2026-11-20 11:44:26` of an RFC 3339 time in UTC; other text is returned as it is. */
export function formatTime(time: string): string {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.\d+)?Z$/.exec(time);
  return match === null ? time : `${match[1]} ${match[2]}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `20 Nov 2026` of `2026-11-20`. */
export function formatDay(day: string): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  const month = MONTHS[Number(match?.[2]) - 1];
  return match === null || month === undefined ? day : `${Number(match[3])} ${month} ${match[1]}`;
}

/** `13:05:26` of a time on the same UTC day as `today`, in milliseconds; else `20 Nov 13:05`. */
export function formatMoment(time: string, today: number): string {
  const full = formatTime(time);
  if (full === time || full.startsWith(new Date(today).toISOString().slice(0, 10))) return full.slice(full === time ? 0 : 11);
  return `${formatDay(full.slice(0, 10)).slice(0, -5)} ${full.slice(11, 16)}`;
}

/** `torn_tail` as `torn tail`. */
export function formatWords(name: string): string {
  return name.replaceAll("_", " ");
}

const LONGEST = 300;

/**
 * Text from a log, made fit to be seen: control characters, characters that turn the writing direction and
 * invisible ones are spelled out, and no name fills the page.
 */
export function visible(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}\u2026` : text;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
