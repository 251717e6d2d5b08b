import { describe, expect, it } from "vitest";
import { ALL, formatFragment, nextDay, parseDay, parseFragment, rangeWindow, unreadWindow, windowBounds, windowQuery, windowWords } from "../src/window";

const now = new Date("2026-11-20T12:00:00Z");

describe("the window in the address", () => {
  it.each(["#", "#days=7", "#days=90", "#from=2026-11-01&to=2026-11-15", "#from=2026-11-01", "#to=2026-11-15"])(
    "%s comes back as it was",
    (fragment) => expect(formatFragment(parseFragment(fragment))).toBe(fragment),
  );

  it.each(["", "#days=0", "#days=-1", "#days=1e9", "#days=99999", "#from=2026-02-30", "#from=tomorrow", "#other=1"])(
    "%s is all time",
    (fragment) => expect(parseFragment(fragment)).toEqual(ALL),
  );

  it("takes two days in either order", () => {
    expect(rangeWindow("2026-11-15", "2026-11-01")).toEqual({ kind: "range", from: "2026-11-01", to: "2026-11-15" });
  });

  it("knows the calendar", () => {
    expect(parseDay("2028-02-29")).toBe("2028-02-29");
    expect(parseDay("2027-02-29")).toBeNull();
    expect(nextDay("2026-12-31")).toBe("2027-01-01");
    expect(nextDay("2028-02-28")).toBe("2028-02-29");
  });
});

describe("the window as bounds", () => {
  it("is half-open, and the last day is inside", () => {
    expect(windowBounds(ALL, now)).toEqual({});
    expect(windowBounds({ kind: "days", days: 7 }, now)).toEqual({ from: "2026-11-13T12:00:00.000Z", to: "2026-11-20T12:00:00.000Z" });
    expect(windowBounds({ kind: "range", from: "2026-11-01", to: "2026-11-15" }, now)).toEqual({
      from: "2026-11-01T00:00:00Z",
      to: "2026-11-16T00:00:00Z",
    });
  });

  it("leaves the clock to a server", () => {
    expect(windowQuery({ kind: "days", days: 30 })).toEqual({ days: "30" });
    expect(windowQuery({ kind: "range", from: null, to: "2026-11-15" })).toEqual({ to: "2026-11-16T00:00:00Z" });
    expect(windowQuery(ALL)).toEqual({});
  });
});

describe("an address that names no window", () => {
  it.each([
    [{ from: "abc" }, ["from=abc"]],
    [{ from: "2026-11-01", to: "2026-02-30" }, ["to=2026-02-30"]],
    [{ days: "0" }, ["days=0"]],
    [{ days: "7", workflow: "review" }, []],
    [{}, []],
  ])("%j: %j", (params, unread) => expect(unreadWindow(params)).toEqual(unread));
});

describe("the window in words", () => {
  it.each([
    ["#", "all time"],
    ["#days=1", "the last day"],
    ["#days=7", "the last 7 days"],
    ["#from=2026-11-01&to=2026-11-15", "2026-11-01 to 2026-11-15"],
    ["#from=2026-11-01", "from 2026-11-01 on"],
    ["#to=2026-11-15", "until 2026-11-15"],
  ])("%s is %s", (fragment, words) => expect(windowWords(parseFragment(fragment))).toBe(words));
});
