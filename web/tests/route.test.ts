import { describe, expect, it } from "vitest";
import { formatRoute, HOME, hrefOf, parseRoute } from "../src/route";

describe("the address", () => {
  it.each(["#/agents", "#/agents/a%2Fb%20c", "#/usage?days=30", "#/streams/signals?life=waiting%2Cgone", "#/runs/compare/1/2", "#"])("%s comes back as it was", (fragment) => {
    expect(formatRoute(parseRoute(fragment))).toBe(fragment);
  });

  it("takes the windows of before for the usage view", () => {
    expect(parseRoute("#days=30")).toEqual({ view: "usage", path: [], params: { days: "30" } });
    expect(formatRoute(parseRoute("#from=2026-11-01&to=2026-11-15"))).toBe("#/usage?from=2026-11-01&to=2026-11-15");
  });

  it.each(["", "#", "#/"])("%s says nothing", (fragment) => expect(parseRoute(fragment)).toEqual(HOME));

  it.each(["#/nowhere", "#/Agents", "#/nowhere/a%2Fb"])("%s names no view, and stays as it was", (fragment) => {
    const route = parseRoute(fragment);
    expect(route.view).toBeNull();
    expect(route.path).not.toEqual([]);
    expect(formatRoute(route)).toBe(fragment);
  });

  it("bears names that hold anything", () => {
    for (const id of ["a/b", "a?b#c", "50%", "\u00e4 \u{1f600}", "..", "%zz"]) {
      expect(parseRoute(hrefOf("agents", [id])).path).toEqual([id]);
    }
    expect(parseRoute("#/agents/%zz").path).toEqual(["%zz"]);
  });

  it("leaves out what is not chosen", () => {
    expect(hrefOf("agents", [], { q: "", state: "dead" })).toBe("#/agents?state=dead");
  });
});
