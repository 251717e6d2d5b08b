import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Choice } from "../../parts/choice";
import type { Session } from "../../session";
import { ALL, parseDay, rangeWindow } from "../../window";
import type { TimeWindow } from "../../window";

type Chosen = "all" | "7" | "30" | "90" | "custom";

const OPTIONS = [
  { value: "all", label: "All", name: "All time" },
  { value: "7", label: "7 d", name: "Last 7 days" },
  { value: "30", label: "30 d", name: "Last 30 days" },
  { value: "90", label: "90 d", name: "Last 90 days" },
  { value: "custom", label: "Custom", name: "From one day to another" },
] as const;

function chosenOf(window: TimeWindow): Chosen {
  if (window.kind === "all") return "all";
  const days = window.kind === "days" ? String(window.days) : "";
  return days === "7" || days === "30" || days === "90" ? days : "custom";
}

/** The window of time: a few usual ones, or two days. */
export function WindowPicker({ session }: { session: Session }): JSX.Element {
  const window = session.window.value;
  // "Custom" shows its two fields before any day is chosen.
  const opened = useSignal(false);
  const chosen = opened.value ? "custom" : chosenOf(window);

  const choose = (value: Chosen): void => {
    opened.value = value === "custom";
    if (value === "all") void session.setWindow(ALL);
    else if (value !== "custom") void session.setWindow({ kind: "days", days: Number(value) });
  };
  const from = window.kind === "range" ? window.from : null;
  const to = window.kind === "range" ? window.to : null;
  const chooseDays = (first: string | null, last: string | null): void => void session.setWindow(rangeWindow(first, last));

  return (
    <div class="window-picker">
      <Choice legend="Window of time" options={OPTIONS} value={chosen} onChoose={choose} />
      {chosen === "custom" && (
        <span class="days">
          {window.kind === "days" && <span class="quiet">last {window.days} days, or</span>}
          <label>
            <span class="hidden">First day (UTC)</span>
            <input type="date" name="from" value={from ?? ""} onChange={(event) => chooseDays(parseDay(event.currentTarget.value), to)} />
          </label>
          <span aria-hidden="true">to</span>
          <label>
            <span class="hidden">Last day (UTC)</span>
            <input type="date" name="to" value={to ?? ""} onChange={(event) => chooseDays(from, parseDay(event.currentTarget.value))} />
          </label>
        </span>
      )}
    </div>
  );
}
