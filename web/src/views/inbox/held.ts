import { useSignal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Approval } from "../../engine/documents";

/** How long a request that waits no more stays in its place. */
export const HELD_MS = 4_000;
/** How long a card that has just moved takes no decision: a press may have been meant for another one. */
const SETTLING_MS = 500;
/** Less than this is no move that a pointer would miss its aim by. */
const STILL_PX = 4;

/** A request in the list. */
export interface Entry {
  readonly request: Approval;
  /** How the user has decided it here. */
  readonly decided: Decided | null;
  /** In milliseconds since 1970: since when it waits no more; `null` as long as it does. */
  readonly goneAt: number | null;
}

export type Decided = "approved" | "rejected";

/**
 * The list after the server's `requests` have come: what waits no more stays for a while, in its place by the
 * deadline, so that no card slips under the pointer in the moment of a press.
 */
export function holdEntries(before: readonly Entry[], requests: readonly Approval[], now: number): readonly Entry[] {
  const waiting = new Map(requests.map((request) => [request.request_id, request]));
  const kept = before.flatMap((entry): readonly Entry[] => {
    const request = waiting.get(entry.request.request_id);
    if (request !== undefined) {
      waiting.delete(request.request_id);
      // A list that was on its way when the user decided still holds the request.
      return [entry.decided === null ? { request, decided: null, goneAt: null } : entry];
    }
    const goneAt = entry.goneAt ?? now;
    return now - goneAt < HELD_MS ? [{ ...entry, goneAt }] : [];
  });
  const fresh = [...waiting.values()].map((request): Entry => ({ request, decided: null, goneAt: null }));
  return [...kept, ...fresh].toSorted((a, b) => byText(a.request.deadline, b.request.deadline) || byText(a.request.request_id, b.request.request_id));
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Requests as they are shown, and what the cards tell of themselves. */
export interface HeldRequests {
  readonly entries: readonly Entry[];
  /** Cards that take no decision yet: they have just come or moved, or have the focus from one that is done. */
  readonly settling: ReadonlySignal<ReadonlySet<string>>;
  readonly settle: (id: string) => void;
  /** Whether the list has been on the screen before: what it opens with has been nowhere else. */
  readonly opened: { readonly current: boolean };
  readonly decide: (id: string, decided: Decided, byPointer: boolean) => void;
}

/** The element of the list, once it is drawn. */
interface List {
  readonly current: HTMLElement | null;
}

/** The requests of a list, with those that waited a moment ago. */
export function useHeld(requests: readonly Approval[], list: List): HeldRequests {
  const held = useRef<readonly Entry[]>([]);
  const { settling, settle } = useSettling();
  const opened = useRef(false);
  useEffect(() => void (opened.current = true), []);
  const turn = useSignal(0);
  // Read, so that an end of holding draws the list again.
  void turn.value;
  held.current = holdEntries(held.current, requests, Date.now());
  const entries = held.current;

  const firstGone = Math.min(...entries.map(({ goneAt }) => goneAt ?? Infinity));
  useEffect(() => {
    if (firstGone === Infinity) return undefined;
    const due = setTimeout(() => {
      const leaving = held.current.filter(({ goneAt }) => goneAt !== null && Date.now() - goneAt >= HELD_MS);
      for (const { request } of leaving) leaveCard(list.current, request.request_id, true, settle);
      turn.value += 1;
    }, Math.max(0, firstGone + HELD_MS - Date.now()) + 1);
    return () => clearTimeout(due);
  }, [firstGone, turn.value]);

  const decide = (id: string, decided: Decided, byPointer: boolean): void => {
    held.current = held.current.map((entry) => (entry.request.request_id === id ? { ...entry, decided, goneAt: Date.now() } : entry));
    turn.value += 1;
    leaveCard(list.current, id, byPointer, settle);
  };
  return { entries, settling, settle, opened, decide };
}

/** The focus goes on from a card that is done: to the next one that waits, else to the last one before it. */
function leaveCard(list: HTMLElement | null, id: string, stays: boolean, settle: (id: string) => void): void {
  const card = list?.querySelector<HTMLElement>(`[data-request="${CSS.escape(id)}"]`);
  if (list === null || card === null || card === undefined || !card.contains(document.activeElement)) return;
  const cards = [...list.querySelectorAll<HTMLElement>("[data-request]")];
  const at = cards.indexOf(card);
  const waits = (other: HTMLElement): boolean => other !== card && other.dataset["gone"] === undefined;
  const next = cards.slice(at + 1).find(waits) ?? cards.slice(0, at).findLast(waits);
  if (next === undefined) {
    card.focus({ preventScroll: true });
    return;
  }
  next.focus({ preventScroll: true });
  settle(next.dataset["request"] ?? "");
  if (!stays) next.scrollIntoView({ block: "nearest" });
}

/** Cards that take no decision for a moment. */
function useSettling(): Pick<HeldRequests, "settling" | "settle"> {
  const settling = useSignal<ReadonlySet<string>>(new Set());
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  useEffect(
    () => () => {
      for (const timer of timers.current.values()) clearTimeout(timer);
    },
    [],
  );
  const settle = (id: string): void => {
    clearTimeout(timers.current.get(id));
    settling.value = new Set([...settling.peek(), id]);
    const end = (): void => {
      timers.current.delete(id);
      settling.value = new Set([...settling.peek()].filter((other) => other !== id));
    };
    timers.current.set(id, setTimeout(end, SETTLING_MS));
  };
  return { settling, settle };
}

/** Settles each card that comes or moves, whatever has moved it. */
export function useMoves(list: List, { settle, opened }: HeldRequests): void {
  const places = useRef<ReadonlyMap<string, number>>(new Map());
  const measure = useRef(() => {
    const before = places.current;
    places.current = placesOf(list.current);
    if (!opened.current) return;
    for (const [id, top] of places.current) {
      if (Math.abs((before.get(id) ?? -Infinity) - top) >= STILL_PX) settle(id);
    }
  });
  useLayoutEffect(() => measure.current());
  useEffect(() => {
    // What stands above the list may grow too.
    const watch = new ResizeObserver(() => measure.current());
    const content = list.current?.closest("main");
    if (content !== null && content !== undefined) for (const element of [content, ...content.children]) watch.observe(element);
    return () => watch.disconnect();
  }, []);
}

/** Where the cards are, from the top of the whole page. */
function placesOf(list: HTMLElement | null): ReadonlyMap<string, number> {
  const cards = [...(list?.querySelectorAll<HTMLElement>("[data-request]") ?? [])];
  return new Map(cards.map((card) => [card.dataset["request"] ?? "", card.getBoundingClientRect().top + scrollY]));
}
