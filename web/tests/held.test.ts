import { describe, expect, it } from "vitest";
import type { Approval } from "../src/engine/documents";
import { HELD_MS, holdEntries } from "../src/views/inbox/held";
import type { Entry } from "../src/views/inbox/held";

function request(id: string, minute: number): Approval {
  return {
    request_id: id, approval_type: "deploy", agent_id: "a", context: {}, requested_at: "2026-11-20T10:00:00Z", deadline: `2026-11-20T10:${String(minute).padStart(2, "0")}:00Z`,
    left_s: 60, age_s: 0, outcome: "pending", responder: null, reason: null, decided_at: null, foreign: false,
  };
}

const ids = (entries: readonly Entry[]): string[] => entries.map(({ request: { request_id: id }, goneAt }) => (goneAt === null ? id : `${id} gone`));

describe("requests that wait no more", () => {
  it("stay in their place by the deadline, then leave", () => {
    const first = holdEntries([], [request("b", 20), request("a", 10), request("c", 30)], 0);
    expect(ids(first)).toEqual(["a", "b", "c"]);
    const second = holdEntries(first, [request("a", 10), request("c", 30), request("d", 15)], 1000);
    expect(ids(second)).toEqual(["a", "d", "b gone", "c"]);
    const third = holdEntries(second, [request("a", 10), request("c", 30), request("d", 15)], 1000 + HELD_MS - 1);
    expect(ids(third)).toEqual(["a", "d", "b gone", "c"]);
    expect(ids(holdEntries(third, [request("a", 10), request("c", 30), request("d", 15)], 1000 + HELD_MS))).toEqual(["a", "d", "c"]);
  });

  it("are not offered again by a list that was on its way at the decision", () => {
    const decided: Entry = { request: request("a", 10), decided: "rejected", goneAt: 500 };
    expect(holdEntries([decided], [request("a", 10)], 600)).toEqual([decided]);
    expect(holdEntries([decided], [], 500 + HELD_MS)).toEqual([]);
  });

  it("come back where nobody here decided and the server lists them again", () => {
    const gone: Entry = { request: request("a", 10), decided: null, goneAt: 500 };
    expect(ids(holdEntries([gone], [request("a", 10)], 600))).toEqual(["a"]);
  });
});
