/** A list that the keys j and k walk through. */
export interface Walkable {
  readonly element: () => HTMLElement | null;
  /** Moves by one row down or up. */
  readonly move: (by: 1 | -1) => void;
}

const lists = new Set<Walkable>();

/** Takes part in walking until the returned function is called. */
export function walkable(list: Walkable): () => void {
  lists.add(list);
  return () => {
    lists.delete(list);
  };
}

/** One row on in the list that has the focus, else in the first one of the page. */
export function walk(by: 1 | -1): void {
  const active = document.activeElement;
  let first: Walkable | null = null;
  for (const list of lists) {
    const element = list.element();
    if (element === null) continue;
    if (element.contains(active)) {
      list.move(by);
      return;
    }
    const before = first?.element();
    if (before === null || before === undefined || element.compareDocumentPosition(before) & Node.DOCUMENT_POSITION_FOLLOWING) first = list;
  }
  first?.move(by);
}
