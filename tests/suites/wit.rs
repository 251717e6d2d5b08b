//! The released interfaces: what a host was made for is there in every later version.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use muster_sandbox::WIT_VERSION;
use muster_tests::artefacts;
use wit_parser::{Handle, Resolve, Type, TypeDefKind, WorldId, WorldItem};

/// The interface of the core as it is now.
fn present() -> PathBuf {
    artefacts::tests("../host-wasm/wit")
}

/// The copies of released versions: `core-VERSION`.
fn released() -> Result<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> = fs::read_dir(present().join("released"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    folders.sort();
    ensure!(!folders.is_empty(), "no released version");
    Ok(folders)
}

/// The WIT files of a folder by name.
fn texts(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wit") {
            let name = path.file_name().context("a name")?.to_string_lossy();
            texts.insert(name.into_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(texts)
}

/// Types of functions written out, by interface without its version, and by name.
type Functions = BTreeMap<(String, String), String>;

/// The version of an interface and its functions.
fn functions(folder: &Path) -> Result<(String, Functions)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(folder)?;
    let version = resolve.packages[package]
        .name
        .version
        .as_ref()
        .context("no version")?;
    let version = version.to_string();
    let world = resolve.select_world(&[package], Some("core"))?;
    let functions = of_world(&resolve, world)?;
    Ok((version, functions))
}

fn of_world(resolve: &Resolve, world: WorldId) -> Result<Functions> {
    let mut functions = BTreeMap::new();
    let world = &resolve.worlds[world];
    ensure!(world.imports.is_empty(), "the world imports something");
    for item in world.exports.values() {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        let interface = &resolve.interfaces[*id];
        let name = interface.name.clone().context("an interface has a name")?;
        for function in interface.functions.values() {
            let params: Vec<String> = function
                .params
                .iter()
                .map(|param| format!("{}: {}", param.name, shape(resolve, &param.ty)))
                .collect();
            let result = function.result.as_ref().map(|ty| shape(resolve, ty));
            let shape = format!("({}) -> {}", params.join(", "), result.unwrap_or_default());
            functions.insert((name.clone(), function.name.clone()), shape);
        }
    }
    Ok(functions)
}

/// A type written out to its ends: two are the same type if this is the same text.
fn shape(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else {
        return format!("{ty:?}").to_lowercase();
    };
    let def = &resolve.types[*id];
    let inner = |ty: &Type| shape(resolve, ty);
    let or_none = |ty: &Option<Type>| ty.as_ref().map_or("_".to_owned(), inner);
    let list = |shapes: Vec<String>| shapes.join(", ");
    match &def.kind {
        TypeDefKind::Type(ty) => inner(ty),
        TypeDefKind::Option(ty) => format!("option<{}>", inner(ty)),
        TypeDefKind::List(ty) => format!("list<{}>", inner(ty)),
        TypeDefKind::Result(result) => {
            format!("result<{}, {}>", or_none(&result.ok), or_none(&result.err))
        }
        TypeDefKind::Tuple(tuple) => {
            format!("tuple<{}>", list(tuple.types.iter().map(inner).collect()))
        }
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            let fields = fields.map(|field| format!("{}: {}", field.name, inner(&field.ty)));
            format!("record {{{}}}", list(fields.collect()))
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            let cases = cases.map(|case| format!("{}({})", case.name, or_none(&case.ty)));
            format!("variant {{{}}}", list(cases.collect()))
        }
        TypeDefKind::Enum(of) => {
            let cases = of.cases.iter().map(|case| case.name.clone());
            format!("enum {{{}}}", list(cases.collect()))
        }
        TypeDefKind::Flags(flags) => {
            let flags = flags.flags.iter().map(|flag| flag.name.clone());
            format!("flags {{{}}}", list(flags.collect()))
        }
        TypeDefKind::Handle(Handle::Own(id)) => format!("own<{}>", inner(&Type::Id(*id))),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", inner(&Type::Id(*id))),
        TypeDefKind::Resource => format!("resource {:?}", def.name),
        other => format!("{other:?}"),
    }
}

/// Versions that a host takes for each other: `0.1` of `0.1.3`.
fn line(version: &str) -> Option<(&str, &str)> {
    let (line, patch) = version.rsplit_once('.')?;
    line.split_once('.').filter(|_| !patch.is_empty())
}

/// What a version has, later ones of the same line have too, and just so.
#[test]
fn a_host_made_for_a_release_finds_all_that_it_was_made_for() -> Result<()> {
    let (version, now) = functions(&present())?;
    assert_eq!(version, WIT_VERSION);
    for folder in released()? {
        let (released, functions) = functions(&folder)?;
        assert!(
            folder.ends_with(format!("core-{released}")),
            "{}",
            folder.display()
        );
        if line(&released) != line(&version) {
            continue;
        }
        assert!(functions.len() > 30, "{}", functions.len());
        for (name, shape) in functions {
            assert_eq!(
                now.get(&name),
                Some(&shape),
                "{name:?} of {released} is another one in {version}: that breaks hosts, \
                 and takes a new interface beside the old one"
            );
        }
    }
    Ok(())
}

/// The copy of the present version is what is here. Before that version is released,
/// `MUSTER_BLESS=1` brings it up to date; afterwards a change needs a new version.
#[test]
fn the_present_version_has_its_copy() -> Result<()> {
    let copy = present().join(format!("released/core-{WIT_VERSION}"));
    let changes = fs::read_to_string(artefacts::tests("../CHANGELOG.md"))?;
    let is_open = changes.contains(&format!("## {WIT_VERSION} (unreleased)"));
    let files = texts(&present())?;
    if std::env::var_os("MUSTER_BLESS").is_some() && is_open {
        fs::create_dir_all(&copy)?;
        for (name, text) in &files {
            fs::write(copy.join(name), text)?;
        }
    }
    let copied = texts(&copy).unwrap_or_default();
    let remedy = if is_open {
        "run `MUSTER_BLESS=1 cargo test -p muster-tests --test wit`"
    } else {
        "a released interface does not change: give it a new version, and a copy of that"
    };
    assert!(files == copied, "{} differs: {remedy}", copy.display());
    Ok(())
}
