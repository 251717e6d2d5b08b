import type { Signal } from "../../engine/documents";
import type { Tone } from "../../parts/badge";

/** What became of a signal, in words. */
export const LIFE: Readonly<Record<Signal["life"], { readonly label: string; readonly tone: Tone; readonly means: string }>> = {
  waiting: { label: "waiting", tone: "info", means: "It was not received yet." },
  gone: { label: "gone", tone: "good", means: "It went before its time: its receiver took it, or somebody cleared it." },
  expired: { label: "expired", tone: "warn", means: "Its time was over before it was received." },
};
