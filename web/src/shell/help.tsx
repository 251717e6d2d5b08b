import type { JSX } from "preact";
import { bindingGroups } from "../keys";
import { Dialog } from "./dialog";

/** What the keys do here and now. */
export function Help({ onClose }: { onClose: () => void }): JSX.Element {
  const groups = new Map<string, Map<string, string>>();
  for (const { name, bindings } of bindingGroups()) {
    const group = groups.get(name) ?? new Map<string, string>();
    groups.set(name, group);
    for (const { keys, label } of bindings) group.set(keys, label);
  }
  return (
    <Dialog label="Keys" class="help" onClose={onClose}>
      <header>
        <h2>Keys</h2>
        <button type="button" class="link" onClick={onClose}>Close</button>
      </header>
      <div class="key-groups">
        {[...groups].map(([name, bindings]) => (
          <section key={name}>
            <h3>{name}</h3>
            <dl class="keys">
              {[...bindings].map(([keys, label]) => (
                <div key={keys}>
                  <dt>{keys.split(" ").map((key) => <kbd key={key}>{key}</kbd>)}</dt>
                  <dd>{label}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="quiet">Keys do nothing while you type; Escape leaves a field.</p>
    </Dialog>
  );
}
