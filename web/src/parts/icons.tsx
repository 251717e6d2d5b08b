import type { ComponentChildren, JSX } from "preact";

function Icon({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export function MarkIcon(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 16 16" width="22" height="22" aria-hidden="true" focusable="false">
      <rect width="16" height="16" rx="3.5" />
      <path d="M4 4.5h1M4 8h1M4 11.5h1M7 4.5h5M7 8h3.4M7 11.5h4.2" />
    </svg>
  );
}

export function FileIcon(): JSX.Element {
  return <Icon><path d="M4 1.75h5l3.25 3.25v9.25h-8.25zM9 1.75v3.25h3.25" /></Icon>;
}

export function FolderIcon(): JSX.Element {
  return <Icon><path d="M1.75 3.25h4.5l1.5 2h6.5v8h-12.5z" /></Icon>;
}

export function LockIcon(): JSX.Element {
  return <Icon><path d="M3.25 7.25h9.5v7h-9.5zM5.25 7.25v-2.5a2.75 2.75 0 0 1 5.5 0v2.5" /></Icon>;
}

export function ReloadIcon(): JSX.Element {
  return <Icon><path d="M13.25 8a5.25 5.25 0 1 1-1.6-3.77M13.5 1.5v3.25h-3.25" /></Icon>;
}

export function WarnIcon(): JSX.Element {
  return <Icon><path d="M8 2l6.5 11.75h-13zM8 6.5v3.25M8 11.75v.01" /></Icon>;
}

export function MenuIcon(): JSX.Element {
  return <Icon><path d="M2 4h12M2 8h12M2 12h12" /></Icon>;
}

export function ThemeIcon({ theme }: { theme: "system" | "light" | "dark" }): JSX.Element {
  switch (theme) {
    case "light":
      return <Icon><circle cx="8" cy="8" r="2.75" /><path d="M8 1.25v1.5M8 13.25v1.5M1.25 8h1.5M13.25 8h1.5M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1" /></Icon>;
    case "dark":
      return <Icon><path d="M13.5 9.6a5.75 5.75 0 0 1-7.1-7.1 5.75 5.75 0 1 0 7.1 7.1z" /></Icon>;
    case "system":
      return <Icon><circle cx="8" cy="8" r="5.75" /><path class="filled" d="M8 2.25a5.75 5.75 0 0 1 0 11.5z" /></Icon>;
  }
}
