import type { JSX } from "preact";
import { formatCount, visible } from "../format";
import { choose, route } from "../router";
import { Dot, toneOf } from "./badge";
import type { Tone } from "./badge";
import { WarnIcon } from "./icons";

interface Chip {
  readonly value: string;
  readonly label: string;
  readonly count: number;
  /** Where the value alone does not say it. */
  readonly tone?: Tone;
}

/** Kinds of rows with their counts; those that are pressed are shown, and the choice stands in the address. */
export function Chips({ legend, param, chips }: { legend: string; param: string; chips: readonly Chip[] }): JSX.Element {
  const chosen = chosenValues(param);
  const toggle = (value: string): void => {
    const next = new Set(chosen);
    if (!next.delete(value)) next.add(value);
    choose({ [param]: [...next].join(",") });
  };
  const strangers = [...chosen].filter((value) => chips.every((chip) => chip.value !== value));
  return (
    <>
      {strangers.length > 0 && (
        <p class="remark warn" role="alert" data-nowhere={param}>
          <WarnIcon />
          <span>The address asks for {strangers.map((value) => `\u201c${visible(value)}\u201d`).join(", ")}, and nothing here is called so.</span>
          <button type="button" class="link" onClick={() => choose({ [param]: [...chosen].filter((value) => !strangers.includes(value)).join(",") })}>Leave it out</button>
        </p>
      )}
      <div class="chips" role="group" aria-label={legend}>
        {chips.map(({ value, label, count, tone }) => (
          <button key={value} type="button" class="chip" aria-pressed={chosen.has(value)} disabled={count === 0 && !chosen.has(value)} onClick={() => toggle(value)}>
            <Dot tone={tone ?? toneOf(value)} />{label} <b>{formatCount(count)}</b>
          </button>
        ))}
      </div>
    </>
  );
}

/** What is pressed; nothing means that all is shown. */
export function chosenValues(param: string): ReadonlySet<string> {
  return new Set((route.value.params[param] ?? "").split(",").filter((value) => value !== ""));
}
