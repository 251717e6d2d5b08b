export type ProblemKind = "no_known_log" | "unreadable" | "reader" | "server" | "unreachable" | "not_found" | "no_server";

/** A file that a problem is about. */
export interface ConcernedFile {
  readonly path: string;
  /** Why it could not be used, where that is known. */
  readonly message: string;
}

/** Why there is no answer, in words for the user: what happened and what to do. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly hint: string;
  readonly files: readonly ConcernedFile[];

  constructor(kind: ProblemKind, message: string, hint: string, files: readonly ConcernedFile[] = []) {
    super(message);
    this.name = "Problem";
    this.kind = kind;
    this.hint = hint;
    this.files = files;
  }
}

/** Anything that was thrown, as a problem. */
export function problemOf(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem("reader", `${messageOf(error)}.`, "Reload the page and try again.");
}

/** Whether a rejection only says that the user gave up. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** The words of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
