import type { JSX } from "preact";
import { FileIcon, FolderIcon, LockIcon } from "../../parts/icons";

/** The logs that Muster knows, in the folders where agents leave them. */
const KNOWN_LOGS = [
  {
    folder: "~/.attune/telemetry/",
    files: ["usage.jsonl", "workflow_runs.jsonl", "help_queries.jsonl", "help_unmatched.jsonl", "memory_events.jsonl", "diagnosis_records.jsonl", "form_events.jsonl", "progressive_events.jsonl"],
  },
  {
    folder: "PROJECT/.attune/",
    files: ["llm_calls.jsonl", "task_routing.jsonl", "test_executions.jsonl", "coverage_history.jsonl", "agent_assignments.jsonl", "file_tests.jsonl", "costs.jsonl"],
  },
  { folder: "~/.attune/ops/roundtable/", files: ["role_telemetry.jsonl"] },
];

/** File names by folder. */
export function KnownLogs(): JSX.Element {
  return (
    <dl class="known-logs">
      {KNOWN_LOGS.map(({ folder, files }) => (
        <div key={folder}>
          <dt><code>{folder}</code></dt>
          <dd>{files.map((file) => <code key={file}>{file}</code>)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The two pickers, for those who do not drag. */
export function OpenButtons({ onFiles, onFolder }: { onFiles: () => void; onFolder: () => void }): JSX.Element {
  return (
    <div class="buttons">
      <button type="button" class="primary" onClick={onFiles}><FileIcon />Choose files</button>
      <button type="button" onClick={onFolder}><FolderIcon />Choose a folder</button>
    </div>
  );
}

/** Nothing to show yet: what to bring, and what happens to it. */
export function Empty({ onFiles, onFolder }: { onFiles: () => void; onFolder: () => void }): JSX.Element {
  return (
    <section class="welcome" aria-labelledby="welcome">
      <div class="drop-zone">
        <h1 id="welcome">What did your agents cost?</h1>
        <p>Drop attune logs anywhere on this page: one file, several, or a whole folder. A gateway's evidence bundle works too.</p>
        <OpenButtons onFiles={onFiles} onFolder={onFolder} />
        <p class="private"><LockIcon />The files are read here, in your browser. Nothing is sent anywhere: this page may not connect to any other host.</p>
      </div>
      <div class="welcome-more">
        <div>
          <h2>Where the logs are</h2>
          <KnownLogs />
          <p class="quiet">Rotated files such as <code>usage.2026-11-20.jsonl</code> are read too. Folders whose names begin with a dot may be hidden in the file dialog: Ctrl+H shows them on Linux, Cmd+Shift+. on macOS.</p>
        </div>
        <div>
          <h2>What you will see</h2>
          <ul>
            <li>Cost, calls, tokens and cache hits, in total and by day</li>
            <li>The same by workflow, model, tier and provider</li>
            <li>The most recent calls</li>
            <li>Every line that could not be used, with its place and the reason</li>
          </ul>
        </div>
      </div>
    </section>
  );
}
