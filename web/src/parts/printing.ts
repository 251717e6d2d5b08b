import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { options } from "preact";

/** Longer lists are printed up to here, and say so. */
export const MOST_PRINTED = 2_000;

const state = signal(false);

/** Whether the page is being printed: then lists draw all their rows and not only those in sight. */
export const printing: ReadonlySignal<boolean> = state;

/** What is printed is what stands on the page when the event ends, so it has to be drawn at once. */
function set(value: boolean): void {
  const { debounceRendering } = options;
  options.debounceRendering = (render) => render();
  state.value = value;
  if (debounceRendering === undefined) delete options.debounceRendering;
  else options.debounceRendering = debounceRendering;
}

export function watchPrinting(): void {
  addEventListener("beforeprint", () => set(true));
  addEventListener("afterprint", () => set(false));
}
