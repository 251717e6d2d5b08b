import { describe, expect, it } from "vitest";
import { divideMoney, exactMoney, formatBytes, formatCompact, formatCount, formatDay, formatDuration, formatMoney, formatRatio, formatTime, plural, visible } from "../src/format";

describe("money", () => {
  it.each([
    ["0", "$0.00"],
    ["0.000000000", "$0.00"],
    ["8.123456", "$8.12"],
    ["8.125", "$8.13"],
    ["0.0534", "$0.0534"],
    ["0.00005", "$0.0001"],
    ["0.000000001", "<$0.0001"],
    ["0.99995", "$1.0000"],
    ["1", "$1.00"],
    ["1234567.895", "$1,234,567.90"],
    ["999.995", "$1,000.00"],
    ["-3.5", "\u2212$3.50"],
    ["-0.00000001", ">\u2212$0.0001"],
    ["1e-7", "<$0.0001"],
    ["1.5e3", "$1,500.00"],
    ["9223372036.854775807", "$9,223,372,036.85"],
  ])("%s is shown as %s", (text, shown) => expect(formatMoney(text)).toBe(shown));

  it("keeps the places of a column", () => {
    expect(formatMoney("0.0561", 2)).toBe("$0.06");
    expect(formatMoney("0.001", 2)).toBe("<$0.01");
    expect(formatMoney("0", 4)).toBe("$0.0000");
    expect(formatMoney("12", 4)).toBe("$12.0000");
  });

  it("loses no decimal in the whole amount", () => {
    expect(exactMoney("9007199254740993.000000001")).toBe("$9,007,199,254,740,993.000000001");
    expect(exactMoney("0.1")).toBe("$0.1");
    expect(exactMoney("25e-10")).toBe("$0.0000000025");
    expect(exactMoney("-12")).toBe("\u2212$12");
  });

  it("shows what is no number as it is", () => {
    for (const text of ["", "NaN", "1.", ".5", "1e9999", "0x10"]) {
      expect(formatMoney(text)).toBe(text);
      expect(exactMoney(text)).toBe(text);
    }
  });

  it("divides without floats", () => {
    expect(divideMoney("8.114601", 152)).toBe("0.053385532");
    expect(divideMoney("-1", 3)).toBe("-0.333333333");
    expect(divideMoney("1", 0)).toBe("0");
  });
});

describe("numbers", () => {
  it("groups and shortens counts", () => {
    expect(formatCount(1234567)).toBe("1,234,567");
    expect(formatCount(1234.5, 2)).toBe("1,234.50");
    expect(formatCompact(9999)).toBe("9,999");
    expect(formatCompact(1_461_234)).toBe("1.46M");
    expect(plural(1, "line")).toBe("1 line");
    expect(plural(2000, "entry", "entries")).toBe("2,000 entries");
  });

  it("says 0% and 100% only where they are true", () => {
    expect(formatRatio(0)).toBe("0%");
    expect(formatRatio(0.0004)).toBe("<0.1%");
    expect(formatRatio(0.1974)).toBe("19.7%");
    expect(formatRatio(0.99999)).toBe(">99.9%");
    expect(formatRatio(1)).toBe("100%");
    expect(formatRatio(Number.NaN)).toBe("\u2013");
  });

  it("has bytes in decimal units", () => {
    expect(formatBytes(0)).toBe("0 B");
    expect(formatBytes(999)).toBe("999 B");
    expect(formatBytes(48_411)).toBe("48.4 kB");
    expect(formatBytes(316_000_000)).toBe("316 MB");
    expect(formatBytes(999_960)).toBe("1.0 MB");
  });

  it.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [999.6, "1.0 s"],
    [21_267, "21.3 s"],
    [59_960, "1 min 00 s"],
    [245_000, "4 min 05 s"],
    [3_599_600, "1 h 00 min"],
    [18_180_000, "5 h 03 min"],
    [1_051_200_000, "12 d 4 h"],
  ])("%d ms is %s", (ms, shown) => expect(formatDuration(ms)).toBe(shown));
});

describe("times", () => {
  it("are shown in UTC as they came", () => {
    expect(formatTime("2026-11-20T11:44:26.175097Z")).toBe("2026-11-20 11:44:26");
    expect(formatTime("2026-11-20T11:44:26Z")).toBe("2026-11-20 11:44:26");
    expect(formatTime("yesterday")).toBe("yesterday");
    expect(formatDay("2026-11-02")).toBe("2 Nov 2026");
    expect(formatDay("2026-13-02")).toBe("2026-13-02");
  });
});

describe("text from logs", () => {
  it("spells out what cannot be seen or would turn the line around", () => {
    expect(visible("\u001b[31mred\u202egnp.exe")).toBe("\\u{1b}[31mred\\u{202e}gnp.exe");
    expect(visible("a\u0000b\nc\u200bd\u2028e")).toBe("a\\u{0}b\\u{a}c\\u{200b}d\\u{2028}e");
    expect(visible("\ud800")).toBe("\\u{d800}");
    expect(visible("<b>größer</b> 日本 \u{1f600}")).toBe("<b>größer</b> 日本 \u{1f600}");
  });

  it("cuts what would fill the page", () => {
    expect(visible("x".repeat(5000))).toHaveLength(301);
  });
});
