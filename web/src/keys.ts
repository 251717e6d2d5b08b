import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

/** A key, or two in a row as in `g a`. */
export interface Binding {
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
  /** Again and again while it is held down. */
  readonly repeats?: boolean;
}

export interface BindingGroup {
  readonly name: string;
  readonly bindings: readonly Binding[];
}

/** Longer between two keys, and they are no chord. */
const CHORD_MS = 1200;

const registered = signal<readonly { readonly current: BindingGroup }[]>([]);
let first: { readonly key: string; readonly at: number } | null = null;

/** What the keys do at the moment, for the help. */
export function bindingGroups(): readonly BindingGroup[] {
  return registered.value.map(({ current }) => current);
}

/** Keys of a part of the page, as long as it is there. */
export function useKeys(name: string, bindings: readonly Binding[]): void {
  const held = useRef<BindingGroup>({ name, bindings });
  held.current = { name, bindings };
  useEffect(() => {
    registered.value = [...registered.peek(), held];
    return () => {
      registered.value = registered.peek().filter((other) => other !== held);
    };
  }, []);
}

/** Whether keys belong to what the user writes. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type);
}

const overlays = signal(0);

/** As long as the caller is there, keys are its own. */
export function useOverlay(): void {
  useEffect(() => {
    overlays.value += 1;
    return () => {
      overlays.value -= 1;
    };
  }, []);
}

/** Listens to the keyboard. The newest binding of a key wins. */
export function startKeys(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const command = (event.ctrlKey || event.metaKey) && !event.altKey;
    if (command && event.key.toLowerCase() === "k") {
      if (press("Ctrl-K")) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && isTyping(event.target)) {
      (event.target as HTMLElement).blur();
      return;
    }
    if (isTyping(event.target) || overlays.peek() > 0) return;
    const chord = first !== null && Date.now() - first.at < CHORD_MS ? `${first.key} ${event.key}` : null;
    first = null;
    if (chord !== null && press(chord, event.repeat)) {
      event.preventDefault();
      return;
    }
    if (press(event.key, event.repeat)) {
      event.preventDefault();
      return;
    }
    if (hasChord(event.key)) first = { key: event.key, at: Date.now() };
  });
}

function press(keys: string, held = false): boolean {
  for (const group of registered.peek().toReversed()) {
    const binding = group.current.bindings.find((candidate) => candidate.keys === keys);
    if (binding !== undefined) {
      if (!held || binding.repeats === true) binding.run();
      return true;
    }
  }
  return false;
}

function hasChord(key: string): boolean {
  return registered.peek().some(({ current }) => current.bindings.some(({ keys }) => keys.startsWith(`${key} `)));
}
