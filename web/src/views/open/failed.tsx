import type { JSX } from "preact";
import type { Problem } from "../../engine/problem";
import { formatCount, visible } from "../../format";
import { ReloadIcon, WarnIcon } from "../../parts/icons";
import type { Session } from "../../session";
import { KnownLogs, OpenButtons } from "./empty";

interface Props {
  readonly session: Session;
  readonly problem: Problem;
  readonly onFiles: () => void;
  readonly onFolder: () => void;
}

const MOST_NAMES = 20;

/** No answer: what happened, to which files, and what to do now. */
export function Failed({ session, problem, onFiles, onFolder }: Props): JSX.Element {
  const { files } = problem;
  const retry = problem.kind === "server" || problem.kind === "unreachable";
  return (
    <section class="failure" role="alert" data-problem={problem.kind}>
      <h1><WarnIcon />{problem.message}</h1>
      {files.length > 0 && (
        <ul class="files">
          {files.slice(0, MOST_NAMES).map(({ path, message }) => (
            <li key={path}><code>{visible(path)}</code> {message}</li>
          ))}
          {files.length > MOST_NAMES && <li>and {formatCount(files.length - MOST_NAMES)} more</li>}
        </ul>
      )}
      <p>{problem.hint}</p>
      {retry ? (
        <div class="buttons">
          <button type="button" class="primary" onClick={() => void session.refresh()}><ReloadIcon />Try again</button>
        </div>
      ) : (
        <OpenButtons onFiles={onFiles} onFolder={onFolder} />
      )}
      {problem.kind === "no_known_log" && (
        <>
          <h2>Logs that Muster knows</h2>
          <KnownLogs />
        </>
      )}
    </section>
  );
}
