import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { Approval } from "../../engine/documents";
import { plural } from "../../format";
import { Panel } from "../../parts/panel";
import { hrefOf } from "../../route";
import { useHeld } from "../inbox/held";
import { RequestList } from "../inbox/request-list";

/** The requests whose deadlines are next. */
export function Waiting({ requests, leftOut }: { requests: readonly Approval[]; leftOut: number }): JSX.Element | null {
  const list = useRef<HTMLUListElement>(null);
  const held = useHeld(requests, list);
  if (held.entries.length === 0) return null;
  return (
    <Panel title="Waiting for a human" name="waiting" note={<a href={hrefOf("inbox")}>Inbox</a>}>
      <RequestList list={list} held={held} />
      {leftOut > 0 && <p class="more"><a href={hrefOf("inbox")}>{plural(leftOut, "more request")}</a></p>}
    </Panel>
  );
}
