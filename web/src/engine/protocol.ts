import type { DiagnoseOptions, ReadOptions } from "muster-core";
import type { Progress } from "./engine";

/** A file with the path it has inside what was dropped or chosen. */
export interface PickedFile {
  readonly path: string;
  readonly file: File;
}

/** The reports that are made of the same reading as the usage report. */
export const SIDE_REPORTS = ["cache-stats", "models", "routing", "savings"] as const;
export type SideReport = (typeof SIDE_REPORTS)[number];

/** Page to worker: read these files. */
export interface ReadRequest {
  readonly id: number;
  readonly files: readonly PickedFile[];
  readonly options: ReadOptions;
}

/** Page to worker: what is wrong with the gateway that this evidence is of? */
export interface DiagnoseRequest {
  readonly id: number;
  readonly bundle: string;
  readonly options: DiagnoseOptions;
}

/** Page to worker: which runs of workflows are in these files? */
export interface RunsRequest {
  readonly id: number;
  readonly runs: readonly PickedFile[];
}

/** Worker to page. */
export type ReadReply =
  | { readonly id: number; readonly kind: "progress"; readonly progress: Progress }
  | {
      readonly id: number;
      readonly kind: "done";
      readonly json: string;
      readonly unknown: readonly string[];
      /** Further documents by their names. */
      readonly reports?: Readonly<Record<string, string>>;
    }
  | { readonly id: number; readonly kind: "diagnosed"; readonly json: string }
  | {
      readonly id: number;
      readonly kind: "runs";
      readonly json: string;
      /** Each run by its id. */
      readonly runs: Readonly<Record<string, string>>;
      /** Files that could not be read, and why. */
      readonly unread: readonly { readonly path: string; readonly message: string }[];
    }
  | { readonly id: number; readonly kind: "failed"; readonly message: string };
