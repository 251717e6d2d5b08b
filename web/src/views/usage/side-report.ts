import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Documents } from "../../engine/documents";
import type { SideReport } from "../../engine/protocol";
import type { ExactMoney } from "../../engine/report";
import { useDocument } from "../../live";
import type { Session } from "../../session";
import { windowQuery } from "../../window";

/** A further report on the same calls: asked of the server, or made of the files that were read. */
export function useSideReport<Name extends SideReport>(session: Session, name: Name): ExactMoney<Documents[Name]> | null {
  const engine = session.engine.value;
  const answer = session.answer.value;
  const served = engine !== null && engine === session.server.value;
  const fromServer = useDocument(name, windowQuery(session.answeredWindow.value)).data;
  const fromFiles = useSignal<Documents[Name] | null>(null);
  useEffect(() => {
    fromFiles.value = null;
    if (engine === null || served || answer === null) return undefined;
    const stop = new AbortController();
    engine.ask(name, {}, stop.signal).then(
      (document) => {
        if (!stop.signal.aborted) fromFiles.value = document;
      },
      // Without it the panel is left out; the usage report says what is wrong with the files.
      () => {},
    );
    return () => stop.abort();
  }, [engine, answer, name]);
  return (served ? fromServer : fromFiles.value) as ExactMoney<Documents[Name]> | null;
}
