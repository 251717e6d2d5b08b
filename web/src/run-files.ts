import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { problemOf } from "./engine/problem";
import type { Problem } from "./engine/problem";
import type { PickedFile } from "./engine/protocol";
import { readRuns } from "./engine/wasm";
import type { RunsOfFiles } from "./engine/wasm";

/** So much of a file is looked at to see whether it is one of runs. */
const HEAD_BYTES = 4096;
const NAMES = /\.(jsonl|ndjson|json|log)$/i;
/** An entry of the bridge, or an event of a workflow: bare, timed, or as a server frames it. */
const MARKS = [/"invocation"\s*:\s*\{/, /"kind"\s*:\s*"(started|job_started|step_started|method_executing)"/];

export type OpenedRuns =
  | { readonly kind: "reading"; readonly names: readonly string[] }
  | { readonly kind: "ready"; readonly names: readonly string[]; readonly of: RunsOfFiles }
  | { readonly kind: "failed"; readonly names: readonly string[]; readonly problem: Problem };

const opened = signal<OpenedRuns | null>(null);

/** The runs out of files that the user opened. */
export const openedRuns: ReadonlySignal<OpenedRuns | null> = opened;

/** Those of the files that hold entries or events of workflows. */
export async function findRunFiles(files: readonly PickedFile[]): Promise<PickedFile[]> {
  const found: PickedFile[] = [];
  for (const picked of files) {
    if (!NAMES.test(picked.path)) continue;
    try {
      const head = await picked.file.slice(0, HEAD_BYTES).text();
      if (MARKS.some((mark) => mark.test(head))) found.push(picked);
    } catch {
      // The browser refused the file: whoever reads it next says so.
    }
  }
  return found;
}

/** Puts the runs together, in a worker of this page. */
export async function openRunFiles(files: readonly PickedFile[]): Promise<void> {
  const names = files.map(({ path }) => path);
  opened.value = { kind: "reading", names };
  try {
    opened.value = { kind: "ready", names, of: await readRuns(files) };
  } catch (error) {
    opened.value = { kind: "failed", names, problem: problemOf(error) };
  }
}

export function closeRunFiles(): void {
  opened.value = null;
}
