import type { JSX } from "preact";
import type { FeedbackDocument, Rating } from "../../engine/documents";
import { formatCount, formatRatio, plural, visible } from "../../format";
import type { Column } from "../../parts/column";
import { DataTable } from "../../parts/data-table";
import { DocumentView } from "../../parts/document-view";
import { Panel } from "../../parts/panel";
import { Advice } from "./advice";

/** How far templates and tiers can be trusted. */
export function FeedbackView(): JSX.Element {
  return (
    <>
      <DocumentView view="feedback" what="votes on templates">{(document) => <Ranking document={document} />}</DocumentView>
      <Advice />
    </>
  );
}

interface Ranked {
  readonly rank: number;
  readonly rating: Rating;
}

const COLUMNS: readonly Column<Ranked>[] = [
  { key: "rank", label: "#", sortBy: ({ rank }) => rank, cell: ({ rank }) => formatCount(rank) },
  { key: "template", label: "Template", class: "name path", sortBy: ({ rating }) => rating.template, cell: ({ rating }) => visible(rating.template), title: ({ rating }) => visible(rating.template) },
  { key: "interval", label: "Good votes, 95 % interval", class: "interval-column", cell: ({ rating }) => <Interval rating={rating} />, value: ({ rating }) => `${rating.interval.low}-${rating.interval.high}` },
  { key: "score", label: "Score", numeric: true, sortBy: ({ rating }) => rating.score, cell: ({ rating }) => (rating.rated ? rating.score.toFixed(3) : <span class="quiet">no vote</span>), value: ({ rating }) => rating.score },
  { key: "votes", label: "Votes", numeric: true, sortBy: ({ rating }) => rating.votes, cell: ({ rating }) => formatCount(rating.votes) },
  { key: "good", label: "Good", numeric: true, sortBy: ({ rating }) => rating.good, cell: ({ rating }) => formatCount(rating.good) },
  { key: "bad", label: "Bad", numeric: true, sortBy: ({ rating }) => rating.bad, cell: ({ rating }) => formatCount(rating.bad) },
  { key: "attune", label: "attune says", numeric: true, sortBy: ({ rating }) => rating.attune_confidence, cell: ({ rating }) => formatRatio(rating.attune_confidence) },
];

/** Between which shares the true one lies, as a bar; the words say the same. */
function Interval({ rating }: { rating: Rating }): JSX.Element {
  const { low, high } = rating.interval;
  const words = `${formatRatio(low)} to ${formatRatio(high)}`;
  return (
    <span class="interval">
      <span class="interval-track" aria-hidden="true">
        <span class="interval-span" style={{ left: `${low * 100}%`, width: `${Math.max(0.5, (high - low) * 100)}%` }} />
        {rating.rated && <span class="interval-point" style={{ left: `${(rating.good / Math.max(1, rating.votes)) * 100}%` }} />}
      </span>
      <span>{words}</span>
    </span>
  );
}

function Ranking({ document }: { document: FeedbackDocument }): JSX.Element {
  const rows = document.templates.map((rating, index) => ({ rank: index + 1, rating }));
  return (
    <Panel title="Ranking" name="ranking" note={`${plural(document.templates.length, "template")}, best first; few votes make a wide interval`}>
      <DataTable caption="Templates" columns={COLUMNS} rows={rows} rowKey={({ rating }) => rating.template} sort={{ key: "rank", direction: "ascending" }} pageSize={25} empty="Nobody has voted yet: muster feedback rate TEMPLATE --good." />
      {document.skipped.length > 0 && (
        <details class="aside">
          <summary class="warn-text">{plural(document.skipped.length, "entry", "entries")} of the file could not be used</summary>
          <ul>{document.skipped.map(({ template, reason }) => <li key={template}>{visible(template)}: {visible(reason)}</li>)}</ul>
        </details>
      )}
    </Panel>
  );
}
