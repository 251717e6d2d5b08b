import type { Report } from "./report";
import type { TimeWindow } from "../window";

/** What an engine can be asked for. More views come with more reports. */
export type ViewName = "usage";

export interface UsageParams {
  readonly window: TimeWindow;
  /** How many recent calls to return. */
  readonly recent: number;
}

export interface Capabilities {
  readonly engine: "http" | "wasm";
  readonly views: readonly ViewName[];
  /** Whether `subscribe` ever reports a change. */
  readonly live: boolean;
  /** The version of the server, where one answers. */
  readonly version: string | null;
}

/** How far a reading has come. */
export interface Progress {
  readonly file: string;
  readonly bytes: number;
  readonly totalBytes: number;
  readonly lines: number;
  /** Milliseconds since the reading began. */
  readonly elapsedMs: number;
}

export interface Answer {
  readonly report: Report;
  /** Names of files that are no log that the core knows. */
  readonly unknown: readonly string[];
}

export interface QueryControl {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Where the page has its answers from: a server, or the core in a worker. Both give the same document. */
export interface Engine {
  readonly capabilities: Capabilities;
  /** Rejects with `Problem`, or with an `AbortError` after the signal. */
  query(view: ViewName, params: UsageParams, control: QueryControl): Promise<Answer>;
  /** Calls back when the answer may have changed; returns the way to stop. */
  subscribe(view: ViewName, params: UsageParams, onChange: () => void): () => void;
  close(): void;
}
