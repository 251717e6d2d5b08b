import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { formatTime, plural, visible } from "../../format";
import { Ago } from "../../parts/age";
import { LockIcon, WarnIcon } from "../../parts/icons";
import { choose, route } from "../../router";
import type { Session } from "../../session";
import { sameWindow, unreadWindow, windowWords } from "../../window";
import { Empty } from "../open/empty";
import { Failed } from "../open/failed";
import { Reading } from "../open/reading";
import { Usage } from "./usage";

interface Props {
  readonly session: Session;
  readonly onFiles: () => void;
  readonly onFolder: () => void;
}

/** The usage report, or what is on the way to it. */
export function UsageView({ session, onFiles, onFolder }: Props): JSX.Element {
  const phase = session.phase.value;
  const answer = session.answer.value;
  const engine = session.engine.value;
  const window = session.window.value;
  // Said once for each reading that was asked for, not at each change that a live server tells.
  const words = useMemo(() => spoken(session), [phase.kind, engine, window]);
  return (
    <>
      <Unread session={session} />
      {phase.kind === "reading" && <Reading progress={phase.progress} onCancel={() => session.cancel()} />}
      {phase.kind === "empty" && <Empty onFiles={onFiles} onFolder={onFolder} />}
      {phase.kind === "failed" && <Failed session={session} problem={phase.problem} onFiles={onFiles} onFolder={onFolder} />}
      {answer !== null && (phase.kind === "ready" || phase.kind === "reading") && <><Stale session={session} /><Usage session={session} answer={answer} /></>}
      {phase.kind !== "empty" && phase.kind !== "looking" && (
        <footer>
          <LockIcon />
          {engine?.capabilities.engine === "http"
            ? "Figures come from the Muster server of this page. Files that you drop are read in your browser and stay there."
            : "Files are read in your browser and stay there; this page may not connect to any other host."}
        </footer>
      )}
      <p class="hidden" role="status">{words}</p>
    </>
  );
}

/** That the address asks for a window that there is none of. */
function Unread({ session }: { session: Session }): JSX.Element | null {
  const { view, params } = route.value;
  const unread = view === "usage" ? unreadWindow(params) : [];
  if (unread.length === 0) return null;
  return (
    <p class="remark warn" role="alert" data-nowhere="window">
      <WarnIcon />
      <span>The address says <code>{visible(unread.join("&"))}</code>, which is no window: days are from 1 on, and <code>from</code> and <code>to</code> are dates as 2026-11-20. Shown is {windowWords(session.window.value)}.</span>
      <button type="button" class="link" onClick={() => choose({ days: "", from: "", to: "" })}>Show all time</button>
    </p>
  );
}

/** That the figures are not the newest, and of which window they are. */
function Stale({ session }: { session: Session }): JSX.Element | null {
  const problem = session.stale.value;
  if (problem === null) return null;
  const answered = session.answeredWindow.value;
  const other = !sameWindow(answered, session.window.value);
  return (
    <p class="remark warn" role="alert" data-remark="stale">
      <WarnIcon />
      <span>{problem.message} What you see is from <Ago time={new Date(session.answeredAt.value).toISOString()} />{other && <>, and of another window: {windowWords(answered)}</>}.</span>
      <button type="button" class="link" onClick={() => void session.refresh()}>Try again</button>
    </p>
  );
}

/** What a screen reader is told when the phase changes. */
function spoken(session: Session): string {
  const phase = session.phase.value;
  const report = session.answer.value?.report;
  if (phase.kind === "reading") return "Reading";
  if (phase.kind !== "ready" || report === undefined) return "";
  const newest = report.recent[0];
  const until = newest === undefined ? "" : `, the newest at ${formatTime(newest.ts)} UTC`;
  return `${plural(report.totals.calls, "call")} read${until}.`;
}
