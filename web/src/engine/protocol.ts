import type { Progress } from "./engine";
import type { ReadOptions } from "muster-core";

/** A file with the path it has inside what was dropped or chosen. */
export interface PickedFile {
  readonly path: string;
  readonly file: File;
}

/** Page to worker: read these files. */
export interface ReadRequest {
  readonly id: number;
  readonly files: readonly PickedFile[];
  readonly options: ReadOptions;
}

/** Worker to page. */
export type ReadReply =
  | { readonly id: number; readonly kind: "progress"; readonly progress: Progress }
  | {
      readonly id: number;
      readonly kind: "done";
      readonly json: string;
      readonly unknown: readonly string[];
    }
  | { readonly id: number; readonly kind: "failed"; readonly message: string };
