import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { formatRoute, parseRoute } from "./route";
import type { Route } from "./route";

const current = signal<Route>(parseRoute(location.hash));

/** What the address says at the moment. */
export const route: ReadonlySignal<Route> = current;

/** Goes somewhere else; the browser's Back leads to where one was. */
export function go(to: Route): void {
  const fragment = formatRoute(to);
  if (fragment === formatRoute(current.peek())) return;
  history.pushState(null, "", fragment);
  current.value = to;
}

/** Changes what is chosen in the view; an empty value takes a parameter out. Typing makes no entries in the history. */
export function choose(params: Route["params"]): void {
  const from = current.peek();
  const to: Route = { ...from, params: Object.fromEntries(Object.entries({ ...from.params, ...params }).filter(([, value]) => value !== "")) };
  history.replaceState(null, "", formatRoute(to));
  current.value = to;
}

/** Follows links, Back and Forward, and addresses that the user types. */
export function followAddress(): void {
  addEventListener("popstate", () => {
    current.value = parseRoute(location.hash);
  });
}
