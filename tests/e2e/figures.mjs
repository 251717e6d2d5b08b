// Figures of the page for `cargo xtask bench`: what the first load takes, and how lists scroll. One line of JSON.
import { once } from "node:events";
import { createServer, request as ask } from "node:http";
import { fleet } from "./fleet.mjs";
import { serveFake } from "./fake-server.mjs";
import { launch, openPage, serveMuster } from "./support.mjs";

const AGENTS = 10_000;
const STEPS = 240;

/** Passes everything on to a server, and counts requests and the bytes of the answers. */
async function counting(target) {
  const seen = { requests: 0, bytes: 0 };
  const { port } = new URL(target);
  const server = createServer((incoming, response) => {
    seen.requests += 1;
    const headers = { ...incoming.headers, host: `127.0.0.1:${port}` };
    const passed = ask({ port, host: "127.0.0.1", path: incoming.url, method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.on("data", (part) => (seen.bytes += part.length));
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    response.on("close", () => passed.destroy());
    incoming.pipe(passed);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    seen,
    address: `http://127.0.0.1:${server.address().port}/`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function firstLoad(browser) {
  const muster = await serveMuster();
  const proxy = await counting(muster.address);
  const page = await openPage(browser, proxy.address);
  await page.waitForSelector(".verdict");
  // What comes without being asked for by a hand belongs to the first load.
  await page.waitForTimeout(1000);
  const { requests, bytes } = proxy.seen;
  await page.context().close();
  proxy.stop();
  await muster.stop();
  return { requests, kilobytes: Math.round(bytes / 1000) };
}

async function scrolling(browser) {
  const fake = await serveFake(fleet(AGENTS));
  const page = await openPage(browser, `${fake.address}#/agents`);
  await page.waitForSelector(`.more:has-text("${AGENTS.toLocaleString("en-US")} rows")`);
  const times = await page.evaluate(async (steps) => {
    const box = document.querySelector(".virtual");
    const frame = () => new Promise((next) => requestAnimationFrame(next));
    await frame();
    const seen = [];
    let last = await frame();
    for (let step = 1; step <= steps; step += 1) {
      box.scrollTop = ((box.scrollHeight - box.clientHeight) * step) / steps;
      const at = await frame();
      seen.push(at - last);
      last = at;
    }
    return seen.toSorted((a, b) => a - b);
  }, STEPS);
  await page.context().close();
  await fake.stop();
  const tenths = (ms) => Math.round(ms * 10) / 10;
  return { frame_ms: tenths(times[Math.floor(times.length / 2)]), longest_frame_ms: tenths(times.at(-1)) };
}

const browser = await launch();
try {
  const load = await firstLoad(browser);
  const frames = await scrolling(browser);
  console.log(JSON.stringify({ ...load, ...frames }));
} finally {
  await browser.close();
}
