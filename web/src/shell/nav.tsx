import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import { formatCount, plural } from "../format";
import { ServerContext, useDocument } from "../live";
import { Dot, toneOf } from "../parts/badge";
import { VIEWS, hrefOf } from "../route";
import type { ViewId } from "../route";

/** Views that work on dropped files alone. */
const OFFLINE: ReadonlySet<ViewId> = new Set(["usage", "diagnosis"]);

/** The views. What waits for a human is counted beside them. */
export function Nav({ current, onGo }: { current: ViewId | null; onGo?: () => void }): JSX.Element {
  const server = useContext(ServerContext);
  return (
    <nav aria-label="Views">
      <ul class="nav">
        {VIEWS.map(({ id, label, key }) => (
          <li key={id}>
            <a
              href={hrefOf(id)}
              title={`${label} (g ${key})`}
              {...(id === current && { "aria-current": "page" as const })}
              {...(server === null && !OFFLINE.has(id) && { class: "needs", "aria-description": "needs a server" })}
              onClick={onGo}
            >
              <span>{label}</span>
              {id === "now" && server?.engine.feed.state.value === "live" && <Trouble />}
              {id === "inbox" && server?.engine.feed.state.value === "live" && <InboxCount />}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** That something is not well, wherever one is. */
function Trouble(): JSX.Element | null {
  const { data } = useDocument("now");
  if (data === null || (data.verdict === "ok" && data.alerts.length === 0)) return null;
  const words = data.alerts.length > 0 ? plural(data.alerts.length, "alert") : data.verdict;
  return <span title={words}><Dot tone={data.alerts.length > 0 ? "bad" : toneOf(data.verdict)} /><span class="hidden">{words}</span></span>;
}

function InboxCount(): JSX.Element | null {
  const { data } = useDocument("now");
  if (data === null) return null;
  const waiting = data.waiting.length + data.waiting_left_out;
  if (waiting === 0) return null;
  return <span class="count"><span aria-hidden="true">{formatCount(waiting)}</span><span class="hidden">{formatCount(waiting)} waiting</span></span>;
}
