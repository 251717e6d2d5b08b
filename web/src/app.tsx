import { useSignal } from "@preact/signals";
import { Component } from "preact";
import type { JSX, TargetedEvent } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { findBundle, openBundle } from "./bundle";
import { useFileDrop } from "./drop";
import { findRunFiles, openRunFiles } from "./run-files";
import { HttpEngine } from "./engine/http";
import { messageOf } from "./engine/problem";
import { fromInput } from "./files";
import type { Picked } from "./files";
import { useKeys } from "./keys";
import { LiveDocuments, ServerContext } from "./live";
import { walk } from "./parts/cursor";
import { MenuIcon, MarkIcon, WarnIcon } from "./parts/icons";
import { VIEWS, hrefOf } from "./route";
import type { ViewId } from "./route";
import { go, route } from "./router";
import type { Session } from "./session";
import { viewCommands } from "./shell/commands";
import type { Command } from "./shell/commands";
import { Connection } from "./shell/connection";
import { Help } from "./shell/help";
import { Nav } from "./shell/nav";
import { Palette } from "./shell/palette";
import { Tools } from "./shell/tools";
import { setTheme } from "./theme";
import { Nowhere } from "./views/nowhere";
import { View } from "./views/view";

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

/** What is shown: what the address says, else what fits. */
function currentView(session: Session): ViewId | null {
  const { view: wanted, path } = route.value;
  if (wanted === null && path.length > 0) return null;
  if (session.phase.value.kind === "looking" && session.engine.value === null) return null;
  return wanted ?? (session.server.value === null ? "usage" : "now");
}

/** Navigation beside, a head, and below it the view. */
function App({ session }: { session: Session }): JSX.Element {
  const fileInput = useRef<HTMLInputElement>(null);
  const folderInput = useRef<HTMLInputElement>(null);
  const overlay = useSignal<"none" | "help" | "palette">("none");
  const menu = useSignal(false);

  const server = session.server.value;
  const documents = useMemo(() => (server instanceof HttpEngine ? new LiveDocuments(server) : null), [server]);
  const view = currentView(session);

  const take = (picked: Picked): void => {
    void Promise.all([findBundle(picked.files), findRunFiles(picked.files)]).then(([found, runs]) => {
      if (found !== null) void openBundle(found);
      if (runs.length > 0) void openRunFiles(runs);
      const left = picked.files.filter((file) => file !== found && !runs.includes(file));
      if (found !== null) go({ view: "diagnosis", path: [], params: {} });
      else if (runs.length > 0) go({ view: "runs", path: [], params: {} });
      else if (route.peek().view !== "usage") go({ view: "usage", path: [], params: {} });
      if (left.length > 0 || picked.files.length === 0) void session.open({ ...picked, files: left });
    });
  };
  const hovering = useFileDrop(take);
  const pick = (event: TargetedEvent<HTMLInputElement>): void => {
    const input = event.currentTarget;
    const picked = input.files === null ? null : fromInput(input.files);
    // Cleared, so that choosing the same file again is a change.
    input.value = "";
    if (picked !== null && picked.files.length > 0) take(picked);
  };
  const onFiles = (): void => fileInput.current?.click();
  const onFolder = (): void => folderInput.current?.click();
  const refresh = (): void => {
    documents?.refreshAll();
    if (view === "usage") void session.refresh();
  };

  const commands: readonly Command[] = [
    ...viewCommands(),
    { label: "Open files", detail: "logs, diagnosis bundles, workflow runs", run: onFiles },
    { label: "Open a folder", detail: "logs", run: onFolder },
    { label: "Light colours", detail: "theme", run: () => setTheme("light") },
    { label: "Dark colours", detail: "theme", run: () => setTheme("dark") },
    { label: "Colours of the system", detail: "theme", run: () => setTheme("system") },
    { label: "Keys", detail: "?", run: () => (overlay.value = "help") },
    { label: "Print", detail: "this view", run: () => print() },
  ];
  useKeys("Go to", VIEWS.map(({ id, label, key }) => ({ keys: `g ${key}`, label, run: () => go({ view: id, path: [], params: {} }) })));
  useKeys("Lists", [
    { keys: "j", label: "Next row", run: () => walk(1), repeats: true },
    { keys: "k", label: "Row before", run: () => walk(-1), repeats: true },
  ]);
  useKeys("Page", [
    { keys: "Ctrl-K", label: "Go anywhere by name", run: () => (overlay.value = "palette") },
    { keys: "?", label: "These keys", run: () => (overlay.value = "help") },
    { keys: "R", label: "Read again", run: refresh },
  ]);

  useEffect(() => {
    if (view === "usage") void session.show();
    const label = VIEWS.find(({ id }) => id === view)?.label;
    document.title = label === undefined ? "Muster" : `${label} \u00b7 Muster`;
    menu.value = false;
  }, [view, session.engine.value]);

  const phase = session.phase.value;
  const label = VIEWS.find(({ id }) => id === view)?.label ?? "";
  const nowhere = route.value.view === null && route.value.path.length > 0;
  return (
    <ServerContext.Provider value={documents}>
      <a class="skip" href="#content" onClick={skipToContent}>Skip to the content</a>
      <div class="shell">
        <aside class={`side${menu.value ? " open" : ""}`}>
          <div class="side-head">
            <a class="brand" href={hrefOf(documents === null ? "usage" : "now")} aria-label="Muster, start"><MarkIcon /><span>Muster</span></a>
            <Connection />
            <button type="button" class="tool menu-button" aria-expanded={menu.value} aria-controls="views" aria-label="Views" onClick={() => (menu.value = !menu.value)}><MenuIcon /></button>
          </div>
          <div id="views" class="side-body">
            <Nav current={view} onGo={() => (menu.value = false)} />
            <p class="side-foot">
              <button type="button" class="link" onClick={() => (overlay.value = "palette")}>Go to <kbd>Ctrl-K</kbd></button>
              <button type="button" class="link" onClick={() => (overlay.value = "help")}>Keys <kbd>?</kbd></button>
              {documents !== null && documents.engine.capabilities.version !== null && <span>Muster {documents.engine.capabilities.version}</span>}
            </p>
          </div>
        </aside>
        <div class="body">
          <header class="top">
            <h1>{nowhere ? "Nothing here" : label}</h1>
            <Tools session={session} view={view} onFiles={onFiles} onRefresh={refresh} />
          </header>
          <input ref={fileInput} type="file" multiple hidden data-input="files" onChange={pick} />
          <input ref={folderInput} type="file" multiple hidden data-input="folder" {...{ webkitdirectory: true }} onChange={pick} />
          <main
            id="content"
            tabIndex={-1}
            class={view === "usage" && session.answer.value !== null ? "answered" : ""}
            data-view={view ?? "none"}
            data-phase={view === "usage" || view === null ? phase.kind : "ready"}
            aria-busy={view === "usage" && phase.kind === "reading"}
          >
            {nowhere ? <Nowhere /> : <View view={view} session={session} onFiles={onFiles} onFolder={onFolder} />}
          </main>
        </div>
      </div>
      {hovering && <div class="drop-cover"><p>Drop to read</p></div>}
      {overlay.value === "help" && <Help onClose={() => (overlay.value = "none")} />}
      {overlay.value === "palette" && <Palette commands={commands} onClose={() => (overlay.value = "none")} />}
    </ServerContext.Provider>
  );
}

/** The address's fragment says what is shown, so the link must not change it. */
function skipToContent(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
