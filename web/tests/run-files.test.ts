import { expect, it } from "vitest";
import { findRunFiles } from "../src/run-files";

const picked = (path: string, text: string) => ({ path, file: new File([text], path) });

it("tells files of runs by what they begin with", async () => {
  const files = [
    picked("spool/a.json", '{"id":"1","invocation": {"command":"model"}}'),
    picked("run.events.jsonl", '{"kind":"started","runId":"r"}\n'),
    picked("timed.jsonl", '{"at":1,"event":{"kind":"step_started"}}\n'),
    picked("usage.jsonl", '{"v":"1.0","ts":"2026-11-20T11:44:26Z","cost":0.1}\n'),
    picked("bundle.json", '{"muster_bundle":1,"evidence":{}}'),
    picked("photo.png", '"invocation":{'),
  ];
  const found = await findRunFiles(files);
  expect(found.map(({ path }) => path)).toEqual(["spool/a.json", "run.events.jsonl", "timed.jsonl"]);
});

it("passes over a file that the browser refuses", async () => {
  const refused = { path: "run.jsonl", file: { slice: () => ({ text: () => Promise.reject(new DOMException("locked")) }) } as unknown as File };
  expect(await findRunFiles([refused])).toEqual([]);
});
