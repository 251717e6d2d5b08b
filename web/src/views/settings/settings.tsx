import type { JSX } from "preact";
import type { SettingsDocument } from "../../engine/documents";
import { formatAge, formatMoney, plural, visible } from "../../format";
import type { Column } from "../../parts/column";
import { DataTable } from "../../parts/data-table";
import { Choice } from "../../parts/choice";
import { DocumentView } from "../../parts/document-view";
import { Money } from "../../parts/money";
import { Panel } from "../../parts/panel";
import { StoreLine } from "../../parts/store-line";
import { setTheme, theme } from "../../theme";
import { SchedulePanel } from "../diagnosis/schedule";
import { Alerts } from "./alerts";

const THEMES = [
  { value: "system", label: "System" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
] as const;

/** Alerts, and what this server runs with. */
export function SettingsView(): JSX.Element {
  return (
    <>
      <Panel title="Colours" name="colours" controls={<Choice legend="Colours" options={THEMES} value={theme.value} onChoose={setTheme} />}>
        <p class="nothing">The choice is kept in this browser.</p>
      </Panel>
      <Alerts />
      <SchedulePanel />
      <DocumentView view="settings" what="the settings of the server">{(settings) => <Settings settings={settings} />}</DocumentView>
    </>
  );
}

type Price = SettingsDocument["prices"][number];

const PRICE_COLUMNS: readonly Column<Price>[] = [
  { key: "model", label: "Model", class: "name path", sortBy: ({ model }) => model, cell: ({ model }) => visible(model), title: ({ model }) => visible(model) },
  { key: "input", label: "Input, per million", numeric: true, sortBy: ({ input_per_million_usd: usd }) => Number(usd), cell: ({ input_per_million_usd: usd }) => <Money text={usd} />, value: ({ input_per_million_usd: usd }) => usd },
  { key: "output", label: "Output, per million", numeric: true, sortBy: ({ output_per_million_usd: usd }) => Number(usd), cell: ({ output_per_million_usd: usd }) => <Money text={usd} />, value: ({ output_per_million_usd: usd }) => usd },
  { key: "from", label: "From", sortBy: ({ from }) => from ?? "", cell: ({ from }) => from ?? "always" },
  { key: "source", label: "Known from", sortBy: ({ source }) => source, cell: ({ source }) => (source === "settings" ? <b>your settings</b> : <span class="quiet">built in</span>), value: ({ source }) => source },
];

function Settings({ settings }: { settings: SettingsDocument }): JSX.Element {
  const { liveness } = settings;
  return (
    <>
      <div class="grid">
        <Panel title="Server" name="server" note="set when it is started, or in muster.toml">
          <dl class="facts">
            <div><dt>Version</dt><dd>{settings.version}</dd></div>
            <div><dt>Address</dt><dd>{visible(settings.address)}</dd></div>
            <div><dt>Writes</dt><dd>{settings.read_only ? "no: it only reads" : "yes"}</dd></div>
            <div><dt>Project</dt><dd>{visible(settings.project_root)}</dd></div>
            <div><dt>Home of logs</dt><dd>{visible(settings.home ?? "none")}</dd></div>
            <div><dt>Runs are kept</dt><dd>{settings.runs_retention_days === 0 ? "for ever" : plural(settings.runs_retention_days, "day")}</dd></div>
            <div><dt>Further hosts</dt><dd>{settings.trusted_hosts.length === 0 ? "none" : settings.trusted_hosts.map(visible).join(", ")}</dd></div>
            <div><dt>Settings files</dt><dd>{settings.files.length === 0 ? "none" : settings.files.map(visible).join(", ")}</dd></div>
          </dl>
          <StoreLine store={settings.store} />
        </Panel>
        <Panel title="Thresholds" name="thresholds" note="table [liveness] in muster.toml">
          <dl class="facts">
            <div><dt>A beat is expected every</dt><dd>{formatAge(liveness.interval_s * 1000)} unless the agent says otherwise</dd></div>
            <div><dt>Late</dt><dd>after {liveness.late_percent} % of that interval</dd></div>
            <div><dt>Stale</dt><dd>after {liveness.stale_intervals} intervals, at least {formatAge(liveness.stale_s * 1000)}</dd></div>
            <div><dt>A clock is wrong</dt><dd>from {formatAge(liveness.clock_skew_s * 1000)} on</dd></div>
            <div><dt>Budget for a month</dt><dd>{settings.budget_month_usd === null ? "none is set" : formatMoney(settings.budget_month_usd)}</dd></div>
          </dl>
        </Panel>
      </div>
      <Panel title="Prices" name="prices" note="table [prices.MODEL] in muster.toml adds to them">
        <DataTable caption="Prices" columns={PRICE_COLUMNS} rows={settings.prices} rowKey={({ model, from }, index) => `${index} ${model} ${from ?? ""}`} pageSize={12} empty="No price is known." />
      </Panel>
    </>
  );
}
