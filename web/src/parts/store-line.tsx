import type { JSX } from "preact";
import type { StoreDocument } from "../engine/documents";
import { visible } from "../format";
import { For } from "./age";
import { Badge } from "./badge";

/** Where the fleet's records are, and how far they can be trusted. */
export function StoreLine({ store }: { store: StoreDocument }): JSX.Element {
  return (
    <p class="store-line" data-store={store.state}>
      <Badge state={store.state}>store {store.state}</Badge>
      <span>{store.backend ?? ""} {visible(store.location)}</span>
      {store.observed_since !== null && <span class="quiet">watched <For since={store.observed_since} /></span>}
      {store.durability === "memory" && <span class="warn-text">kept in memory only</span>}
      {store.error !== null && <span class="bad-text">{visible(store.error.message)} {visible(store.error.hint ?? "")}</span>}
      {store.notes.map((note) => <span key={note} class="quiet">{visible(note)}</span>)}
    </p>
  );
}
