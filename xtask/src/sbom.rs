//! The bill of materials of what is released: a `CycloneDX` document out of what cargo and the
//! page's lock file say. The same sources give the same bytes: there is no date and no serial
//! number in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::command::Cmd;
use crate::workspace::{VERSION, Workspace};

/// The packages whose builds are released.
const ROOTS: [&str; 4] = [
    "muster",
    "muster-browser",
    "muster-component",
    "claude-code-decoder",
];

/// What the page is called in the bill.
const PAGE: &str = "muster-page";

/// The bill for builds whose native part is for `host`.
pub(crate) fn write(workspace: &Workspace, host: &str) -> Result<String> {
    let metadata = Cmd::cargo("metadata")
        .args(["--format-version", "1", "--locked"])
        .args(["--features", "muster/guests", "--filter-platform", host])
        .dir(&workspace.root)
        .output()?;
    let metadata =
        serde_json::from_str(&metadata).context("what cargo metadata says is no JSON")?;
    let read = |name: &str| {
        let path = workspace.path(name);
        fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let npm = read("web/package-lock.json")?;
    let npm = serde_json::from_str(&npm).context("web/package-lock.json is no JSON")?;
    let bill = bill(&metadata, &read("Cargo.lock")?, &npm)?;
    Ok(serde_json::to_string_pretty(&bill)? + "\n")
}

fn bill(metadata: &Value, cargo_lock: &str, npm: &Value) -> Result<Value> {
    let release = format!("muster-release@{VERSION}");
    let mut parts = Parts::default();
    parts.add_crates(metadata, &checksums(cargo_lock))?;
    parts.add_npm(npm)?;
    let roots = ROOTS.map(|root| format!("{root}@{VERSION}"));
    parts.needs.insert(release.clone(), roots.into());
    let dependencies: Vec<Value> = parts
        .needs
        .iter()
        .map(|(part, needs)| json!({"ref": part, "dependsOn": needs}))
        .collect();
    let components: Vec<&Value> = parts.components.values().collect();
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": release,
                "name": "muster-release",
                "version": VERSION,
            },
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

/// The parts by their reference, and what each needs.
#[derive(Default)]
struct Parts {
    components: BTreeMap<String, Value>,
    needs: BTreeMap<String, BTreeSet<String>>,
}

impl Parts {
    /// The packages that end up in what is released: those that are needed at run time, without
    /// macros, which are there while compiling only.
    fn add_crates(
        &mut self,
        metadata: &Value,
        checksums: &BTreeMap<(&str, &str), &str>,
    ) -> Result<()> {
        let packages: BTreeMap<&str, &Value> = list(&metadata["packages"])
            .filter_map(|package| Some((package["id"].as_str()?, package)))
            .collect();
        let nodes: BTreeMap<&str, &Value> = list(&metadata["resolve"]["nodes"])
            .filter_map(|node| Some((node["id"].as_str()?, node)))
            .collect();
        let mut open: Vec<&str> = packages
            .iter()
            .filter(|(_, package)| {
                let is_root = ROOTS.iter().any(|root| package["name"] == **root);
                is_root && package["source"].is_null()
            })
            .map(|(id, _)| *id)
            .collect();
        anyhow::ensure!(
            open.len() == ROOTS.len(),
            "not all of {ROOTS:?} are packages"
        );
        let mut seen: BTreeSet<&str> = open.iter().copied().collect();
        while let Some(id) = open.pop() {
            let package = packages.get(id).context("a package without metadata")?;
            let needed: Vec<&str> = nodes
                .get(id)
                .map(|node| run_time_needs(node))
                .unwrap_or_default()
                .into_iter()
                .filter(|id| packages.get(id).is_some_and(|package| !is_macro(package)))
                .collect();
            let needs = needed.iter().filter_map(|id| packages.get(id));
            let needs: BTreeSet<String> = needs.map(|package| crate_ref(package)).collect();
            let of_crate = crate_ref(package);
            self.components
                .insert(of_crate.clone(), crate_component(package, checksums));
            self.needs.insert(of_crate, needs);
            open.extend(needed.into_iter().filter(|id| seen.insert(id)));
        }
        Ok(())
    }

    /// The packages that are bundled into the page.
    fn add_npm(&mut self, lock: &Value) -> Result<()> {
        let packages = lock["packages"]
            .as_object()
            .context("web/package-lock.json lists no packages")?;
        let in_use = |package: &Value| package["dev"] != true && package["devOptional"] != true;
        let named = |path: &str| {
            path.rsplit_once("node_modules/")
                .map(|(_, name)| name.to_owned())
        };
        let refs: BTreeMap<String, String> = packages
            .iter()
            .filter(|(_, package)| in_use(package))
            .filter_map(|(path, package)| {
                let name = named(path)?;
                let of_package = npm_ref(&name, package["version"].as_str()?);
                Some((name, of_package))
            })
            .collect();
        let needs = |package: &Value| -> BTreeSet<String> {
            let wanted = package["dependencies"].as_object().into_iter().flatten();
            wanted
                .filter_map(|(name, _)| refs.get(name).cloned())
                .collect()
        };
        for (path, package) in packages.iter().filter(|(_, package)| in_use(package)) {
            let version = package["version"].as_str().unwrap_or(VERSION);
            let (of_package, component) = if let Some(name) = named(path) {
                let of_package = npm_ref(&name, version);
                let mut component = component("library", &of_package, &name, version, package);
                component["purl"] = json!(of_package);
                if let Some(hash) = package["integrity"].as_str().and_then(sha512_hex) {
                    component["hashes"] = json!([{"alg": "SHA-512", "content": hash}]);
                }
                (of_package, component)
            } else {
                let page = format!("{PAGE}@{VERSION}");
                let component = component("application", &page, PAGE, VERSION, package);
                (page, component)
            };
            self.needs.insert(of_package.clone(), needs(package));
            self.components.insert(of_package, component);
        }
        // The page is in the binary.
        let page = format!("{PAGE}@{VERSION}");
        self.needs
            .entry(format!("muster@{VERSION}"))
            .or_default()
            .insert(page);
        Ok(())
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The ids of what a package needs when it runs.
fn run_time_needs(node: &Value) -> Vec<&str> {
    list(&node["deps"])
        .filter(|dep| list(&dep["dep_kinds"]).any(|kind| kind["kind"].is_null()))
        .filter_map(|dep| dep["pkg"].as_str())
        .collect()
}

fn is_macro(package: &Value) -> bool {
    list(&package["targets"]).any(|target| list(&target["kind"]).any(|kind| kind == "proc-macro"))
}

fn crate_ref(package: &Value) -> String {
    let text = |name: &str| package[name].as_str().unwrap_or_default();
    if package["source"].is_null() {
        format!("{}@{}", text("name"), text("version"))
    } else {
        format!("pkg:cargo/{}@{}", text("name"), text("version"))
    }
}

fn crate_component(package: &Value, checksums: &BTreeMap<(&str, &str), &str>) -> Value {
    let text = |name: &str| package[name].as_str().unwrap_or_default();
    let of_crate = crate_ref(package);
    let kind = if text("name") == "muster" {
        "application"
    } else {
        "library"
    };
    let mut component = component(kind, &of_crate, text("name"), text("version"), package);
    if !package["source"].is_null() {
        component["purl"] = json!(of_crate);
    }
    if let Some(checksum) = checksums.get(&(text("name"), text("version"))) {
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    component
}

fn component(kind: &str, reference: &str, name: &str, version: &str, package: &Value) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": reference,
        "name": name,
        "version": version,
    });
    if let Some(license) = package["license"].as_str() {
        // Old manifests separate alternatives by a slash.
        let expression = license.replace(" / ", " OR ").replace('/', " OR ");
        component["licenses"] = json!([{"expression": expression}]);
    }
    component
}

fn npm_ref(name: &str, version: &str) -> String {
    format!("pkg:npm/{}@{version}", name.replace('@', "%40"))
}

/// The checksums of Cargo.lock by name and version.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), &str> {
    lock.split("[[package]]")
        .filter_map(|package| {
            let field = |name: &str| {
                let line = package.lines().find_map(|line| line.strip_prefix(name))?;
                line.strip_prefix(" = \"")?.strip_suffix('"')
            };
            Some(((field("name")?, field("version")?), field("checksum")?))
        })
        .collect()
}

