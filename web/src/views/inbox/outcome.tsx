import type { JSX } from "preact";
import type { Approval } from "../../engine/documents";
import { formatTime, visible } from "../../format";
import { useDocument } from "../../live";
import { Badge } from "../../parts/badge";

/** What became of a request that was not decided here. */
export function Outcome({ id }: { id: string }): JSX.Element {
  const found = useDocument("decisions").data?.find(({ request_id: other }) => other === id);
  return found === undefined ? <>It waits no more: it was answered elsewhere, or its time is over.</> : <DecidedWords decision={found} />;
}

/** How it was decided, by whom, when and why. */
export function DecidedWords({ decision }: { decision: Approval }): JSX.Element {
  const { outcome, responder, reason, decided_at: at } = decision;
  return (
    <>
      <Badge state={outcome} />
      {outcome === "timed_out" ? (
        <span>nobody answered in time</span>
      ) : (
        <span>
          {responder !== null && <>by {visible(responder)}</>}
          {at !== null && <span class="quiet"> at {formatTime(at)} UTC</span>}
          {reason !== null && reason !== "" && <>: {visible(reason)}</>}
        </span>
      )}
    </>
  );
}
