import type { JSX } from "preact";
import type { Approval } from "../../engine/documents";
import { visible } from "../../format";
import { Ago } from "../../parts/age";
import { JsonFields } from "../../parts/json-view";
import { Panel } from "../../parts/panel";
import { hrefOf } from "../../route";
import { DecidedWords } from "./outcome";

/** A request that waits no more, with its outcome first. */
export function DecidedRequest({ decision }: { decision: Approval }): JSX.Element {
  return (
    <Panel
      title={visible(decision.approval_type)}
      name="decided"
      note={<>by <a href={hrefOf("agents", [decision.agent_id])}>{visible(decision.agent_id)}</a>, asked <Ago time={decision.requested_at} /></>}
      controls={<a href={hrefOf("inbox")}>All requests</a>}
    >
      <p class="outcome"><DecidedWords decision={decision} /></p>
      <JsonFields value={decision.context} />
    </Panel>
  );
}
