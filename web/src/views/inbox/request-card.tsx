import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import type { Answered, Approval } from "../../engine/documents";
import { problemOf } from "../../engine/problem";
import { visible } from "../../format";
import { ServerContext } from "../../live";
import { Ago, Left } from "../../parts/age";
import { JsonFields } from "../../parts/json-view";
import { hrefOf } from "../../route";

type Act = "approve" | "reject";

/** A request that waits for a human, with all that the decision rests on, and the decision itself. */
export function RequestCard({ request, chosen = false }: { request: Approval; chosen?: boolean }): JSX.Element {
  const documents = useContext(ServerContext);
  const reason = useSignal("");
  const busy = useSignal<Act | null>(null);
  const said = useSignal<{ readonly text: string; readonly late: Act | null } | null>(null);
  const mayAct = documents?.engine.capabilities.acts.includes("approve") ?? false;

  const decide = async (act: Act, force = false): Promise<void> => {
    if (documents === null || busy.value !== null) return;
    busy.value = act;
    said.value = null;
    try {
      const words = reason.value.trim();
      const answered = await documents.engine.act(act, { request_id: request.request_id, ...(words !== "" && { reason: words }), ...(force && { force }) });
      said.value = answered.outcome === "refused" ? { text: refusal(answered), late: answered.refusal === "too_late" ? act : null } : null;
      documents.refreshAll();
    } catch (error) {
      const problem = problemOf(error);
      said.value = { text: `${problem.message} ${problem.hint}`.trim(), late: null };
    } finally {
      busy.value = null;
    }
  };

  return (
    <li class={`card request${chosen ? " chosen" : ""}`} data-request={request.request_id} tabIndex={-1}>
      <header>
        <h3><a href={hrefOf("inbox", [request.request_id])}>{visible(request.approval_type)}</a></h3>
        <span>by <a href={hrefOf("agents", [request.agent_id])}>{visible(request.agent_id)}</a></span>
        <span class="quiet">asked <Ago time={request.requested_at} /></span>
        <span class="left"><Left until={request.deadline} /></span>
      </header>
      <JsonFields value={request.context} />
      {mayAct ? (
        <form
          class="decision"
          onSubmit={(event) => {
            event.preventDefault();
          }}
        >
          <input type="text" name="reason" placeholder="Reason (optional)" aria-label={`Reason for the decision on ${request.approval_type} by ${request.agent_id}`} maxLength={2000} value={reason.value} onInput={(event) => (reason.value = event.currentTarget.value)} />
          <button type="button" class="action primary" data-act="approve" aria-busy={busy.value === "approve"} disabled={busy.value !== null} onClick={() => void decide("approve")}>Approve</button>
          <button type="button" class="action" data-act="reject" aria-busy={busy.value === "reject"} disabled={busy.value !== null} onClick={() => void decide("reject")}>Reject</button>
        </form>
      ) : (
        <p class="quiet">This server only reads: answer by <code>muster approval respond {request.request_id} --approve</code>.</p>
      )}
      {said.value !== null && (
        <p class="bad-text" role="alert">
          {said.value.text}
          {said.value.late !== null && <> <Anyway act={said.value.late} onPress={(act) => void decide(act, true)} /></>}
        </p>
      )}
    </li>
  );
}

/** So little time is left that the agent may miss the answer: the human may try. */
function Anyway({ act, onPress }: { act: Act; onPress: (act: Act) => void }): JSX.Element {
  return <button type="button" class="link" onClick={() => onPress(act)}>{act === "approve" ? "Approve" : "Reject"} all the same</button>;
}

function refusal({ refusal: why, approved, responder, decided_at: at }: Answered): string {
  switch (why) {
    case "already_decided":
      return `Already ${approved === true ? "approved" : "rejected"}${responder === null ? "" : ` by ${visible(responder)}`}${at === null ? "" : ` at ${at}`}: that stands.`;
    case "deadline_passed":
      return "Not taken: the time for an answer is over.";
    case "too_late":
      return "Not taken: so little time is left that the agent may not see the answer.";
    case "unknown":
    case null:
      return "Not taken: no such request is known any more.";
  }
}
