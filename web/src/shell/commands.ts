import { VIEWS, hrefOf } from "../route";

/** Something that the palette offers. */
export interface Command {
  readonly label: string;
  /** What else it is found by, and shown beside it. */
  readonly detail: string;
  readonly run: () => void;
}

/** The views as commands. */
export function viewCommands(): readonly Command[] {
  return VIEWS.map(({ id, label, key }) => ({
    label,
    detail: `g ${key}`,
    run: () => {
      location.hash = hrefOf(id);
    },
  }));
}

/** Those that hold every word, the ones that begin with the first word first. */
export function findCommands(commands: readonly Command[], query: string): readonly Command[] {
  const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const [first] = words;
  if (first === undefined) return commands;
  const found = commands.filter(({ label, detail }) => {
    const text = `${label} ${detail}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const begins = ({ label }: Command): boolean => label.toLowerCase().startsWith(first);
  return [...found.filter(begins), ...found.filter((command) => !begins(command))];
}
