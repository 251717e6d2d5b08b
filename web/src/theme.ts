import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "muster.theme";
const ORDER: readonly Theme[] = ["system", "light", "dark"];

export const theme = signal<Theme>(stored());

/** The next theme in the order system, light, dark. */
export function nextTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? "system";
}

export function setTheme(chosen: Theme): void {
  theme.value = chosen;
}

/** Keeps the document and the browser's storage in step with the choice. */
export function applyTheme(): void {
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    try {
      if (theme.value === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, theme.value);
    } catch {
      // No storage here (private window, file address): the choice lasts as long as the page.
    }
  });
}

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}
