import type { JSX } from "preact";
import type { Change } from "../../engine/documents";
import { visible } from "../../format";
import { Ago, For } from "../../parts/age";
import { Dot, toneOf } from "../../parts/badge";
import { Panel } from "../../parts/panel";
import { hrefOf } from "../../route";

const MOST = 30;

/** What is not as it was an hour ago, newest first. */
export function Changes({ changes, since }: { changes: readonly Change[]; since: string }): JSX.Element {
  return (
    <Panel title="Changed" name="changes" note={<For since={since} />}>
      {changes.length === 0 ? (
        <p class="nothing">Nothing.</p>
      ) : (
        <ul class="lines timeline">
          {changes.slice(0, MOST).map((change, index) => (
            <li key={`${change.at} ${change.kind} ${change.subject} ${index}`}>
              <Dot tone={toneOf(change.to)} />
              <span class="grow"><Subject change={change} /></span>
              <span class="quiet"><Ago time={change.at} /></span>
            </li>
          ))}
        </ul>
      )}
      {changes.length > MOST && <p class="more">and {changes.length - MOST} more</p>}
    </Panel>
  );
}

/** What it is about, and what became of it; an agent's own words only say how it is seen. */
function Subject({ change }: { change: Change }): JSX.Element {
  const text = visible(change.text);
  switch (change.kind) {
    case "agent":
      return (
        <span title={text}>
          <a href={hrefOf("agents", [change.subject])}>{visible(change.subject)}</a> {change.from === null ? "appeared" : visible(change.from)} {"\u2192"} {visible(change.to)}
        </span>
      );
    case "approval":
      return <a href={hrefOf("inbox", [change.subject])}>{text}</a>;
    case "run":
      return <a href={hrefOf("runs", ["command", change.subject])}>{text}</a>;
    case "alert":
      return <a href={hrefOf("settings")}>{text}</a>;
    case "store":
      return <span>{text}</span>;
  }
}
