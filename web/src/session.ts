import { batch, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { Answer, Engine, Progress } from "./engine/engine";
import { isAbort, Problem, problemOf } from "./engine/problem";
import type { PickedFile } from "./engine/protocol";
import type { Picked } from "./files";
import { ALL, formatFragment, parseFragment, sameWindow } from "./window";
import type { TimeWindow } from "./window";

/** What the page is about at the moment. */
export type Phase =
  | { readonly kind: "looking" }
  | { readonly kind: "empty" }
  | { readonly kind: "reading"; readonly progress: Progress | null }
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly problem: Problem };

/** What the session needs from its surroundings. */
export interface Surroundings {
  findServer(): Promise<Engine | null>;
  openFiles(files: readonly PickedFile[]): Engine;
  readFragment(): string;
  /** Makes a new entry in the history. */
  writeFragment(fragment: string): void;
}

const RECENT = 20;

/** The state of the page, and all that can happen to it. The window lives in the address. */
export class Session {
  readonly #around: Surroundings;
  readonly #phase = signal<Phase>({ kind: "looking" });
  readonly #answer = signal<Answer | null>(null);
  readonly #window = signal<TimeWindow>(ALL);
  readonly #engine = signal<Engine | null>(null);
  readonly #server = signal<Engine | null>(null);
  readonly #answeredAt = signal(0);
  readonly #stale = signal<Problem | null>(null);
  readonly #answeredWindow = signal<TimeWindow>(ALL);
  readonly #left = signal<readonly string[]>([]);
  #running: AbortController | null = null;
  #unsubscribe: () => void = () => {};

  constructor(around: Surroundings) {
    this.#around = around;
  }

  get phase(): ReadonlySignal<Phase> {
    return this.#phase;
  }
  /** The last answer; stays while the next one is on its way. */
  get answer(): ReadonlySignal<Answer | null> {
    return this.#answer;
  }
  /** When the last answer came, in milliseconds since 1970; 0 before. */
  get answeredAt(): ReadonlySignal<number> {
    return this.#answeredAt;
  }
  /** Which part of time the last answer is about: that of the choice, unless its own answer is not there. */
  get answeredWindow(): ReadonlySignal<TimeWindow> {
    return this.#answeredWindow;
  }
  /** Why the last answer is not a newer one. */
  get stale(): ReadonlySignal<Problem | null> {
    return this.#stale;
  }
  get window(): ReadonlySignal<TimeWindow> {
    return this.#window;
  }
  get engine(): ReadonlySignal<Engine | null> {
    return this.#engine;
  }
  /** The server that served the page, if it answers questions. */
  get server(): ReadonlySignal<Engine | null> {
    return this.#server;
  }
  /** What was left out when files were picked. */
  get left(): ReadonlySignal<readonly string[]> {
    return this.#left;
  }

  /** Finds the server. Its figures are asked for at once if they are `wanted`, else by the first `show`. */
  async start(wanted = true): Promise<void> {
    this.#window.value = parseFragment(this.#around.readFragment());
    const server = await this.#around.findServer();
    this.#server.value = server;
    // Files may have been dropped before the server answered.
    if (this.#engine.value !== null) return;
    if (server === null) this.#phase.value = { kind: "empty" };
    else if (wanted) await this.#use(server, []);
    else this.#engine.value = server;
  }

  /** The figures come on the screen: asks for them where nobody has. */
  async show(): Promise<void> {
    const engine = this.#engine.value;
    if (engine !== null && this.#phase.value.kind === "looking") await this.#use(engine, []);
  }

  /** Reads what the user dropped or chose instead of whatever was shown. */
  async open(picked: Picked): Promise<void> {
    if (picked.files.length === 0) {
      const problem = new Problem(
        "no_known_log",
        "There are no files in what was opened.",
        picked.left[0] ?? "Choose log files, or a folder that holds some.",
      );
      this.#phase.value = { kind: "failed", problem };
      return;
    }
    await this.#use(this.#around.openFiles(picked.files), picked.left);
  }

  /** Goes back to the server's own logs. */
  async backToServer(): Promise<void> {
    const server = this.#server.value;
    if (server !== null) await this.#use(server, []);
  }

  async setWindow(window: TimeWindow): Promise<void> {
    if (sameWindow(window, this.#window.value)) return;
    this.#around.writeFragment(formatFragment(window));
    this.#window.value = window;
    await this.refresh();
  }

  /** The address has changed by the user's hand or by going back. */
  async followAddress(): Promise<void> {
    const window = parseFragment(this.#around.readFragment());
    if (sameWindow(window, this.#window.value)) return;
    this.#window.value = window;
    if (this.#phase.value.kind !== "looking") await this.refresh();
  }

  /** Stops a reading; what was shown before comes back. */
  cancel(): void {
    this.#running?.abort();
  }

  /** Asks again. A `quiet` one leaves what is shown in its place until the answer is there, and if none comes. */
  async refresh(quiet = false): Promise<void> {
    const engine = this.#engine.value;
    if (engine === null) return;
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    const window = this.#window.value;
    const isCurrent = (): boolean => this.#running === running;
    const unseen = quiet && this.#phase.value.kind === "ready";
    if (!unseen) this.#phase.value = { kind: "reading", progress: null };
    try {
      const answer = await engine.query(
        "usage",
        { window, recent: RECENT },
        {
          signal: running.signal,
          onProgress: (progress) => {
            if (isCurrent() && !unseen) this.#phase.value = { kind: "reading", progress };
          },
        },
      );
      if (!isCurrent()) return;
      batch(() => {
        this.#answer.value = answer;
        this.#answeredWindow.value = window;
        this.#answeredAt.value = Date.now();
        this.#stale.value = null;
        this.#phase.value = { kind: "ready" };
      });
    } catch (error) {
      if (!isCurrent()) return;
      if (isAbort(error)) {
        await this.#afterCancel();
        return;
      }
      const problem = problemOf(error);
      batch(() => {
        // Figures that were there stay in sight, with their age.
        const keeps = engine === this.#server.value && this.#answer.value !== null;
        this.#stale.value = keeps ? problem : null;
        this.#phase.value = keeps ? { kind: "ready" } : { kind: "failed", problem };
      });
    } finally {
      if (isCurrent()) this.#running = null;
    }
  }

  async #afterCancel(): Promise<void> {
    this.#running = null;
    if (this.#answer.value !== null) {
      // The figures shown are those of the window before: the choice must say so.
      if (!sameWindow(this.#window.value, this.#answeredWindow.value)) {
        this.#around.writeFragment(formatFragment(this.#answeredWindow.value));
        this.#window.value = this.#answeredWindow.value;
      }
      this.#phase.value = { kind: "ready" };
      return;
    }
    const engine = this.#engine.value;
    const server = this.#server.value;
    if (server !== null && engine !== server) {
      await this.#use(server, []);
      return;
    }
    if (engine !== server) {
      engine?.close();
      this.#engine.value = null;
    }
    this.#phase.value = { kind: "empty" };
  }

  async #use(engine: Engine, left: readonly string[]): Promise<void> {
    const before = this.#engine.value;
    this.#running?.abort();
    this.#running = null;
    this.#unsubscribe();
    if (before !== null && before !== engine) before.close();
    batch(() => {
      // Figures of one source must not stand under the name of another.
      if (before !== engine) {
        this.#answer.value = null;
        this.#stale.value = null;
      }
      this.#engine.value = engine;
      this.#left.value = left;
    });
    this.#unsubscribe = engine.subscribe("usage", () => {
      if (this.#running === null) void this.refresh(true);
    });
    await this.refresh();
  }
}
