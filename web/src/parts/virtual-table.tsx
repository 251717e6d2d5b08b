import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { formatCount } from "../format";
import { cellClass } from "./column";
import type { Column } from "./column";
import { walkable } from "./cursor";
import { ExportLinks } from "./export-links";
import { Headings, inOrder } from "./heading";
import { MOST_PRINTED, printing } from "./printing";
import type { Sorting } from "./heading";

interface Props<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly sort?: Sorting;
  readonly rowClass?: (row: Row) => string;
  /** Where a row leads to; its first cell is that link. */
  readonly href?: (row: Row) => string;
  /** What a row does when it is opened, where it leads nowhere. */
  readonly onOpen?: (row: Row) => void;
  /** The key of the row that is shown in full elsewhere. */
  readonly chosen?: string | null;
  /** Stays at the newest row, which is the last one. */
  readonly follow?: boolean;
  /** Told when the user scrolls away from the last row, or back to it. */
  readonly onFollow?: (follow: boolean) => void;
  /** Rows as close as lines of text. */
  readonly dense?: boolean;
  readonly empty: string;
  readonly note?: string;
}

/** Heights of rows, as in the style sheet. */
const USUAL_PX = 33;
const DENSE_PX = 21;
const BESIDE = 12;

/** A table of any length, of which only the rows in sight are drawn. */
export function VirtualTable<Row>(props: Props<Row>): JSX.Element {
  const { caption, columns, rows, rowKey, rowClass, href, onOpen, chosen = null, follow = false, dense = false, empty } = props;
  const rowPx = dense ? DENSE_PX : USUAL_PX;
  const sort = useSignal<Sorting | null>(props.sort ?? null);
  const top = useSignal(0);
  const height = useSignal(640);
  const current = useSignal<string | null>(null);
  const focusWanted = useRef(false);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();

  const ordered = useMemo(() => inOrder(rows, columns, sort.value), [rows, columns, sort.value]);
  const prints = printing.value;
  const first = prints ? 0 : Math.max(0, Math.floor(top.value / rowPx) - BESIDE);
  const last = Math.min(ordered.length, prints ? MOST_PRINTED : Math.ceil((top.value + height.value) / rowPx) + BESIDE);

  const held = useRef({ ordered, rowKey });
  held.current = { ordered, rowKey };

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measure = new ResizeObserver(() => (height.value = element.clientHeight));
    measure.observe(element);
    return () => measure.disconnect();
  }, [rows.length === 0]);

  useEffect(
    () =>
      walkable({
        element: () => box.current,
        move: (by) => {
          const { ordered: list, rowKey: keyOf } = held.current;
          const element = box.current;
          if (element === null || list.length === 0) return;
          const at = list.findIndex((row) => keyOf(row) === current.peek());
          const next = at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.max(0, Math.min(list.length - 1, at + by));
          const row = list[next];
          if (row === undefined) return;
          const head = element.querySelector("thead")?.clientHeight ?? rowPx;
          const from = next * rowPx;
          if (from < element.scrollTop) element.scrollTop = from;
          else if (from + rowPx + head > element.scrollTop + element.clientHeight) element.scrollTop = from + rowPx + head - element.clientHeight;
          top.value = element.scrollTop;
          focusWanted.current = true;
          current.value = keyOf(row);
        },
      }),
    [],
  );

  useLayoutEffect(() => {
    const element = box.current;
    if (follow && element !== null) element.scrollTop = element.scrollHeight;
  }, [follow, rows]);

  const currentKey = current.value;
  useEffect(() => {
    if (!focusWanted.current) return;
    focusWanted.current = false;
    const row = box.current?.querySelector<HTMLElement>('tr[data-current="true"]');
    (row?.querySelector<HTMLElement>("a, button") ?? row)?.focus({ preventScroll: true });
  }, [currentKey]);

  if (rows.length === 0) return <p class="nothing">{empty}</p>;

  const onScroll = (): void => {
    const element = box.current;
    if (element === null) return;
    top.value = element.scrollTop;
    props.onFollow?.(element.scrollHeight - element.scrollTop - element.clientHeight < rowPx);
  };
  const minWidth = columns.reduce((sum, { width, class: name }) => sum + (name?.includes("wide-only") === true ? 0 : (width ?? 140)), 0);

  return (
    <>
      <div class={`scroll virtual${dense ? " dense" : ""}`} role="region" aria-label={caption} tabIndex={0} ref={box} onScroll={onScroll}>
        <table id={id} aria-rowcount={ordered.length + 1} style={{ minWidth: `${minWidth}px` }}>
          <caption class="hidden">{caption}</caption>
          <thead><Headings columns={columns} sort={sort} /></thead>
          <tbody>
            {first > 0 && <tr class="space" aria-hidden="true" style={{ height: `${first * rowPx}px` }}><td colSpan={columns.length} /></tr>}
            {ordered.slice(first, last).map((row, at) => {
              const key = rowKey(row);
              const link = href?.(row);
              const open = onOpen === undefined ? undefined : () => onOpen(row);
              return (
                <tr
                  key={key}
                  aria-rowindex={first + at + 2}
                  data-current={key === currentKey}
                  class={`${rowClass?.(row) ?? ""}${key === chosen ? " chosen" : ""}`}
                  onFocusCapture={() => (current.value = key)}
                  {...(open !== undefined && { onClick: open })}
                >
                  {columns.map((column, index) => {
                    const title = column.title?.(row);
                    const attributes = { class: cellClass(column), ...(title !== undefined && { title }) };
                    const cell = column.cell(row);
                    if (index > 0) return <td key={column.key} {...attributes}>{cell}</td>;
                    return (
                      <th key={column.key} scope="row" {...attributes}>
                        {link !== undefined ? (
                          <a href={link}>{cell}</a>
                        ) : open !== undefined ? (
                          <button type="button" class="row-open" aria-expanded={key === chosen}>{cell}</button>
                        ) : (
                          cell
                        )}
                      </th>
                    );
                  })}
                </tr>
              );
            })}
            {last < ordered.length && !prints && (
              <tr class="space" aria-hidden="true" style={{ height: `${(ordered.length - last) * rowPx}px` }}><td colSpan={columns.length} /></tr>
            )}
          </tbody>
        </table>
      </div>
      <div class="below-table">
        <p class="more">{prints && last < ordered.length && `The first ${formatCount(last)} of `}{formatCount(ordered.length)} {ordered.length === 1 ? "row" : "rows"}{props.note !== undefined && `; ${props.note}`}</p>
        <ExportLinks caption={caption} columns={columns} rows={() => ordered} />
      </div>
    </>
  );
}
