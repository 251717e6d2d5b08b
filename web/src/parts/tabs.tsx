import type { JSX } from "preact";

interface Tab {
  readonly label: string;
  readonly href: string;
  readonly current: boolean;
}

/** Parts of a view, each with an address of its own. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }): JSX.Element {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => <a key={tab.href} href={tab.href} {...(tab.current && { "aria-current": "page" as const })}>{tab.label}</a>)}
    </nav>
  );
}
