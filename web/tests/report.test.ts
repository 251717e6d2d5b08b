import { expect, it } from "vitest";
import { parseReport } from "../src/engine/report";
import { REPORT_JSON } from "./samples";

it("keeps a workflow that is named like a field", () => {
  const report = parseReport(REPORT_JSON);
  expect(report.by_workflow["cost_usd"]?.calls).toBe(2);
  expect(Number(report.by_workflow["cost_usd"]?.cost_usd)).toBe(0.1);
});

it("gives amounts as text in any engine", () => {
  expect(typeof parseReport(REPORT_JSON).totals.cost_usd).toBe("string");
});

it.each([
  ["[]", "not a usage document"],
  ["null", "not a usage document"],
  ["{}", "the usage document has no window"],
  [REPORT_JSON.replace('"recent": []', '"recent": {}'), "the usage document has no recent"],
])("refuses %.20s and says why", (json, message) => expect(() => parseReport(json)).toThrow(message));
