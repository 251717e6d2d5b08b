import type { JSX } from "preact";
import { formatBytes, plural } from "../format";
import { FileIcon, ReloadIcon, ThemeIcon } from "../parts/icons";
import type { ViewId } from "../route";
import type { Session } from "../session";
import { nextTheme, theme } from "../theme";
import { WindowPicker } from "../views/usage/window-picker";

interface Props {
  readonly session: Session;
  readonly view: ViewId | null;
  readonly onFiles: () => void;
  readonly onRefresh: () => void;
}

/** What can be chosen at the head of the page. */
export function Tools({ session, view, onFiles, onRefresh }: Props): JSX.Element {
  const engine = session.engine.value;
  const phase = session.phase.value;
  const served = session.server.value !== null;
  // With nothing read there is no time to choose from; a server can be asked again.
  const asksForWindow = view === "usage" && engine !== null && (engine.capabilities.engine === "http" || phase.kind !== "failed");
  return (
    <>
      {view === "usage" ? <SourceLine session={session} /> : <div class="source" />}
      {asksForWindow && <WindowPicker session={session} />}
      <div class="tools">
        {served && <button type="button" class="tool" onClick={onRefresh} aria-label="Read again" title="Read again (R)"><ReloadIcon /></button>}
        <button type="button" class="tool" onClick={onFiles} title="Open log files or a diagnosis bundle"><FileIcon /><span>Open</span></button>
        <button type="button" class="tool" onClick={nextTheme} aria-label={`Colours: ${theme.value}`} title={`Colours: ${theme.value}`}>
          <ThemeIcon theme={theme.value} />
        </button>
      </div>
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
