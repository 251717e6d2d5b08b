import type { JSX } from "preact";
import { visible } from "../../format";
import { WarnIcon } from "../../parts/icons";
import { Tabs } from "../../parts/tabs";
import { hrefOf } from "../../route";
import { route } from "../../router";
import { Catalogue } from "./catalogue";
import { CommandRunPage } from "./command-run";
import { Compare } from "./compare";
import { Waterfall } from "./waterfall";
import { WorkflowRuns } from "./workflow-runs";

/** Runs of workflows, and commands that this server runs. */
export function RunsView(): JSX.Element {
  const [part, item, other] = route.value.path;
  const commands = part === "commands" || part === "command";
  return (
    <>
      <Tabs
        label="Kinds of runs"
        tabs={[
          { label: "Workflows", href: hrefOf("runs"), current: !commands },
          { label: "Commands", href: hrefOf("runs", ["commands"]), current: commands },
        ]}
      />
      {part === "command" && item !== undefined ? (
        <CommandRunPage key={item} id={item} />
      ) : commands ? (
        <Catalogue />
      ) : part === "workflow" && item !== undefined ? (
        <Waterfall key={item} id={item} />
      ) : part === "compare" && item !== undefined && other !== undefined ? (
        <Compare first={item} second={other} />
      ) : (
        <>
          {part !== undefined && (
            <p class="remark warn" role="alert" data-nowhere="runs">
              <WarnIcon /><span>The address asks for <code>{visible(route.value.path.join("/"))}</code>, and no runs are called so.</span>
            </p>
          )}
          <WorkflowRuns />
        </>
      )}
    </>
  );
}
