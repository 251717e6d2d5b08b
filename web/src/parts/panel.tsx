import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

interface Props {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly controls?: ComponentChildren;
  readonly class?: string;
  readonly name?: string;
  readonly children: ComponentChildren;
}

/** One titled part of the page. */
export function Panel({ title, note, controls, class: extra = "", name, children }: Props): JSX.Element {
  const id = useId();
  return (
    <section class={`panel ${extra}`.trim()} aria-labelledby={id} data-panel={name}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {note !== undefined && <span class="note">{note}</span>}
        {controls !== undefined && <div class="controls">{controls}</div>}
      </header>
      {children}
    </section>
  );
}
