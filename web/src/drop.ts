import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { fromDrop } from "./files";
import type { Picked } from "./files";

/** Takes files dropped anywhere on the page; true while some are held over it. */
export function useFileDrop(onDrop: (picked: Picked) => void): boolean {
  const depth = useSignal(0);
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true;
    const enter = (event: DragEvent): void => {
      if (hasFiles(event)) depth.value += 1;
    };
    const leave = (event: DragEvent): void => {
      if (hasFiles(event)) depth.value = Math.max(0, depth.value - 1);
    };
    const over = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "copy";
    };
    const drop = (event: DragEvent): void => {
      if (!hasFiles(event) || event.dataTransfer === null) return;
      event.preventDefault();
      depth.value = 0;
      void fromDrop(event.dataTransfer).then(onDrop);
    };
    addEventListener("dragenter", enter);
    addEventListener("dragleave", leave);
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragenter", enter);
      removeEventListener("dragleave", leave);
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  }, []);
  return depth.value > 0;
}
