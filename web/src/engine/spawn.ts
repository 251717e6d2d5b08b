/** Starts the reading worker from its own file. */
export function spawnWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "muster-reader" });
}
