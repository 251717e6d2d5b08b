import { expect, it } from "vitest";
import { fileNameOf, toCsv, toJson } from "../src/parts/export";
import type { ExportColumn } from "../src/parts/export";

interface Row {
  readonly name: string;
  readonly n: number;
}

const COLUMNS: readonly ExportColumn<Row>[] = [
  { label: "Name", sortBy: ({ name }) => name, cell: () => "shortened" },
  { label: "N, exact", value: ({ n }) => n, sortBy: () => 0, cell: () => "" },
  { label: "Shown", cell: ({ n }) => `${n}!` },
];

it("writes values and not what is shown of them", () => {
  expect(toCsv(COLUMNS, [{ name: "a", n: 1.25 }])).toBe('Name,"N, exact",Shown\r\na,1.25,1.25!\r\n');
});

it("quotes what has to be quoted, and makes no formula of a text from a log", () => {
  const csv = toCsv(COLUMNS.slice(0, 1), [{ name: 'a "b", c\nd', n: 0 }, { name: "=1+1", n: 0 }, { name: "-5", n: 0 }, { name: "@x", n: 0 }]);
  expect(csv).toBe('Name\r\n"a ""b"", c\nd"\r\n\'=1+1\r\n-5\r\n\'@x\r\n');
});

it("writes rows as they are", () => {
  expect(JSON.parse(toJson([{ name: "\u{1f600}", n: 1 }]))).toEqual([{ name: "\u{1f600}", n: 1 }]);
  expect(fileNameOf("Cost and calls by model")).toBe("cost-and-calls-by-model");
});
