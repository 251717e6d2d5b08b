import { describe, expect, it } from "vitest";
import type { Bar, OutputLine, StreamDocument } from "../src/engine/documents";
import { findCommands } from "../src/shell/commands";
import { cutLinks, takeGap, takeLines, takeOutput } from "../src/views/runs/output-state";
import { pairSteps } from "../src/views/runs/pair-steps";
import { EMPTY_TAIL, takeAnswer } from "../src/views/streams/tail-state";
import { findAnomalies } from "../src/views/usage/anomalies";

const line = (n: number): OutputLine => ({ n, stream: "out", text: `line ${n}` });

describe("the output of a run", () => {
  it("knows no line twice, whatever a new connection repeats", () => {
    const first = takeLines([], [line(1), line(2)]);
    const again = takeLines(first, [line(2), line(3)]);
    expect(again.map(({ key }) => key)).toEqual(["1", "2", "3"]);
    expect(takeLines(again, [line(1)])).toBe(again);
  });

  it("marks where lines are not kept", () => {
    const rows = takeLines(takeGap(takeLines([], [line(1)]), { first: 2, last: 9 }), [line(5), line(10)]);
    expect(rows.map(({ kind, key }) => [kind, key])).toEqual([["line", "1"], ["gap", "gap 2"], ["line", "10"]]);
    expect(takeGap(rows, { first: 2, last: 9 })).toBe(rows);
  });

  it("puts a gap between the lines of one answer", () => {
    const rows = takeOutput(takeLines([], [line(1)]), { lines: [line(1), line(2), line(9), line(10)], gap: { first: 3, last: 8 } });
    expect(rows.map(({ key }) => key)).toEqual(["1", "2", "gap 3", "9", "10"]);
    expect(takeOutput(rows, { lines: [line(11)], gap: null }).map(({ key }) => key).at(-1)).toBe("11");
  });

  it("makes links of web addresses only", () => {
    expect(cutLinks("see https://x.example/a?b=1. javascript:alert(1)")).toEqual([
      { text: "see ", href: null },
      { text: "https://x.example/a?b=1", href: "https://x.example/a?b=1" },
      { text: ". javascript:alert(1)", href: null },
    ]);
    expect(cutLinks("none")).toEqual([{ text: "none", href: null }]);
  });
});

describe("the tail of a stream", () => {
  const answer = (ids: string[], gap: StreamDocument["gap"] = null): StreamDocument => ({
    event_type: "t",
    events: ids.map((id) => ({ event_id: id, event_type: "t", timestamp: null, source: "s", data: {} })),
    gap,
    next: ids.at(-1) ?? "0-0",
    more: false,
    malformed: 1,
  });

  it("goes on, and marks what was removed in between", () => {
    const first = takeAnswer(EMPTY_TAIL, answer(["1-0"]));
    const second = takeAnswer(first, answer(["7-0"], { event_type: "t", after: "1-0", first_kept: "7-0" }));
    expect(second.rows.map(({ kind }) => kind)).toEqual(["event", "gap", "event"]);
    expect(second.next).toBe("7-0");
    expect(second.malformed).toBe(2);
  });

  it("stays bounded, and says how much it let go", () => {
    let state = EMPTY_TAIL;
    for (let part = 0; part < 25; part += 1) state = takeAnswer(state, answer(Array.from({ length: 1000 }, (_, n) => `${part * 1000 + n + 1}-0`)));
    expect(state.rows).toHaveLength(20_000);
    expect(state.rows[0]).toMatchObject({ kind: "dropped", count: 25_000 - 19_999 });
    expect(state.rows.at(-1)).toMatchObject({ key: "25000-0" });
  });
});

describe("unusual days", () => {
  const costs = (...list: number[]): Map<string, number> => new Map(list.map((cost, day) => [`2026-11-${String(day + 1).padStart(2, "0")}`, cost]));

  it("are those far above the spread of the others", () => {
    expect(findAnomalies(costs(1, 1.2, 0.9, 1.1, 1, 9)).map(({ day }) => day)).toEqual(["2026-11-06"]);
    expect(findAnomalies(costs(1, 2, 3, 4, 5, 6))).toEqual([]);
  });

  it("are three times a flat history", () => {
    expect(findAnomalies(costs(0.1, 0.1, 0.1, 0.31)).map(({ ratio }) => ratio.toFixed(2))).toEqual(["3.10"]);
    expect(findAnomalies(costs(0.1, 0.1, 0.1, 0.29))).toEqual([]);
  });

  it("need a history; quiet days are none", () => {
    expect(findAnomalies(costs(1, 1, 0, 0, 0, 50))).toEqual([]);
    expect(findAnomalies(new Map())).toEqual([]);
  });
});

it("pairs the steps of two runs by name, in order", () => {
  const bar = (step: string, duration: number): Bar => ({ entry_id: `${step}${duration}`, job: "j", step, method: null, model_type: null, executor: null, status: "success", error: null, offset_ms: 0, duration_ms: duration, lane: 0 });
  const pairs = pairSteps([bar("a", 1), bar("b", 2), bar("a", 3)], [bar("a", 4), bar("c", 5), bar("a", 6)], ({ step }) => step ?? "");
  expect(pairs.map(({ name, a, b }) => [name, a?.duration_ms ?? null, b?.duration_ms ?? null])).toEqual([["a", 1, 4], ["b", 2, null], ["a", 3, 6], ["c", null, 5]]);
});

it("finds commands by all words, names that begin so first", () => {
  const run = (): void => {};
  const commands = [{ label: "Open files", detail: "logs", run }, { label: "Feedback", detail: "g f", run }, { label: "Agents", detail: "files", run }];
  expect(findCommands(commands, "f").map(({ label }) => label)).toEqual(["Feedback", "Open files", "Agents"]);
  expect(findCommands(commands, "logs open").map(({ label }) => label)).toEqual(["Open files"]);
  expect(findCommands(commands, " ")).toBe(commands);
});
