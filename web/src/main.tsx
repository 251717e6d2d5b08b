import { render } from "preact";
import { Page } from "./app";
import { startClock } from "./clock";
import { findServer } from "./engine/http";
import { WasmEngine } from "./engine/wasm";
import { startKeys } from "./keys";
import { watchPrinting } from "./parts/printing";
import { followAddress, go, route } from "./router";
import { parseRoute } from "./route";
import { Session } from "./session";
import styles from "./style/index.css?inline";
import { applyTheme } from "./theme";

const page = document.getElementById("page");
if (page === null) throw new Error("the page has no place to draw in");

const isUsage = (): boolean => route.peek().view === "usage";

const session = new Session({
  findServer: () => (__SINGLE_FILE__ ? Promise.resolve(null) : findServer()),
  openFiles: (files) => new WasmEngine(files),
  // The session knows its window as a fragment of its own; in the address it stands behind the view.
  readFragment: () => (isUsage() ? `#${new URLSearchParams(Object.entries(route.peek().params))}` : ""),
  writeFragment: (fragment) => {
    const { workflow } = route.peek().params;
    const to = parseRoute(`#/usage?${fragment.slice(1)}`);
    go(isUsage() && workflow !== undefined ? { ...to, params: { ...to.params, workflow } } : to);
  },
});

// Inside the script, so that the page is there after one request less.
const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);
document.adoptedStyleSheets = [sheet];

applyTheme();
startClock();
startKeys();
watchPrinting();
followAddress();
route.subscribe(() => {
  if (isUsage()) void session.followAddress();
});
render(<Page session={session} />, page);
void session.start(isUsage());
