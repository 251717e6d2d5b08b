import { signal } from "@preact/signals";
import type { ReadonlySignal, Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useEffect } from "preact/hooks";
import type { Documents } from "./engine/documents";
import type { Params, ViewName } from "./engine/engine";
import type { HttpEngine } from "./engine/http";
import { isAbort, Problem, problemOf } from "./engine/problem";

/** A document as far as it is known. */
export interface Loaded<Document> {
  /** The last one that came; stays while the next one is on its way, and when that fails. */
  readonly data: Document | null;
  /** Why there is no new one. */
  readonly problem: Problem | null;
  /** When the data came, in milliseconds since 1970; 0 before. */
  readonly at: number;
}

const NOTHING: Loaded<never> = { data: null, problem: null, at: 0 };

/** Views that change whenever another one does. */
const CHANGES_WITH: Partial<Record<ViewName, readonly ViewName[]>> = {
  agent: ["agents", "signals", "approvals", "decisions"],
  stream: ["streams"],
  "workflow-runs": ["bridge"],
  "workflow-run": ["bridge"],
  run: ["runs"],
  "cost-usage": ["cost"],
  "cache-stats": ["usage"],
  models: ["usage"],
  routing: ["usage"],
  savings: ["usage"],
  quality: ["feedback"],
  recommend: ["feedback"],
};

/** Least time between two questions for the same document. */
const PAUSE_MS = 250;
/** A document that takes long is asked for less often: most of the time is left to the user. */
const PAUSE_PER_ANSWER = 4;
const LONGEST_PAUSE_MS = 5_000;
/** Documents that nobody looks at are kept up to this many, so that going back shows something at once. */
const MOST_KEPT = 60;

/** One document, asked for again whenever it may have changed and somebody looks at it. */
class Cell<View extends ViewName> {
  readonly loaded: Signal<Loaded<Documents[View]>> = signal(NOTHING);
  readonly #engine: HttpEngine;
  readonly #view: View;
  readonly #params: Params;
  #users = 0;
  #stop: (() => void)[] = [];
  #asking: AbortController | null = null;
  #askedAt = 0;
  #pauseMs = PAUSE_MS;
  #again: ReturnType<typeof setTimeout> | null = null;

  constructor(engine: HttpEngine, view: View, params: Params) {
    this.#engine = engine;
    this.#view = view;
    this.#params = params;
  }

  get isUsed(): boolean {
    return this.#users > 0;
  }

  use(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      const views = CHANGES_WITH[this.#view] ?? [this.#view];
      this.#stop = views.map((view) => this.#engine.subscribe(view, () => this.refresh()));
      this.refresh();
    }
    return () => {
      this.#users -= 1;
      if (this.#users > 0) return;
      for (const stop of this.#stop) stop();
      this.#stop = [];
      if (this.#again !== null) clearTimeout(this.#again);
      this.#again = null;
      this.#asking?.abort();
      this.#asking = null;
    };
  }

  /** Asks again: at once, or after a pause where it was asked just now. */
  refresh(): void {
    if (this.#users === 0 || this.#again !== null) return;
    const wait = this.#asking === null ? Math.max(0, this.#askedAt + this.#pauseMs - Date.now()) : this.#pauseMs;
    if (wait === 0) {
      void this.#ask();
      return;
    }
    this.#again = setTimeout(() => {
      this.#again = null;
      if (this.#asking === null) void this.#ask();
      else this.refresh();
    }, wait);
  }

  async #ask(): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    this.#askedAt = Date.now();
    try {
      const data = await this.#engine.ask(this.#view, this.#params, asking.signal);
      if (this.#asking === asking) this.loaded.value = { data, problem: null, at: Date.now() };
    } catch (error) {
      if (isAbort(error) || this.#asking !== asking) return;
      this.loaded.value = { ...this.loaded.peek(), problem: problemOf(error) };
    } finally {
      if (this.#asking === asking) {
        this.#asking = null;
        this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(PAUSE_MS, (Date.now() - this.#askedAt) * PAUSE_PER_ANSWER));
      }
    }
  }

  set(data: Documents[View]): void {
    this.loaded.value = { data, problem: null, at: Date.now() };
  }
}

/** The documents of a server that somebody looks at. */
export class LiveDocuments {
  readonly engine: HttpEngine;
  readonly #cells = new Map<string, Cell<ViewName>>();

  constructor(engine: HttpEngine) {
    this.engine = engine;
  }

  cell<View extends ViewName>(view: View, params: Params): Cell<View> {
    const key = `${view}?${new URLSearchParams(Object.entries(params)).toString()}`;
    let cell = this.#cells.get(key) as Cell<View> | undefined;
    if (cell === undefined) {
      cell = new Cell(this.engine, view, params);
      this.#cells.set(key, cell as unknown as Cell<ViewName>);
      this.#forget();
    }
    return cell;
  }

  /** Asks again for every document that is looked at. */
  refreshAll(): void {
    for (const cell of this.#cells.values()) cell.refresh();
  }

  #forget(): void {
    for (const [key, cell] of this.#cells) {
      if (this.#cells.size <= MOST_KEPT) return;
      if (!cell.isUsed) this.#cells.delete(key);
    }
  }
}

/** The server of this page; `null` on a page that has none. */
export const ServerContext = createContext<LiveDocuments | null>(null);

/** A document, kept up to date as long as it is shown. */
export function useDocument<View extends ViewName>(view: View, params: Params = {}): Loaded<Documents[View]> {
  const documents = useContext(ServerContext);
  const key = new URLSearchParams(Object.entries(params)).toString();
  const answered = documents?.engine.capabilities.views.includes(view) ?? false;
  const cell = documents !== null && answered ? documents.cell(view, params) : null;
  useEffect(() => cell?.use(), [cell, view, key]);
  return cell === null ? (NOTHING as Loaded<Documents[View]>) : (cell.loaded as ReadonlySignal<Loaded<Documents[View]>>).value;
}
