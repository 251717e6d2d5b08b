//! A module built with wasm-bindgen becomes a package in the form npm knows.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

/// The package's name for its importers.
const NAME: &str = "muster-core";

/// The stem of the generated files.
const STEM: &str = "muster_browser";

/// Generates bindings for the module at `module` (target `web`: one ES module, for pages, workers
/// and Node) and makes `folder` a package of them. The folder is replaced whole.
pub(crate) fn package(module: &Path, folder: &Path) -> Result<()> {
    let mut name = folder
        .file_name()
        .context("the folder has no name")?
        .to_owned();
    name.push(".partial");
    let partial = folder.with_file_name(name);
    remove(&partial)?;
    fill(module, &partial)?;
    remove(folder)?;
    fs::rename(&partial, folder)
        .with_context(|| format!("{} cannot be put in place", folder.display()))?;
    let wasm = fs::metadata(folder.join(format!("{STEM}_bg.wasm")))?.len();
    eprintln!("    {}: module of {wasm} bytes", folder.display());
    Ok(())
}

fn fill(module: &Path, folder: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(module)
        .out_name(STEM)
        .web(true)?
        .typescript(true)
        // Names are for debuggers, and more than a quarter of the size.
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .with_context(|| format!("no bindings can be made for {}", module.display()))?;
    write(folder, "package.json", &manifest())?;
    write(folder, "README.md", README)?;
    write(folder, "LICENSE", include_str!("../../../LICENSE"))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

fn manifest() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let license = env!("CARGO_PKG_LICENSE");
    format!(
        r#"{{
  "name": "{NAME}",
  "version": "{version}",
  "description": "Reads the logs of AI agents and reports on them, in WebAssembly",
  "license": "{license}",
  "type": "module",
  "main": "./{STEM}.js",
  "types": "./{STEM}.d.ts",
  "exports": {{
    ".": {{
      "types": "./{STEM}.d.ts",
      "default": "./{STEM}.js"
    }},
    "./{STEM}_bg.wasm": "./{STEM}_bg.wasm",
    "./package.json": "./package.json"
  }},
  "files": [
    "{STEM}.js",
    "{STEM}.d.ts",
    "{STEM}_bg.wasm",
    "{STEM}_bg.wasm.d.ts"
  ],
  "sideEffects": false
}}
"#
    )
}

const README: &str = r#"# muster-core

Muster's core for browsers, workers and Node: it reads the logs that AI agents write and reports
on them. One ES module and one WebAssembly module, without dependencies. Nothing that it reads
leaves the page.

## In a page or a worker

```js
import init, { TelemetryReader } from "muster-core";

await init(); // fetches muster_browser_bg.wasm from beside the script

const reader = new TelemetryReader({ recent: 20 });
reader.open(file.name); // throws when the name is that of no log it knows
for await (const chunk of file.stream()) reader.push(chunk);
reader.close();
console.log(reader.show().totals);
reader.free();
```

## In Node

```js
import { readFile } from "node:fs/promises";
import init, { TelemetryReader } from "muster-core";

const wasm = new URL(import.meta.resolve("muster-core/muster_browser_bg.wasm"));
await init({ module_or_path: await readFile(wasm) });

const reader = new TelemetryReader();
reader.open("usage.jsonl");
reader.push(await readFile("usage.jsonl"));
reader.close();
console.log(reader.showJson());
```

Chunks may be cut anywhere; 64 KiB to 1 MiB each is a good size. The types in
`muster_browser.d.ts` describe every option and every field.
"#;

#[cfg(test)]
mod tests {
    use super::{README, manifest};

    #[test]
    fn the_manifest_names_only_what_is_generated() {
        let manifest = manifest();
        assert!(manifest.contains(concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\"")));
        assert!(README.contains("muster_browser_bg.wasm"));
        for name in manifest
            .split('"')
            .filter(|text| text.contains("muster_browser"))
        {
            let suffix = name
                .trim_start_matches("./")
                .trim_start_matches("muster_browser");
            assert!(
                [".js", ".d.ts", "_bg.wasm", "_bg.wasm.d.ts"].contains(&suffix),
                "{name}"
            );
        }
    }
}
