import type { JSX } from "preact";
import type { Progress } from "../../engine/engine";
import { formatBytes, formatCompact, visible } from "../../format";

/** How far a reading has come, and the way to stop it. */
export function Reading({ progress, onCancel }: { progress: Progress | null; onCancel: () => void }): JSX.Element {
  const part = progress === null || progress.totalBytes === 0 ? 0 : progress.bytes / progress.totalBytes;
  const perSecond = progress === null || progress.elapsedMs <= 0 ? 0 : (progress.lines * 1000) / progress.elapsedMs;
  return (
    <section class="reading" aria-label="Reading">
      <progress max={1} {...(progress !== null && { value: part })} aria-label="Part read" />
      <p>
        {progress === null ? (
          <span>Reading…</span>
        ) : (
          <>
            <span class="file">{visible(progress.file)}</span>
            <span>{formatBytes(progress.bytes)} of {formatBytes(progress.totalBytes)}</span>
            <span>{formatCompact(progress.lines)} lines</span>
            <span>{formatCompact(Math.round(perSecond))} lines/s</span>
          </>
        )}
        <button type="button" onClick={onCancel}>Cancel</button>
      </p>
    </section>
  );
}
