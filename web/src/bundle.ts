import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { DiagnosisDocument } from "./engine/documents";
import { Problem, problemOf } from "./engine/problem";
import type { PickedFile } from "./engine/protocol";
import { diagnoseBundle } from "./engine/wasm";

/** Larger files are no evidence bundles; collecting cuts logs well below this. */
const MOST_BYTES = 128_000_000;

export type Bundle =
  | { readonly kind: "reading"; readonly name: string }
  | { readonly kind: "ready"; readonly name: string; readonly diagnosis: NonNullable<DiagnosisDocument["diagnosis"]> }
  | { readonly kind: "failed"; readonly name: string; readonly problem: Problem };

const opened = signal<Bundle | null>(null);

/** The evidence bundle that the user opened, and what the core makes of it. */
export const bundle: ReadonlySignal<Bundle | null> = opened;

/** The first of the files that is an evidence bundle. */
export async function findBundle(files: readonly PickedFile[]): Promise<PickedFile | null> {
  for (const picked of files) {
    if (!picked.path.endsWith(".json") || picked.file.size > MOST_BYTES) continue;
    try {
      if ((await picked.file.text()).includes('"muster_bundle"')) return picked;
    } catch {
      // The browser refused the file: whoever reads it next says so.
    }
  }
  return null;
}

/** Looks for what is wrong, in a worker of this page. */
export async function openBundle({ path, file }: PickedFile): Promise<void> {
  const name = path;
  opened.value = { kind: "reading", name };
  try {
    const diagnosis = await diagnoseBundle(await file.text());
    if (diagnosis === null) throw new Problem("reader", "The reader gave no diagnosis.", "");
    opened.value = { kind: "ready", name, diagnosis };
  } catch (error) {
    opened.value = { kind: "failed", name, problem: problemOf(error) };
  }
}

export function closeBundle(): void {
  opened.value = null;
}
