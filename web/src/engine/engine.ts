import type { TimeWindow } from "../window";
import type { Acts, Documents } from "./documents";
import type { Report } from "./report";

/** What an engine can be asked for. */
export type ViewName = keyof Documents;
export type ActName = keyof Acts;

/** Parameters of a question, as they stand in its address. */
export type Params = Readonly<Record<string, string>>;

export interface UsageParams {
  readonly window: TimeWindow;
  /** How many recent calls to return. */
  readonly recent: number;
}

export interface Capabilities {
  readonly engine: "http" | "wasm";
  readonly views: readonly string[];
  /** What it can be told to do; nothing where it only reads. */
  readonly acts: readonly string[];
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

/** Where the page has its answers from: a server, or the core in a worker. Both give the same documents. */
export interface Engine {
  readonly capabilities: Capabilities;
  /** Reads the logs. Rejects with `Problem`, or with an `AbortError` after the signal. */
  query(view: "usage", params: UsageParams, control: QueryControl): Promise<Answer>;
  /** Any document. Rejects with `Problem`, or with an `AbortError` after the signal. */
  ask<View extends ViewName>(view: View, params: Params, signal: AbortSignal): Promise<Documents[View]>;
  /** Has something done. Rejects with `Problem`. */
  act<Name extends ActName>(name: Name, takes: Acts[Name]["takes"]): Promise<Acts[Name]["gives"]>;
  /** Calls back when the answer may have changed; returns the way to stop. */
  subscribe(view: ViewName, onChange: () => void): () => void;
  close(): void;
}
