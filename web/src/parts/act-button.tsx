import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { problemOf } from "../engine/problem";

interface Props {
  readonly class?: string;
  readonly disabled?: boolean;
  readonly run: () => Promise<unknown>;
  readonly children: ComponentChildren;
}

/** A button whose work takes time and may fail: it says both. */
export function ActButton({ class: kind = "", disabled = false, run, children }: Props): JSX.Element {
  const busy = useSignal(false);
  const failure = useSignal("");
  const press = async (): Promise<void> => {
    if (busy.value) return;
    busy.value = true;
    failure.value = "";
    try {
      await run();
    } catch (error) {
      const problem = problemOf(error);
      failure.value = `${problem.message} ${problem.hint}`.trim();
    } finally {
      busy.value = false;
    }
  };
  return (
    <span class="act">
      <button type="button" class={`action ${kind}`.trim()} disabled={disabled} aria-busy={busy.value} onClick={() => void press()}>{children}</button>
      {failure.value !== "" && <span class="bad-text" role="alert">{failure.value}</span>}
    </span>
  );
}
