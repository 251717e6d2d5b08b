import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

/** A text to paste elsewhere, exactly as it is. */
export function Copyable({ text }: { text: string }): JSX.Element {
  const copied = useSignal(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      copied.value = true;
      setTimeout(() => (copied.value = false), 1500);
    } catch {
      // No right to the clipboard (file address): the text can be selected.
    }
  };
  return (
    <span class="copyable">
      <code>{text}</code>
      <button type="button" class="link" onClick={() => void copy()} aria-label={`Copy: ${text}`}>{copied.value ? "Copied" : "Copy"}</button>
    </span>
  );
}
