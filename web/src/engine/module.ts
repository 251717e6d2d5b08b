import init from "muster-core";
import address from "muster-core/muster_browser_bg.wasm?url";

let ready: Promise<unknown> | null = null;

/** Loads the core once. In the single-file build its bytes are inside the page, and nothing is fetched. */
export function loadCore(): Promise<unknown> {
  ready ??= init({ module_or_path: source() });
  return ready;
}

function source(): Uint8Array | URL {
  const comma = address.indexOf(";base64,");
  if (!address.startsWith("data:") || comma < 0) return new URL(address, import.meta.url);
  return Uint8Array.from(atob(address.slice(comma + ";base64,".length)), (char) => char.charCodeAt(0));
}
