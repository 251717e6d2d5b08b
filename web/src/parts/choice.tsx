import type { JSX } from "preact";
import { useId } from "preact/hooks";

interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
  /** Spoken instead of a short label. */
  readonly name?: string;
}

interface Props<Value extends string> {
  readonly legend: string;
  readonly options: readonly Option<Value>[];
  readonly value: Value;
  readonly onChoose: (value: Value) => void;
}

/** One of a few, as a row of radio buttons: arrow keys work as everywhere. */
export function Choice<Value extends string>({ legend, options, value, onChoose }: Props<Value>): JSX.Element {
  const group = useId();
  return (
    <fieldset class="choice">
      <legend class="hidden">{legend}</legend>
      {options.map((option) => (
        <label key={option.value} class={option.value === value ? "chosen" : ""}>
          <input
            type="radio"
            class="hidden"
            name={group}
            value={option.value}
            checked={option.value === value}
            {...(option.name !== undefined && { "aria-label": option.name })}
            onChange={() => onChoose(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
