import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { formatCount, visible } from "../format";
import { useDocument } from "../live";
import { hrefOf } from "../route";
import { findCommands } from "./commands";
import type { Command } from "./commands";
import { Dialog } from "./dialog";

const MOST_SHOWN = 50;

function leadTo(href: string): () => void {
  return () => {
    location.hash = href;
  };
}

/** Goes anywhere by a few letters. */
export function Palette({ commands, onClose }: { commands: readonly Command[]; onClose: () => void }): JSX.Element {
  const query = useSignal("");
  const at = useSignal(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const agents = useDocument("agents").data ?? [];
  const streams = useDocument("streams").data ?? [];
  // Only once something is typed: thousands of agents are no overview.
  const more: Command[] =
    query.value.trim() === ""
      ? []
      : [
          ...agents.map((agent) => ({ label: visible(agent.display_name ?? agent.agent_id), detail: `agent, ${agent.state}`, run: leadTo(hrefOf("agents", [agent.agent_id])) })),
          ...streams.map((stream) => ({ label: visible(stream.event_type), detail: "stream", run: leadTo(hrefOf("streams", [stream.event_type])) })),
        ];
  const found = findCommands([...commands, ...more], query.value);
  const shown = found.slice(0, MOST_SHOWN);
  const index = Math.min(at.value, Math.max(0, shown.length - 1));

  useEffect(() => input.current?.focus(), []);
  useEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }), [index]);

  const take = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by !== 0) {
      event.preventDefault();
      at.value = shown.length === 0 ? 0 : (index + by + shown.length) % shown.length;
    } else if (event.key === "Enter") {
      event.preventDefault();
      take(shown[index]);
    }
  };

  return (
    <Dialog label="Go to" class="palette" onClose={onClose}>
      <input
        ref={input}
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        {...(shown.length > 0 && { "aria-activedescendant": `${id}-${index}` })}
        aria-label="Go to a view, an agent, a stream"
        placeholder="Go to a view, an agent, a stream"
        spellcheck={false}
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value;
          at.value = 0;
        }}
        onKeyDown={onKeyDown}
      />
      <ul id={id} role="listbox" aria-label="What was found" ref={list}>
        {shown.map((command, position) => (
          <li key={`${position} ${command.label}`} id={`${id}-${position}`} role="option" aria-selected={position === index} onClick={() => take(command)}>
            <span>{command.label}</span><span class="quiet">{command.detail}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p class="nothing">Nothing of that name.</p>}
      {found.length > shown.length && <p class="nothing">and {formatCount(found.length - shown.length)} more</p>}
    </Dialog>
  );
}
