import type { JSX } from "preact";
import { visible } from "../format";

/** Name and value of more characters than this have a line of their own; the column of names is as wide as 13. */
const SHORT = 26;
const SHORTEST_NAME = 13;

/** Text from agents, as text: short values in a line, the rest as indented JSON. */
export function JsonFields({ value }: { value: Readonly<Record<string, unknown>> }): JSX.Element {
  const entries = Object.entries(value);
  if (entries.length === 0) return <p class="quiet">no details</p>;
  return (
    <dl class="fields">
      {entries.map(([name, field]) => (
        <div key={name} class={isShort(field) && Math.max(SHORTEST_NAME, name.length) + plain(field).length <= SHORT ? "" : "long"}>
          <dt>{visible(name)}</dt>
          <dd>{isShort(field) ? visible(plain(field)) : <pre>{readable(field)}</pre>}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A whole object in one line, for a cell. */
export function jsonLine(value: Readonly<Record<string, unknown>>): string {
  return visible(
    Object.entries(value)
      .map(([name, field]) => `${name}=${plain(field)}`)
      .join("  "),
  );
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isShort(value: unknown): boolean {
  return (typeof value !== "object" || value === null) && !(typeof value === "string" && (value.length > 300 || value.includes("\n")));
}

function readable(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return text.split("\n").map((line) => visible(line)).join("\n");
}
