import { createHash } from "node:crypto";
import type { Plugin } from "vite";

/** The source expression that allows exactly this inline text. */
export function hashSource(text: string): string {
  return `'sha256-${createHash("sha256").update(text, "utf8").digest("base64")}'`;
}

/** One `<meta>` element with the given directives. */
export function policyMeta(directives: Record<string, string>): string {
  const content = Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");
  return `<meta http-equiv="Content-Security-Policy" content="${content}">`;
}

/**
 * Puts the policy of the served page into its head, so that it holds on any static server too.
 * In development the page stays without: the reloading client needs inline styles.
 */
export function contentPolicy(): Plugin {
  return {
    name: "muster-content-policy",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html) =>
        html.replace(
          "<!-- content policy -->",
          policyMeta({
            "default-src": "'none'",
            "script-src": "'self' 'wasm-unsafe-eval'",
            "style-src": "'self'",
            "img-src": "'self' data:",
            "connect-src": "'self'",
            "worker-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
          }),
        ),
    },
  };
}
