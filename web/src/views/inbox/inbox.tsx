import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Approval } from "../../engine/documents";
import { plural, visible } from "../../format";
import { useKeys } from "../../keys";
import { useDocument } from "../../live";
import { walkable } from "../../parts/cursor";
import { DocumentView } from "../../parts/document-view";
import { Filter, matches } from "../../parts/filter";
import { WarnIcon } from "../../parts/icons";
import { Panel } from "../../parts/panel";
import { hrefOf } from "../../route";
import { route } from "../../router";
import { DecidedRequest } from "./decided-request";
import { History } from "./history";
import { useHeld } from "./held";
import { RequestList } from "./request-list";

/** Who waits for a human, and what was decided before. */
export function InboxView(): JSX.Element {
  return (
    <>
      <Wanted />
      <DocumentView view="approvals" what="the requests that wait">
        {(requests) => <Waiting requests={requests} />}
      </DocumentView>
      <History />
    </>
  );
}

/** The request that the address names, if it does not wait: what became of it, or that there is none. */
function Wanted(): JSX.Element | null {
  const [id] = route.value.path;
  const waiting = useDocument("approvals").data;
  const decisions = useDocument("decisions").data;
  // One that waited while the user looked shows its outcome in its place.
  const seen = useRef(new Set<string>());
  for (const { request_id: other } of waiting ?? []) seen.current.add(other);
  if (id === undefined || waiting === null || decisions === null || seen.current.has(id)) return null;
  const decision = decisions.find(({ request_id: other }) => other === id);
  if (decision !== undefined) return <DecidedRequest decision={decision} />;
  return (
    <p class="remark warn" role="alert" data-nowhere="request">
      <WarnIcon />
      <span>No request <code>{visible(id)}</code> is known: neither does it wait, nor is it among the decisions that are kept.</span>
      <a href={hrefOf("inbox")}>All requests</a>
    </p>
  );
}

function Waiting({ requests }: { requests: readonly Approval[] }): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  const { q } = route.value.params;
  const [wanted = null] = route.value.path;
  const held = useHeld(requests, list);
  const { entries } = held;
  const shown = entries.filter(({ request: { approval_type: type, agent_id: agent, context } }) => matches(q, type, agent, JSON.stringify(context)));

  useEffect(() => walkCards(list), []);
  useEffect(() => {
    if (wanted !== null) list.current?.querySelector(`[data-request="${CSS.escape(wanted)}"]`)?.scrollIntoView({ block: "nearest" });
  }, [wanted]);
  const press = (act: "approve" | "reject"): void => {
    const card = document.activeElement?.closest("[data-request]");
    card?.querySelector<HTMLButtonElement>(`[data-act="${act}"]`)?.click();
  };
  useKeys("Inbox", [
    { keys: "a", label: "Approve the request that has the focus", run: () => press("approve") },
    { keys: "x", label: "Reject it", run: () => press("reject") },
    { keys: "e", label: "Write a reason", run: () => document.activeElement?.closest("[data-request]")?.querySelector("input")?.focus() },
  ]);

  return (
    <Panel title="Waiting" name="approvals" note={requests.length > 0 ? `${plural(requests.length, "request")}, the next deadline first` : undefined} controls={requests.length > 3 ? <Filter label="Filter requests" /> : undefined}>
      {entries.length === 0 ? (
        <p class="nothing">Nobody waits for a human.</p>
      ) : shown.length === 0 ? (
        <p class="nothing">No request holds these words.</p>
      ) : (
        <RequestList list={list} held={held} entries={shown} chosen={wanted} />
      )}
    </Panel>
  );
}

/** Lets j and k go from card to card. */
function walkCards(list: { readonly current: HTMLElement | null }): () => void {
  return walkable({
    element: () => list.current,
    move: (by) => {
      const cards = [...(list.current?.querySelectorAll<HTMLElement>("[data-request]") ?? [])];
      const at = cards.findIndex((card) => card.contains(document.activeElement));
      const next = cards[at < 0 ? (by > 0 ? 0 : cards.length - 1) : Math.max(0, Math.min(cards.length - 1, at + by))];
      next?.focus();
      next?.scrollIntoView({ block: "nearest" });
    },
  });
}
