import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useKeys } from "../keys";
import { choose, route } from "../router";

/** Words to look for in a list; they stand in the address. The key `/` leads here. */
export function Filter({ label = "Filter", param = "q" }: { label?: string; param?: string }): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useKeys("Lists", [{ keys: "/", label: "Filter the list", run: () => input.current?.select() }]);
  return (
    <input
      ref={input}
      type="search"
      class="filter"
      placeholder={label}
      aria-label={label}
      value={route.value.params[param] ?? ""}
      onInput={(event) => choose({ [param]: event.currentTarget.value })}
    />
  );
}

/** Whether one of the texts holds each of the words, whatever their case. */
export function matches(query: string | undefined, ...texts: readonly (string | null | undefined)[]): boolean {
  if (query === undefined || query.trim() === "") return true;
  const all = texts.filter((text) => text !== null && text !== undefined).join("\n").toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}
