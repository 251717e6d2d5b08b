import type { JSX } from "preact";
import type { Answer } from "../../engine/engine";
import type { Report } from "../../engine/report";
import { formatCount, formatTime, plural } from "../../format";
import { WarnIcon } from "../../parts/icons";
import { useDocument } from "../../live";
import { WhenSeen } from "../../parts/when-seen";
import { route } from "../../router";
import type { Session } from "../../session";
import { ALL, rangeWindow } from "../../window";
import { AccountPanel } from "./account";
import { AnomaliesPanel } from "./anomalies-panel";
import { Breakdown } from "./breakdown";
import { CachePanel } from "./cache";
import { CostChart } from "./cost-chart";
import { DrillDown } from "./drill-down";
import { LatencyPanel } from "./latency";
import { ModelsPanel } from "./models";
import { Recent } from "./recent";
import { CostBooks, Notes, Skipped, Sources } from "./sources";
import { TotalsStrip } from "./totals";

/** The whole usage report. */
export function Usage({ session, answer }: { session: Session; answer: Answer }): JSX.Element {
  const { report } = answer;
  const whole = report.totals.cost_usd;
  const { workflow } = route.value.params;
  const served = session.engine.value === session.server.value;
  const spend = useDocument("now").data?.spend ?? null;
  const budget = served ? (spend?.budget_usd ?? null) : null;
  // Without calls every table would say so; the remark says it once, with the way out.
  if (report.totals.calls === 0) {
    return (
      <>
        <Remarks session={session} answer={answer} />
        <Provenance answer={answer} />
      </>
    );
  }
  return (
    <>
      <Remarks session={session} answer={answer} />
      <TotalsStrip report={report} />
      <CostChart byDay={report.by_day} budget={budget} onSelect={(from, to) => void session.setWindow(rangeWindow(from, to))} />
      {workflow !== undefined && <DrillDown key={workflow} session={session} workflow={workflow} />}
      <AnomaliesPanel session={session} report={report} />
      <div class="grid">
        <div class="stack">
          <Breakdown by="workflow" groups={report.by_workflow} whole={whole} />
          <Breakdown by="tier" groups={report.by_tier} whole={whole} />
          <Breakdown by="provider" groups={report.by_provider} whole={whole} />
          <WhenSeen>{() => <CachePanel session={session} />}</WhenSeen>
        </div>
        <div class="stack">
          <Breakdown by="model" groups={report.by_model} whole={whole} />
          <Breakdown by="stage" groups={report.by_stage} whole={whole} />
          {served && <WhenSeen>{() => <AccountPanel />}</WhenSeen>}
        </div>
      </div>
      <LatencyPanel latency={report.latency} />
      <WhenSeen>{() => <ModelsPanel session={session} />}</WhenSeen>
      <Recent calls={report.recent} total={report.totals.calls} />
      <Provenance answer={answer} />
    </>
  );
}

/** What the figures rest on, and what they leave out. */
function Provenance({ answer }: { answer: Answer }): JSX.Element {
  const { report } = answer;
  const files = <Sources answer={answer} />;
  const books = <CostBooks books={report.cost_books} />;
  const left = report.skipped.lines > 0 || report.notes.length > 0;
  if (!left && Object.keys(report.cost_books).length === 0) return files;
  return (
    <div class="grid">
      <div class="stack">
        {files}
        {left && books}
      </div>
      <div class="stack">
        {!left && books}
        {report.skipped.lines > 0 && <Skipped skipped={report.skipped} />}
        <Notes notes={report.notes} />
      </div>
    </div>
  );
}

/** What the reader must know before the figures. */
function Remarks({ session, answer }: { session: Session; answer: Answer }): JSX.Element | null {
  const { report } = answer;
  const unread = report.sources.filter(({ state }) => state === "unreadable");
  const left = session.left.value;
  const remarks: JSX.Element[] = [];
  if (report.totals.calls === 0) {
    remarks.push(<NoCalls key="none" session={session} report={report} />);
  } else if (report.outside_window > 0) {
    remarks.push(
      <p key="outside" class="remark quiet" data-remark="outside">
        <span>{windowWords(report)}: {plural(report.outside_window, "usable line")} outside it {report.outside_window === 1 ? "does" : "do"} not count here.</span>
      </p>,
    );
  }
  if (report.skipped.lines > 0) {
    remarks.push(
      <p key="skipped" class="remark warn" data-remark="skipped">
        <WarnIcon />
        <span>{plural(report.skipped.lines, "line")} could not be used and {report.skipped.lines === 1 ? "is" : "are"} not in the figures; the reasons are below.</span>
      </p>,
    );
  }
  if (unread.length > 0) {
    remarks.push(
      <p key="unread" class="remark warn" data-remark="unread">
        <WarnIcon />
        <span>{plural(unread.length, "file")} could not be read and {unread.length === 1 ? "is" : "are"} not in the figures; see Files below.</span>
      </p>,
    );
  }
  for (const sentence of left) {
    remarks.push(<p key={sentence} class="remark warn" data-remark="left"><WarnIcon /><span>{sentence}</span></p>);
  }
  return remarks.length === 0 ? null : <div class="remarks">{remarks}</div>;
}

function windowWords({ window }: Report): string {
  if (window.from === null && window.to === null) return "All time";
  if (window.to === null) return `From ${formatTime(window.from ?? "")} UTC on`;
  if (window.from === null) return `Before ${formatTime(window.to)} UTC`;
  return `From ${formatTime(window.from)} to before ${formatTime(window.to)} UTC`;
}

function NoCalls({ session, report }: { session: Session; report: Report }): JSX.Element {
  if (report.outside_window > 0) {
    return (
      <p class="remark" data-remark="none-in-window">
        <span>No calls in this window; {plural(report.outside_window, "line")} lie{report.outside_window === 1 ? "s" : ""} outside it.</span>
        <button type="button" class="link" onClick={() => void session.setWindow(ALL)}>Show all time</button>
      </p>
    );
  }
  const usage = report.sources.filter(({ kind }) => kind === "usage");
  if (report.sources.length === 0) {
    return <p class="remark" data-remark="no-logs">The server found no logs yet: the note says where it looked. You can also drop log files on this page.</p>;
  }
  if (usage.length === 0) {
    return <p class="remark" data-remark="no-usage-log"><span>None of these files is a usage log, so there are no calls to count. Calls are in <code>usage.jsonl</code>.</span></p>;
  }
  if (report.skipped.lines > 0) {
    return <p class="remark bad" data-remark="unusable"><WarnIcon /><span>No line of {usage.length === 1 ? "the usage log" : `the ${formatCount(usage.length)} usage logs`} could be used. Is it really the log of an agent?</span></p>;
  }
  return <p class="remark" data-remark="empty-log">The usage log is empty: no call has been recorded in it yet.</p>;
}
