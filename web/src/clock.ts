import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";

const ticking = signal(Date.now());

/** Milliseconds since 1970, moved on once a second while the page can be seen. */
export const now: ReadonlySignal<number> = ticking;

/** Begins to tick. */
export function startClock(): void {
  setInterval(() => {
    if (!document.hidden) ticking.value = Date.now();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) ticking.value = Date.now();
  });
}
