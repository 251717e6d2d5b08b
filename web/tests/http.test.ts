import { afterEach, describe, expect, it, vi } from "vitest";
import { findServer, HttpEngine } from "../src/engine/http";
import type { TimeWindow } from "../src/window";
import { REPORT_JSON } from "./samples";

afterEach(() => vi.unstubAllGlobals());

const json = (body: string, status = 200): Response => new Response(body, { status, headers: { "content-type": "application/json" } });

const serverWith = (token: string) => ({
  capabilities: { engine: "http", views: ["usage"], acts: ["approve"], live: false, version: null } as const,
  token,
  responder: "lee",
});

function stubFetch(answer: () => Response | Error): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (address: string) => {
    asked.push(address);
    const given = answer();
    return given instanceof Error ? Promise.reject(given) : Promise.resolve(given);
  });
  return asked;
}

describe("looking for a server", () => {
  it("finds one that states its capabilities", async () => {
    const asked = stubFetch(() => json('{"version":"0.1.0","live":true,"views":["usage"]}'));
    const server = await findServer();
    expect(asked).toEqual(["api/v1/capabilities"]);
    expect(server?.capabilities).toEqual({ engine: "http", views: ["usage"], acts: [], live: true, version: "0.1.0" });
  });

  it.each([
    ["a missing page", () => new Response("no", { status: 404 })],
    ["a static server that answers everything with its page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["broken JSON", () => json("{")],
    ["JSON that is no object", () => json("null")],
    ["no answer", () => new TypeError("failed to fetch")],
  ])("does not take %s for one", async (_name, answer) => {
    stubFetch(answer);
    expect(await findServer()).toBeNull();
  });
});

describe("asking it", () => {
  const engine = new HttpEngine(serverWith("t1"));
  const ask = (window: TimeWindow) =>
    engine.query("usage", { window, recent: 20 }, { signal: new AbortController().signal, onProgress: () => {} });

  it.each<[TimeWindow, string]>([
    [{ kind: "all" }, "api/v1/usage?recent=20"],
    [{ kind: "days", days: 7 }, "api/v1/usage?days=7&recent=20"],
    [{ kind: "range", from: "2026-11-01", to: null }, "api/v1/usage?from=2026-11-01T00%3A00%3A00Z&recent=20"],
  ])("asks for the window %o", async (window, address) => {
    const asked = stubFetch(() => json(REPORT_JSON));
    expect((await ask(window)).report.totals.calls).toBe(2);
    expect(asked).toEqual([address]);
  });

  it("passes on the server's own words", async () => {
    stubFetch(() => json('{"error":{"kind":"unreachable","message":"cannot read /x","hint":"check its mode","exit":3}}', 503));
    await expect(ask({ kind: "all" })).rejects.toMatchObject({ kind: "server", message: "cannot read /x", hint: "check its mode" });
  });

  it("has words of its own where the server has none", async () => {
    stubFetch(() => new Response("<h1>Bad gateway</h1>", { status: 502 }));
    await expect(ask({ kind: "all" })).rejects.toMatchObject({ kind: "server", message: "The server answered with status 502." });
  });

  it("says when the server is gone, and when it speaks another version", async () => {
    stubFetch(() => new TypeError("failed to fetch"));
    await expect(ask({ kind: "all" })).rejects.toMatchObject({ kind: "unreachable" });
    stubFetch(() => json("{}"));
    await expect(ask({ kind: "all" })).rejects.toMatchObject({ kind: "server", hint: expect.stringContaining("reload") });
  });
});

describe("acting", () => {
  interface Sent {
    readonly address: string;
    readonly token: string | null;
  }
  /** A server that was started anew: it takes another token than the page has. */
  function stubServer(valid: string, answer: () => Response): Sent[] {
    const sent: Sent[] = [];
    vi.stubGlobal("fetch", (address: string, request: RequestInit) => {
      const token = new Headers(request.headers).get("x-muster-token");
      sent.push({ address, token });
      if (address.endsWith("capabilities")) return Promise.resolve(json(`{"version":"1","token":"${valid}","acts":["approve"]}`));
      return Promise.resolve(token === valid ? answer() : json('{"error":{"kind":"forbidden","message":"no token","hint":null,"exit":2}}', 403));
    });
    return sent;
  }

  it("sends the token, and fetches the new one of a server that was started anew", async () => {
    const engine = new HttpEngine(serverWith("old"));
    const sent = stubServer("new", () => json('{"request_id":"r","outcome":"taken"}'));
    expect(await engine.act("approve", { request_id: "r" })).toMatchObject({ outcome: "taken" });
    expect(sent.map(({ token }) => token)).toEqual(["old", null, "new"]);
  });

  it("takes a refused decision as an answer, and anything else as a problem", async () => {
    const engine = new HttpEngine(serverWith("t"));
    stubServer("t", () => json('{"request_id":"r","outcome":"refused","refusal":"already_decided"}', 409));
    expect(await engine.act("approve", { request_id: "r" })).toMatchObject({ refusal: "already_decided" });
    stubServer("t", () => json('{"error":{"kind":"unreachable","message":"no store","hint":"start it","exit":3}}', 503));
    await expect(engine.act("approve", { request_id: "r" })).rejects.toMatchObject({ message: "no store", hint: "start it" });
  });

  it("does not try for ever with a token that is refused", async () => {
    const engine = new HttpEngine(serverWith("t"));
    const sent = stubServer("t", () => json('{"error":{"message":"only reads","hint":null}}', 403));
    await expect(engine.act("approve", { request_id: "r" })).rejects.toMatchObject({ message: "only reads" });
    expect(sent).toHaveLength(2);
  });
});

it("keeps each amount as the text of its number, also below days", async () => {
  const engine = new HttpEngine(serverWith("t"));
  stubFetch(() => json('{"summary":{"today_usd":0.100000001,"by_day":{"2026-11-20":12.30,"other":1}},"error":null}'));
  const answer = await engine.ask("cost", {}, new AbortController().signal);
  expect(answer.summary?.today_usd).toBe("0.100000001");
  expect(answer.summary?.by_day).toEqual({ "2026-11-20": expect.stringMatching(/^12\.30?$/), other: 1 });
});
