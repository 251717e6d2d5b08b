import type { JSX } from "preact";
import { useContext } from "preact/hooks";
import type { DiagnosisDocument, DiagnosisSchedule } from "../../engine/documents";
import { now } from "../../clock";
import { formatAge, plural, visible } from "../../format";
import { ServerContext } from "../../live";
import { ActButton } from "../../parts/act-button";
import { DocumentView } from "../../parts/document-view";
import { Panel } from "../../parts/panel";

/** Minutes that are offered; 0: only when asked for. */
const EVERY = [0, 1, 5, 15, 60, 360, 1440];

/** How often the gateway is looked at, and which one. */
export function SchedulePanel(): JSX.Element {
  return (
    <DocumentView view="diagnosis" what="the schedule of the diagnosis">
      {({ schedule }) => (
        <Panel title="Diagnosis of the gateway" name="diagnosis-schedule" note={schedule.is_chosen ? "chosen here" : "table [ops.diagnosis] in muster.toml"}>
          <Schedule schedule={schedule} />
        </Panel>
      )}
    </DocumentView>
  );
}

function Schedule({ schedule }: { schedule: DiagnosisSchedule }): JSX.Element {
  const documents = useContext(ServerContext);
  const { every_minutes: every, profile, profiles, is_chosen: chosen } = schedule;
  if (documents === null || !documents.engine.capabilities.acts.includes("diagnosis-schedule")) {
    return <p class="nothing">Profile {visible(profile)}, {scheduleWords(schedule)}.</p>;
  }
  const choose = async (takes: { every_minutes?: number; profile?: string }): Promise<void> => {
    const made: DiagnosisDocument = await documents.engine.act("diagnosis-schedule", takes);
    documents.cell("diagnosis", {}).set(made);
  };
  const offered = every === null || EVERY.includes(every) ? EVERY : [...EVERY, every].sort((a, b) => a - b);
  return (
    <div class="decision">
      <label>
        Look{" "}
        <select value={String(every ?? 0)} onChange={(event) => void choose({ every_minutes: Number(event.currentTarget.value), profile })}>
          {offered.map((minutes) => <option key={minutes} value={String(minutes)}>{minutes === 0 ? "only when asked to" : `every ${formatAge(minutes * 60_000)}`}</option>)}
        </select>
      </label>
      <label>
        at the profile{" "}
        <select value={profile} onChange={(event) => void choose({ every_minutes: every ?? 0, profile: event.currentTarget.value })}>
          {profiles.map((name) => <option key={name} value={name}>{visible(name)}</option>)}
        </select>
      </label>
      {chosen && <ActButton run={() => choose({})}>As in muster.toml</ActButton>}
      <NextLook schedule={schedule} />
    </div>
  );
}

function NextLook({ schedule: { next_at: next } }: { schedule: DiagnosisSchedule }): JSX.Element | null {
  if (next === null) return null;
  return <span class="quiet">next in {formatAge(Date.parse(next) - now.value)}</span>;
}

/** `looked at every 15 minutes`, in a sentence. */
export function scheduleWords({ every_minutes: every }: DiagnosisSchedule): string {
  return every === null ? "looked at only when asked to" : `looked at every ${every === 1 ? "minute" : plural(every, "minute")}`;
}
