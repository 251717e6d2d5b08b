import type { JSX } from "preact";
import { now } from "../clock";
import { formatAge, formatTime } from "../format";

/** How long ago something was, going on with the clock; the time itself in the title. */
export function Ago({ time }: { time: string }): JSX.Element {
  const ms = Date.parse(time);
  if (Number.isNaN(ms)) return <span>{time}</span>;
  return <time dateTime={time} title={`${formatTime(time)} UTC`}>{formatAge(now.value - ms)} ago</time>;
}

/** For how long something has been so, going on with the clock; the time itself in the title. */
export function For({ since }: { since: string }): JSX.Element {
  const ms = Date.parse(since);
  if (Number.isNaN(ms)) return <span>since {since}</span>;
  return <time dateTime={since} title={`since ${formatTime(since)} UTC`}>for {formatAge(now.value - ms)}</time>;
}

/** How much time is left until then. */
export function Left({ until }: { until: string }): JSX.Element {
  const ms = Date.parse(until) - now.value;
  const tone = ms <= 0 ? "bad-text" : ms < 60_000 ? "warn-text" : "";
  return <time dateTime={until} title={`until ${formatTime(until)} UTC`} class={tone}>{ms <= 0 ? "time is over" : `${formatAge(ms)} left`}</time>;
}

/** A span that was so long when its document came, and has grown since. */
export function GrowingSpan({ seconds, at }: { seconds: number; at: number }): JSX.Element {
  return <span>{formatAge(seconds * 1000 + Math.max(0, now.value - at))}</span>;
}
