import InlineWorker from "./worker?worker&inline";

/** Starts the reading worker from text inside the page, for the single-file build. */
export function spawnWorker(): Worker {
  return new InlineWorker({ name: "muster-reader" });
}
