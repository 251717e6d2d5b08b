import { messageOf } from "./engine/problem";
import type { PickedFile } from "./engine/protocol";

/** More entries than a folder of logs has: a dropped disk must not hang the page. */
const MOST_ENTRIES = 20_000;
/** Folders that hold no logs and very many files. */
const PASSED_OVER = new Set(["node_modules", ".git"]);

export interface Picked {
  readonly files: readonly PickedFile[];
  /** Sentences about what was left out. */
  readonly left: readonly string[];
}

/** Files from a file or folder picker. */
export function fromInput(list: FileList): Picked {
  return {
    files: Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, file })),
    left: [],
  };
}

/** Files of a drop, folders walked. Must be called inside the drop event: what it holds is gone after it. */
export async function fromDrop(transfer: DataTransfer): Promise<Picked> {
  const files: PickedFile[] = [];
  const folders: Promise<Folder>[] = [];
  for (const item of transfer.items) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry();
    // A drop that a script made has files but no entries.
    if (entry !== null && isFolder(entry)) {
      folders.push(folderOf(entry, item));
    } else {
      const file = item.getAsFile();
      if (file !== null) files.push({ path: file.name, file });
    }
  }
  return walk(await Promise.all(folders), files);
}

/** A folder, by whichever of the browser's two interfaces can read it. */
interface Folder {
  readonly name: string;
  readonly path: string;
  list(): Promise<(Folder | Leaf)[]>;
}

interface Leaf {
  readonly path: string;
  file(): Promise<File>;
}

/** Folders level by level. */
async function walk(roots: readonly Folder[], files: PickedFile[]): Promise<Picked> {
  const left: string[] = [];
  const passedOver = new Set<string>();
  const queue: (Folder | Leaf)[] = [...roots];
  let seen = 0;
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    seen += 1;
    if (seen > MOST_ENTRIES) {
      left.push(`The folder has more than ${MOST_ENTRIES} entries; the rest was not looked at.`);
      break;
    }
    try {
      if ("file" in node) files.push({ path: node.path, file: await node.file() });
      else if (PASSED_OVER.has(node.name)) passedOver.add(node.name);
      else queue.push(...(await node.list()));
    } catch (error) {
      left.push(`${node.path} could not be opened: ${messageOf(error)}`);
    }
  }
  for (const name of passedOver) left.push(`Folders named ${name} were not looked into.`);
  return { files, left };
}

type WithHandle = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };

/**
 * On a page from a file address Chromium opens no entry of a folder, only its handle. Elsewhere the entry is the
 * better one: it is known everywhere, and asks nothing.
 */
async function folderOf(entry: FileSystemDirectoryEntry, item: DataTransferItem): Promise<Folder> {
  if (location.protocol === "file:") {
    const handle = await (item as WithHandle).getAsFileSystemHandle?.().catch(() => null);
    if (handle?.kind === "directory") return handleFolder(handle as IterableFolderHandle, handle.name);
  }
  return entryFolder(entry);
}

/** The part of a folder handle that lists it; not yet in the library of types. */
type IterableFolderHandle = FileSystemDirectoryHandle & {
  values(): AsyncIterable<FileSystemFileHandle | IterableFolderHandle>;
};

function handleFolder(handle: IterableFolderHandle, path: string): Folder {
  return {
    name: handle.name,
    path,
    list: async () => {
      const found: (Folder | Leaf)[] = [];
      for await (const child of handle.values()) {
        const childPath = `${path}/${child.name}`;
        found.push(child.kind === "directory" ? handleFolder(child, childPath) : { path: childPath, file: () => child.getFile() });
        if (found.length > MOST_ENTRIES) break;
      }
      return found;
    },
  };
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

function entryFolder(entry: FileSystemDirectoryEntry): Folder {
  const path = entry.fullPath.replace(/^\//, "");
  return {
    name: entry.name,
    path,
    list: async () => {
      const reader = entry.createReader();
      const found: (Folder | Leaf)[] = [];
      // The browser hands the entries out in batches, the last one empty.
      for (;;) {
        const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
        if (batch.length === 0 || found.length > MOST_ENTRIES) return found;
        found.push(...batch.map((child) => (isFolder(child) ? entryFolder(child) : entryLeaf(child as FileSystemFileEntry))));
      }
    },
  };
}

function entryLeaf(entry: FileSystemFileEntry): Leaf {
  return {
    path: entry.fullPath.replace(/^\//, ""),
    file: () => new Promise((resolve, reject) => entry.file(resolve, reject)),
  };
}