/// The hash of an integrity field of npm, `sha512-` and base64, in hexadecimal digits.
fn sha512_hex(integrity: &str) -> Option<String> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let base64 = integrity.strip_prefix("sha512-")?.trim_end_matches('=');
    let (mut bits, mut held, mut hex) = (0_u32, 0_u32, String::new());
    for digit in base64.bytes() {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        held += 6;
        while held >= 4 {
            held -= 4;
            hex.push(char::from_digit(bits >> held & 15, 16)?);
        }
        bits &= (1 << held) - 1;
    }
    // What is left of the last digit is padding.
    hex.truncate(128);
    (hex.len() == 128).then_some(hex)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::{ROOTS, bill, checksums, sha512_hex, write};
    use crate::toolchain::Compiler;
    use crate::workspace::Workspace;

    fn strings(list: &Value, field: &str) -> Vec<String> {
        let items = list.as_array().expect("a list").iter();
        items
            .map(|item| item[field].as_str().expect("a text").to_owned())
            .collect()
    }

    #[test]
    fn the_bill_lists_what_is_shipped_and_nothing_else() {
        let package = |name: &str, source: Value, kind: &str| {
            json!({"id": name, "name": name, "version": "1.0.0", "source": source,
                   "license": "MIT/Apache-2.0", "targets": [{"kind": [kind]}]})
        };
        let registry = || json!("registry+https://example.org");
        let mut packages: Vec<Value> = ROOTS
            .iter()
            .map(|root| package(root, Value::Null, "lib"))
            .collect();
        packages.extend(["memchr", "criterion", "serde"].map(|n| package(n, registry(), "lib")));
        packages.push(package("derive", registry(), "proc-macro"));
        let needs = |name: &str, kind: Value| json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let nodes = json!([
            {"id": "muster", "deps": [
                needs("memchr", Value::Null), needs("criterion", json!("dev")),
                needs("derive", Value::Null)]},
            {"id": "derive", "deps": [needs("serde", Value::Null)]},
        ]);
        let metadata = json!({"packages": packages, "resolve": {"nodes": nodes}});
        let lock = "[[package]]\nname = \"memchr\"\nversion = \"1.0.0\"\nchecksum = \"c0ffee\"\n";
        let npm = json!({"packages": {
            "": {"license": "Apache-2.0", "dependencies": {"@a/b": "1"}},
            "node_modules/@a/b": {"version": "2.0.0"},
            "node_modules/vite": {"version": "8.0.0", "dev": true},
        }});
        let bill = bill(&metadata, lock, &npm).expect("a bill");
        let mut parts = strings(&bill["components"], "bom-ref");
        parts.retain(|part| part.starts_with("pkg:"));
        assert_eq!(parts, ["pkg:cargo/memchr@1.0.0", "pkg:npm/%40a/b@2.0.0"]);
        let components = bill["components"].as_array().expect("a list");
        let memchr = components.iter().find(|part| part["name"] == "memchr");
        let memchr = memchr.expect("memchr is shipped");
        assert_eq!(memchr["hashes"][0]["content"], "c0ffee");
        assert_eq!(memchr["licenses"][0]["expression"], "MIT OR Apache-2.0");
    }

    /// Over this repository: every reference leads somewhere, every foreign part has a place, a
    /// version, a licence and a hash, and a second bill is the same.
    #[test]
    fn the_bill_of_this_repository_is_whole() {
        let workspace = Workspace::locate().expect("a workspace");
        let host = Compiler::of_cargo().expect("a compiler").host;
        let text = write(&workspace, &host).expect("a bill");
        let bill: Value = serde_json::from_str(&text).expect("JSON");
        let parts = strings(&bill["components"], "bom-ref");
        let mut parts: BTreeSet<String> = parts.into_iter().collect();
        let listed = bill["components"].as_array().expect("a list");
        assert_eq!(parts.len(), listed.len());
        parts.insert(format!("muster-release@{}", super::VERSION));
        for part in listed.iter().filter(|part| part.get("purl").is_some()) {
            for field in ["version", "licenses", "hashes"] {
                assert!(part.get(field).is_some(), "{field}: {part}");
            }
        }
        let names: BTreeSet<String> = strings(&bill["components"], "name").into_iter().collect();
        for name in [
            "muster",
            "wasmtime",
            "serde_json",
            "preact",
            "uplot",
            "redis",
        ] {
            assert!(names.contains(name), "{name}");
        }
        for name in ["proptest", "vite", "serde_derive", "wit-component"] {
            assert!(!names.contains(name), "{name}");
        }
        for dependency in bill["dependencies"].as_array().expect("a list") {
            let from = dependency["ref"].as_str().expect("a text");
            assert!(parts.contains(from), "{from}");
            for to in dependency["dependsOn"].as_array().expect("a list") {
                assert!(parts.contains(to.as_str().expect("a text")), "{to}");
            }
        }
        assert_eq!(write(&workspace, &host).expect("a bill"), text);
    }

    #[test]
    fn hashes_are_read() {
        let integrity = format!("sha512-{}==", "/".repeat(85) + "w");
        assert_eq!(sha512_hex(&integrity), Some("f".repeat(128)));
        assert_eq!(sha512_hex("sha1-abc="), None);
        let lock = "[[package]]\nname = \"a\"\nversion = \"1\"\n\n[[package]]\nname = \"b\"\nversion = \"2\"\nchecksum = \"33\"\n";
        let read = checksums(lock);
        assert_eq!(read.len(), 1);
        assert_eq!(read.get(&("b", "2")), Some(&"33"));
    }
}
