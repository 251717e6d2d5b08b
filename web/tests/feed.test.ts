import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Feed } from "../src/engine/feed";

/** A stream that says what the test lets it say. */
class ManualSource extends EventTarget {
  static readonly CLOSED = 2;
  static made: ManualSource[] = [];
  readyState = 0;

  constructor(readonly address: string) {
    super();
    ManualSource.made.push(this);
  }
  say(kind: string, data: unknown): void {
    this.dispatchEvent(new MessageEvent(kind, { data: typeof data === "string" ? data : JSON.stringify(data) }));
  }
  break(forGood: boolean): void {
    this.readyState = forGood ? ManualSource.CLOSED : 0;
    this.dispatchEvent(new Event("error"));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", ManualSource);
  // Without locks each page has a stream of its own; the browser's are tried end to end.
  vi.stubGlobal("navigator", {});
  ManualSource.made = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const hello = (epoch: string, agents = 1) => ({ epoch, versions: { agents, approvals: 1 } });

function begin() {
  const feed = new Feed("api/v1/events");
  const told = { agents: 0, approvals: 0, restarts: 0 };
  feed.on("agents", () => (told.agents += 1));
  feed.on("approvals", () => (told.approvals += 1));
  feed.onRestart(() => (told.restarts += 1));
  let ready = false;
  void feed.ready().then(() => (ready = true));
  const source = (): ManualSource => ManualSource.made.at(-1) ?? new ManualSource("");
  return { feed, told, source, isReady: () => ready };
}

describe("hearing of changes", () => {
  it("is ready with the greeting, and tells only those whom a change concerns", async () => {
    const { feed, told, source, isReady } = begin();
    expect(feed.state.value).toBe("connecting");
    source().say("hello", hello("a"));
    await vi.advanceTimersByTimeAsync(0);
    expect(isReady()).toBe(true);
    expect(feed.state.value).toBe("live");
    expect(told).toEqual({ agents: 0, approvals: 0, restarts: 0 });
    source().say("message", { view: "agents", version: 2 });
    source().say("message", "no JSON");
    source().say("message", { view: "unheard of", version: 2 });
    expect(told).toEqual({ agents: 1, approvals: 0, restarts: 0 });
  });

  it("does not make anybody wait for a stream that does not come, and has them ask again when it does", async () => {
    const { told, source, isReady } = begin();
    await vi.advanceTimersByTimeAsync(500);
    expect(isReady()).toBe(true);
    source().say("hello", hello("a"));
    expect(told).toEqual({ agents: 1, approvals: 1, restarts: 0 });
  });

  it("asks again for what changed while it was cut off", () => {
    const { feed, told, source } = begin();
    source().say("hello", hello("a", 1));
    source().break(false);
    expect(feed.state.value).toBe("lost");
    source().say("hello", hello("a", 5));
    expect(feed.state.value).toBe("live");
    expect(told).toEqual({ agents: 1, approvals: 0, restarts: 0 });
  });

  it("asks for everything after a gap, and of another process", () => {
    const { told, source } = begin();
    source().say("hello", hello("a"));
    source().say("gap", { reason: "unknown_id" });
    expect(told).toEqual({ agents: 1, approvals: 1, restarts: 0 });
    source().say("hello", hello("b"));
    expect(told).toEqual({ agents: 2, approvals: 2, restarts: 1 });
  });

  it("tries again, ever more slowly, where the browser gives up", async () => {
    const { source } = begin();
    source().break(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ManualSource.made).toHaveLength(2);
    source().break(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ManualSource.made).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ManualSource.made).toHaveLength(3);
  });
});
