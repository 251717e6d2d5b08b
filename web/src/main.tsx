import { render } from "preact";
import { Page } from "./app";
import { findServer } from "./engine/http";
import { WasmEngine } from "./engine/wasm";
import { Session } from "./session";
import "./style.css";
import { applyTheme } from "./theme";

const page = document.getElementById("page");
if (page === null) throw new Error("the page has no place to draw in");

const session = new Session({
  findServer: () => (__SINGLE_FILE__ ? Promise.resolve(null) : findServer()),
  openFiles: (files) => new WasmEngine(files),
  readFragment: () => location.hash,
  writeFragment: (fragment) => history.pushState(null, "", fragment),
});

applyTheme();
addEventListener("popstate", () => void session.followAddress());
render(<Page session={session} />, page);
void session.start();
