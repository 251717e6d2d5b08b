import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import { ServerContext } from "../live";
import { Dot } from "../parts/badge";
import type { Tone } from "../parts/badge";

interface Words {
  readonly state: string;
  readonly tone: Tone;
  readonly label: string;
  readonly means: string;
}

const NONE: Words = { state: "none", tone: "plain", label: "Files only", means: "This page has no server behind it and reads what you drop." };
const STILL: Words = { state: "still", tone: "plain", label: "Not live", means: "This server does not tell of changes: read again to see them." };
const FEED: Readonly<Record<"connecting" | "live" | "lost", Words>> = {
  connecting: { state: "connecting", tone: "info", label: "Connecting", means: "The page asks to be told of changes." },
  live: { state: "live", tone: "good", label: "Live", means: "Changes are shown as they happen." },
  lost: { state: "lost", tone: "bad", label: "Reconnecting", means: "The server does not answer. What you see may be old; the page goes on trying." },
};

/** Whether the page hears of changes at once. */
export function Connection(): JSX.Element {
  const server = useContext(ServerContext);
  const words = server === null ? NONE : server.engine.capabilities.live ? FEED[server.engine.feed.state.value] : STILL;
  return (
    <span class={`connection ${words.state}`} data-connection={words.state} title={words.means} role="status">
      <Dot tone={words.tone} /><span>{words.label}</span>
    </span>
  );
}
