import type { JSX } from "preact";
import type { ViewId } from "../route";
import type { Session } from "../session";
import { AgentsView } from "./agents/agents";
import { DiagnosisView } from "./diagnosis/diagnosis";
import { FeedbackView } from "./feedback/feedback";
import { InboxView } from "./inbox/inbox";
import { NowView } from "./now/now";
import { RunsView } from "./runs/runs";
import { SettingsView } from "./settings/settings";
import { SpecsView } from "./specs/specs";
import { StreamsView } from "./streams/streams";
import { UsageView } from "./usage/usage-view";

interface Props {
  readonly view: ViewId | null;
  readonly session: Session;
  readonly onFiles: () => void;
  readonly onFolder: () => void;
}

/** The view that the address names. */
export function View({ view, session, onFiles, onFolder }: Props): JSX.Element | null {
  switch (view) {
    case null:
      return null;
    case "now":
      return <NowView />;
    case "agents":
      return <AgentsView />;
    case "inbox":
      return <InboxView />;
    case "streams":
      return <StreamsView />;
    case "usage":
      return <UsageView session={session} onFiles={onFiles} onFolder={onFolder} />;
    case "diagnosis":
      return <DiagnosisView onFiles={onFiles} />;
    case "runs":
      return <RunsView />;
    case "feedback":
      return <FeedbackView />;
    case "specs":
      return <SpecsView />;
    case "settings":
      return <SettingsView />;
  }
}
