import type { JSX, RefObject } from "preact";
import { useMoves } from "./held";
import type { Entry, HeldRequests } from "./held";
import { RequestCard } from "./request-card";

interface Props {
  readonly list: RefObject<HTMLUListElement | null>;
  readonly held: HeldRequests;
  /** Those of them that are shown. */
  readonly entries?: readonly Entry[];
  readonly chosen?: string | null;
}

/** Requests that wait, and those that waited a moment ago. */
export function RequestList({ list, held, entries = held.entries, chosen = null }: Props): JSX.Element {
  useMoves(list, held);
  return (
    <ul class="cards" ref={list}>
      {entries.map((entry) => {
        const { request_id: id } = entry.request;
        return <RequestCard key={id} entry={entry} settling={held.settling} onDecided={held.decide} chosen={id === chosen} />;
      })}
    </ul>
  );
}
