/** The views, in the order in which they are offered. */
export const VIEWS = [
  { id: "now", label: "Now", key: "n" },
  { id: "agents", label: "Agents", key: "a" },
  { id: "inbox", label: "Inbox", key: "i" },
  { id: "streams", label: "Streams", key: "s" },
  { id: "usage", label: "Usage", key: "u" },
  { id: "diagnosis", label: "Diagnosis", key: "d" },
  { id: "runs", label: "Runs", key: "r" },
  { id: "feedback", label: "Feedback", key: "f" },
  { id: "specs", label: "Specs", key: "p" },
  { id: "settings", label: "Settings", key: "t" },
] as const;

export type ViewId = (typeof VIEWS)[number]["id"];

/** What the address says: a view, perhaps one thing in it, and what is chosen there. */
export interface Route {
  /** `null`: nothing is said, and the page shows what fits; or, with a path, what is said names no view. */
  readonly view: ViewId | null;
  /** The parts of the path after the view. */
  readonly path: readonly string[];
  readonly params: Readonly<Record<string, string>>;
}

export const HOME: Route = { view: null, path: [], params: {} };

/**
 * Reads the fragment of an address: `#/agents/ID?state=dead`. One without a slash is a window of the usage view,
 * as in `#days=30`.
 */
export function parseRoute(fragment: string): Route {
  const text = fragment.replace(/^#/, "");
  if (text === "" || text === "/") return HOME;
  if (!text.startsWith("/")) return { view: "usage", path: [], params: readParams(text) };
  const [path = "", search = ""] = splitOnce(text.slice(1), "?");
  const [name, ...rest] = path.split("/").map(decode);
  const view = VIEWS.find(({ id }) => id === name)?.id;
  if (view === undefined) return { view: null, path: [name ?? "", ...rest], params: {} };
  return { view, path: rest.filter((part) => part !== ""), params: readParams(search) };
}

/** The fragment that `parseRoute` reads back. */
export function formatRoute({ view, path, params }: Route): string {
  if (view === null) return path.length === 0 ? "#" : `#/${path.map(encodeURIComponent).join("/")}`;
  const search = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== "")).toString();
  const name = [view, ...path].map(encodeURIComponent).join("/");
  return `#/${name}${search === "" ? "" : `?${search}`}`;
}

/** The address of a view, for links. */
export function hrefOf(view: ViewId, path: readonly string[] = [], params: Route["params"] = {}): string {
  return formatRoute({ view, path, params });
}

function readParams(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

function splitOnce(text: string, by: string): [string, string] {
  const at = text.indexOf(by);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + by.length)];
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
