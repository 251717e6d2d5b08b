import { useSignal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import type { JSX, TargetedKeyboardEvent } from "preact";
import { useContext, useRef } from "preact/hooks";
import type { Answered } from "../../engine/documents";
import { problemOf } from "../../engine/problem";
import { visible } from "../../format";
import { ServerContext } from "../../live";
import { Ago, Left } from "../../parts/age";
import { Badge } from "../../parts/badge";
import { JsonFields } from "../../parts/json-view";
import { hrefOf } from "../../route";
import type { Entry, HeldRequests } from "./held";
import { Outcome } from "./outcome";

type Act = "approve" | "reject";

interface Props {
  readonly entry: Entry;
  /** Cards that have just moved: a press on one of them may have been meant for another. */
  readonly settling: ReadonlySignal<ReadonlySet<string>>;
  readonly onDecided: HeldRequests["decide"];
  readonly chosen?: boolean;
}

/** A request that waits for a human, with all that the decision rests on, and the decision itself. */
export function RequestCard({ entry, settling, onDecided, chosen = false }: Props): JSX.Element {
  const { request, decided } = entry;
  const documents = useContext(ServerContext);
  const card = useRef<HTMLLIElement>(null);
  const reason = useSignal("");
  const busy = useSignal<Act | null>(null);
  const said = useSignal<{ readonly text: string; readonly late: Act | null } | null>(null);
  const mayAct = documents?.engine.capabilities.acts.includes("approve") ?? false;

  const gone = entry.goneAt !== null;
  const moved = settling.value.has(request.request_id);

  const decide = async (act: Act, event: MouseEvent, force = false): Promise<void> => {
    if (documents === null || busy.value !== null || gone || settling.peek().has(request.request_id)) return;
    // Before its button is disabled: that would lose the focus.
    card.current?.focus({ preventScroll: true });
    busy.value = act;
    said.value = null;
    try {
      const words = reason.value.trim();
      const answered = await documents.engine.act(act, { request_id: request.request_id, ...(words !== "" && { reason: words }), ...(force && { force }) });
      if (answered.outcome === "refused") said.value = { text: refusal(answered), late: answered.refusal === "too_late" ? act : null };
      // The keyboard's clicks have no count.
      else onDecided(request.request_id, act === "approve" ? "approved" : "rejected", event.detail > 0);
      documents.refreshAll();
    } catch (error) {
      const problem = problemOf(error);
      said.value = { text: `${problem.message} ${problem.hint}`.trim(), late: null };
    } finally {
      busy.value = null;
    }
  };

  return (
    <li ref={card} class={`card request${chosen ? " chosen" : ""}${gone ? " gone" : ""}`} data-request={request.request_id} {...(gone && { "data-gone": "" })} tabIndex={-1}>
      <header>
        <h3><a href={hrefOf("inbox", [request.request_id])}>{visible(request.approval_type)}</a></h3>
        <span>by <a href={hrefOf("agents", [request.agent_id])}>{visible(request.agent_id)}</a></span>
        <span class="quiet">asked <Ago time={request.requested_at} /></span>
        {!gone && <span class="left"><Left until={request.deadline} /></span>}
      </header>
      <JsonFields value={request.context} />
      {gone ? (
        <p class="outcome" role="status">{decided === null ? <Outcome id={request.request_id} /> : <Badge state={decided}>{decided} by you</Badge>}</p>
      ) : mayAct ? (
        <form
          class="decision"
          onSubmit={(event) => {
            event.preventDefault();
          }}
        >
          <span class="reason-field">
            <input type="text" name="reason" placeholder="Reason (optional)" aria-label={`Reason for the decision on ${request.approval_type} by ${request.agent_id}`} maxLength={2000} value={reason.value} onInput={(event) => (reason.value = event.currentTarget.value)} onKeyDown={backToCard} />
            <span class="key-hint quiet" aria-hidden="true">Esc, then a or x</span>
          </span>
          <button type="button" class="action primary" data-act="approve" aria-busy={busy.value === "approve"} aria-disabled={moved} disabled={busy.value !== null} onClick={(event) => void decide("approve", event)}>Approve</button>
          <button type="button" class="action" data-act="reject" aria-busy={busy.value === "reject"} aria-disabled={moved} disabled={busy.value !== null} onClick={(event) => void decide("reject", event)}>Reject</button>
        </form>
      ) : (
        <p class="quiet">This server only reads: answer by <code>muster approval respond {request.request_id} --approve</code>.</p>
      )}
      {said.value !== null && (
        <p class="bad-text" role="alert">
          {said.value.text}
          {said.value.late !== null && !gone && <> <Anyway act={said.value.late} onPress={(act, event) => void decide(act, event, true)} /></>}
        </p>
      )}
    </li>
  );
}

/** So little time is left that the agent may miss the answer: the human may try. */
function Anyway({ act, onPress }: { act: Act; onPress: (act: Act, event: MouseEvent) => void }): JSX.Element {
  return <button type="button" class="link" onClick={(event) => onPress(act, event)}>{act === "approve" ? "Approve" : "Reject"} all the same</button>;
}

/** Escape leads from the reason back to its card, where keys decide. */
function backToCard(event: TargetedKeyboardEvent<HTMLInputElement>): void {
  if (event.key !== "Escape" || event.isComposing) return;
  event.preventDefault();
  event.currentTarget.closest<HTMLElement>("[data-request]")?.focus();
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
