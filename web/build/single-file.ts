import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Plugin } from "vite";
import { hashSource, policyMeta } from "./content-policy.ts";

/** Text that may stand inside a script element: nothing in it ends the element or opens a comment. */
function scriptText(code: string): string {
  return code.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
}

/**
 * Writes the page as one HTML file that needs no server: script, styles, worker and core inside,
 * and a policy that names the hashes of just these texts and allows no connection at all.
 */
export function singleFile(target: string): Plugin {
  return {
    name: "muster-single-file",
    apply: "build",
    enforce: "post",
    writeBundle(_options, bundle) {
      const files = Object.values(bundle);
      const chunks = files.filter((file) => file.type === "chunk");
      // Styles are inside the script.
      const styles = files.filter((file) => file.type === "asset" && file.fileName.endsWith(".css"));
      const page = files.find((file) => file.type === "asset" && file.fileName === "index.html");
      const licenses = files.find((file) => file.type === "asset" && file.fileName === "licenses.md");
      const [script] = chunks;
      if (chunks.length !== 1 || script?.type !== "chunk" || styles.length !== 0 || page?.type !== "asset" || licenses?.type !== "asset") {
        throw new Error(`one script, one page and its licenses expected, found: ${files.map((file) => file.fileName).join(", ")}`);
      }
      const code = scriptText(script.code.trim());
      const policy = policyMeta({
        "default-src": "'none'",
        "script-src": `${hashSource(code)} 'wasm-unsafe-eval'`,
        "img-src": "data:",
        "connect-src": "'none'",
        "worker-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
      });
      // Functions as replacements: the code may hold `$&` and the like.
      const html = String(page.source)
        .replace(/\s*<script\b[^>]*\bsrc=[^>]*><\/script>/, "")
        .replace("<!-- content policy -->", () => policy)
        .replace("</html>", () => `<!--\n${String(licenses.source).replaceAll("--", "- -")}-->\n</html>`)
        .replace("</body>", () => `<script type="module">${code}</script>\n</body>`);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(`${target}.new`, html);
      renameSync(`${target}.new`, target);
    },
  };
}
