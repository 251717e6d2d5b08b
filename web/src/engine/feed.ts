import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { ChangeEvent, HelloEvent } from "./documents";

/** How the page hears of changes: not yet, at once, or not at the moment. */
export type FeedState = "connecting" | "live" | "lost";

/** What one tab tells the others. */
type Told =
  | { readonly kind: "state"; readonly state: FeedState }
  | { readonly kind: "hello"; readonly hello: HelloEvent }
  | { readonly kind: "change"; readonly view: string }
  | { readonly kind: "everything" }
  | { readonly kind: "question" };

/** One per server: pages of another one may be of the same origin. */
const channelOf = (address: string): string => `muster.feed ${new URL(address, location.href).href}`;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 15_000;
/** Questions wait no longer than this for the stream to be there. */
const PATIENCE_MS = 400;

/**
 * Hears from the server which views have changed. Browsers allow few connections to one host, so that of all tabs
 * only one holds the stream and tells the others; when it closes, another takes over.
 */
export class Feed {
  readonly #address: string;
  readonly #state = signal<FeedState>("connecting");
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #restartListeners = new Set<() => void>();
  #channel: BroadcastChannel | null = null;
  #source: EventSource | null = null;
  #hello: HelloEvent | null = null;
  #retryMs = FIRST_RETRY_MS;
  #ready: Promise<void> | null = null;
  #settle: () => void = () => {};
  /** Somebody asked before the stream was there, and may have missed a change. */
  #late = false;

  constructor(address: string) {
    this.#address = address;
  }

  get state(): ReadonlySignal<FeedState> {
    return this.#state;
  }

  /** Calls back when the view may have changed; returns the way to stop. */
  on(view: string, onChange: () => void): () => void {
    const listeners = this.#listeners.get(view) ?? new Set();
    this.#listeners.set(view, listeners);
    listeners.add(onChange);
    return () => {
      listeners.delete(onChange);
    };
  }

  /** Calls back when another process answers than before. */
  onRestart(onRestart: () => void): void {
    this.#restartListeners.add(onRestart);
  }

  /**
   * Begins to listen. What is asked for once this is settled misses no change, so that nothing has to be asked for
   * twice; where the stream does not come, it is settled all the same.
   */
  ready(): Promise<void> {
    this.#ready ??= new Promise((settle) => {
      this.#settle = settle;
      setTimeout(() => {
        this.#late = this.#hello === null;
        settle();
      }, PATIENCE_MS);
      this.#listen();
    });
    return this.#ready;
  }

  #listen(): void {
    if (!("locks" in navigator) || typeof BroadcastChannel === "undefined") {
      this.#connect();
      return;
    }
    const name = channelOf(this.#address);
    this.#channel = new BroadcastChannel(name);
    this.#channel.addEventListener("message", (event: MessageEvent<Told>) => this.#hear(event.data));
    this.#channel.postMessage({ kind: "question" } satisfies Told);
    void navigator.locks.request(name, () => {
      this.#connect();
      // Held until the tab closes.
      return new Promise<never>(() => {});
    });
  }

  #connect(): void {
    const source = new EventSource(this.#address);
    this.#source = source;
    source.addEventListener("open", () => {
      this.#retryMs = FIRST_RETRY_MS;
      this.#tell({ kind: "state", state: "live" });
    });
    source.addEventListener("error", () => {
      this.#tell({ kind: "state", state: "lost" });
      if (source.readyState !== EventSource.CLOSED) return;
      // The browser gives up on an answer that is no stream; the server may be on its way back.
      this.#source = null;
      setTimeout(() => this.#connect(), this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    });
    source.addEventListener("hello", (event: MessageEvent<string>) => {
      const hello = readEvent<HelloEvent>(event.data);
      if (hello !== null) this.#tell({ kind: "hello", hello });
    });
    source.addEventListener("gap", () => this.#tell({ kind: "everything" }));
    source.addEventListener("message", (event: MessageEvent<string>) => {
      const change = readEvent<ChangeEvent>(event.data);
      if (typeof change?.view === "string") this.#tell({ kind: "change", view: change.view });
    });
  }

  #tell(told: Told): void {
    this.#hear(told);
    this.#channel?.postMessage(told);
  }

  #hear(told: Told): void {
    switch (told.kind) {
      case "state":
        this.#state.value = told.state;
        return;
      case "hello":
        this.#greeted(told.hello);
        return;
      case "change":
        for (const listener of this.#listeners.get(told.view) ?? []) listener();
        return;
      case "everything":
        this.#everything();
        return;
      case "question":
        if (this.#source === null) return;
        this.#channel?.postMessage({ kind: "state", state: this.#state.peek() } satisfies Told);
        if (this.#hello !== null) this.#channel?.postMessage({ kind: "hello", hello: this.#hello } satisfies Told);
    }
  }

  /** At each connection: what has changed since the last one is asked for again. */
  #greeted(hello: HelloEvent): void {
    const before = this.#hello;
    this.#hello = hello;
    this.#state.value = "live";
    if (before === null) {
      if (this.#late) this.#everything();
      this.#settle();
      return;
    }
    if (before.epoch !== hello.epoch) {
      for (const listener of this.#restartListeners) listener();
      this.#everything();
      return;
    }
    for (const [view, listeners] of this.#listeners) {
      if (hello.versions[view] !== before.versions[view]) for (const listener of listeners) listener();
    }
  }

  #everything(): void {
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener();
  }
}

function readEvent<T>(data: string): T | null {
  try {
    const event: unknown = JSON.parse(data);
    return typeof event === "object" && event !== null ? (event as T) : null;
  } catch {
    return null;
  }
}
