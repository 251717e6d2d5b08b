import { useSignal } from "@preact/signals";
import { Component } from "preact";
import type { JSX, TargetedEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { messageOf } from "./engine/problem";
import { fromDrop, fromInput } from "./files";
import { formatBytes, formatTime, plural } from "./format";
import { FileIcon, LockIcon, MarkIcon, ReloadIcon, ThemeIcon, WarnIcon } from "./parts/icons";
import type { Session } from "./session";
import { nextTheme, theme } from "./theme";
import { Empty } from "./views/empty";
import { Failed } from "./views/failed";
import { Reading } from "./views/reading";
import { Usage } from "./views/usage";
import { WindowPicker } from "./views/window-picker";

/** The page, or plain words where it cannot be drawn. */
export class Page extends Component<{ session: Session }, { failure: unknown }> {
  override state: { failure: unknown } = { failure: null };

  override componentDidCatch(failure: unknown): void {
    console.error(failure);
    this.setState({ failure });
  }

  override render(): JSX.Element {
    if (this.state.failure === null) return <App session={this.props.session} />;
    return (
      <main>
        <section class="failure" role="alert" data-problem="page">
          <h1><WarnIcon />The page could not be drawn.</h1>
          <p>{messageOf(this.state.failure)}</p>
          <p>Reload the page. If it happens again with the same logs, that is a defect in Muster.</p>
        </section>
      </main>
    );
  }
}

/** A head with the choices, and below it whatever the phase calls for. */
function App({ session }: { session: Session }): JSX.Element {
  const fileInput = useRef<HTMLInputElement>(null);
  const folderInput = useRef<HTMLInputElement>(null);
  const hovering = useFileDrop(session);

  const pick = (event: TargetedEvent<HTMLInputElement>): void => {
    const input = event.currentTarget;
    const picked = input.files === null ? null : fromInput(input.files);
    // Cleared, so that choosing the same file again is a change.
    input.value = "";
    if (picked !== null && picked.files.length > 0) void session.open(picked);
  };
  const onFiles = (): void => fileInput.current?.click();
  const onFolder = (): void => folderInput.current?.click();

  const phase = session.phase.value;
  const answer = session.answer.value;
  const engine = session.engine.value;
  // With nothing read there is no time to choose from; a server can be asked again.
  const asksForWindow = engine !== null && (engine.capabilities.engine === "http" || phase.kind !== "failed");

  return (
    <>
      <a class="skip" href="#content" onClick={skipToContent}>Skip to the figures</a>
      <header class="top">
        <div class="brand"><MarkIcon /><span>Muster</span></div>
        <SourceLine session={session} />
        {asksForWindow && <WindowPicker session={session} />}
        <div class="tools">
          {engine?.capabilities.engine === "http" && (
            <button type="button" class="tool" onClick={() => void session.refresh()} aria-label="Read again" title="Read again"><ReloadIcon /></button>
          )}
          <button type="button" class="tool" onClick={onFiles} title="Open log files"><FileIcon /><span>Open</span></button>
          <button type="button" class="tool" onClick={nextTheme} aria-label={`Colours: ${theme.value}`} title={`Colours: ${theme.value}`}>
            <ThemeIcon theme={theme.value} />
          </button>
        </div>
      </header>
      <input ref={fileInput} type="file" multiple hidden data-input="files" onChange={pick} />
      <input ref={folderInput} type="file" multiple hidden data-input="folder" {...{ webkitdirectory: true }} onChange={pick} />

      <main id="content" class={answer === null ? "" : "answered"} tabIndex={-1} data-phase={phase.kind} aria-busy={phase.kind === "reading"}>
        {phase.kind === "reading" && <Reading progress={phase.progress} onCancel={() => session.cancel()} />}
        {phase.kind === "empty" && <Empty onFiles={onFiles} onFolder={onFolder} />}
        {phase.kind === "failed" && <Failed session={session} problem={phase.problem} onFiles={onFiles} onFolder={onFolder} />}
        {answer !== null && (phase.kind === "ready" || phase.kind === "reading") && <Usage session={session} answer={answer} />}
      </main>

      {phase.kind !== "empty" && phase.kind !== "looking" && (
        <footer>
          <LockIcon />
          {engine?.capabilities.engine === "http"
            ? "Figures come from the Muster server of this page. Files that you drop are read in your browser and stay there."
            : "Files are read in your browser and stay there; this page may not connect to any other host."}
        </footer>
      )}
      <p class="hidden" role="status">{spoken(session)}</p>
      {hovering && <div class="drop-cover"><p>Drop to read</p></div>}
    </>
  );
}

/** Where the figures come from. */
function SourceLine({ session }: { session: Session }): JSX.Element {
  const engine = session.engine.value;
  const sources = session.answer.value?.report.sources ?? [];
  const bytes = sources.reduce((sum, source) => sum + source.bytes, 0);
  const size = sources.length > 0 ? `${plural(sources.length, "log")}, ${formatBytes(bytes)}` : "";
  const server = session.server.value;
  if (engine === null) return <div class="source" />;
  if (engine.capabilities.engine === "http") {
    return <div class="source">From this server{size !== "" && <span> · {size}</span>}</div>;
  }
  return (
    <div class="source">
      {size !== "" && <span>Opened here · {size}</span>}
      {size !== "" && server !== null && " · "}
      {server !== null && <button type="button" class="link" onClick={() => void session.backToServer()}>Back to the server</button>}
    </div>
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

/** The address's fragment holds the window, so the link must not change it. */
function skipToContent(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

/** Takes files dropped anywhere on the page; true while some are held over it. */
function useFileDrop(session: Session): boolean {
  const depth = useSignal(0);
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true;
    const enter = (event: DragEvent): void => {
      if (hasFiles(event)) depth.value += 1;
    };
    const leave = (event: DragEvent): void => {
      if (hasFiles(event)) depth.value = Math.max(0, depth.value - 1);
    };
    const over = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "copy";
    };
    const drop = (event: DragEvent): void => {
      if (!hasFiles(event) || event.dataTransfer === null) return;
      event.preventDefault();
      depth.value = 0;
      void fromDrop(event.dataTransfer).then((picked) => session.open(picked));
    };
    addEventListener("dragenter", enter);
    addEventListener("dragleave", leave);
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragenter", enter);
      removeEventListener("dragleave", leave);
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  }, [session]);
  return depth.value > 0;
}
