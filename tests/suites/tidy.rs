//! What reviewers would otherwise have to watch for.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use muster_tests::surface::Surface;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Compares a document with what the sources say; `MUSTER_BLESS=1` rewrites it.
#[track_caller]
fn pinned(document: &str, now: &str) -> Result<()> {
    let path = root().join("docs").join(document);
    if std::env::var_os("MUSTER_BLESS").is_some() {
        fs::write(&path, now)?;
    }
    let before = fs::read_to_string(&path).unwrap_or_default();
    if before != now {
        let differs = before.lines().zip(now.lines()).find(|(a, b)| a != b);
        panic!(
            "docs/{document} is not what the sources say: {differs:?}\n\
             If the change is wanted, run `MUSTER_BLESS=1 cargo test -p muster-tests --test tidy`."
        );
    }
    Ok(())
}

#[test]
fn the_public_surface_of_the_core_is_listed() -> Result<()> {
    let surface = Surface::read(&root().join("core/src"))?;
    pinned("public-items.md", &surface.items())?;
    pinned("json.md", &surface.json_fields())
}

/// All files below a folder, without what is built or fetched.
fn files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if ["target", "node_modules", "dist", ".git"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            files(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn texts() -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    files(&root(), &mut found)?;
    let texts = found
        .into_iter()
        .filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text)));
    Ok(texts.collect())
}

#[test]
fn rust_sources_are_ascii() -> Result<()> {
    for (path, text) in texts()? {
        if path.extension().is_some_and(|e| e == "rs") {
            let line = text.lines().position(|line| !line.is_ascii());
            assert_eq!(
                line,
                None,
                "{} has a line that is not ASCII",
                path.display()
            );
        }
    }
    Ok(())
}

#[test]
fn no_file_names_a_place_of_one_machine() -> Result<()> {
    // Put together here, so that this file does not find itself.
    let places = ["/work", "/farm", "/root"].map(|place| format!("{place}/"));
    let lock = "resolved\": \"http";
    for (path, text) in texts()? {
        let fixture = path.components().any(|part| part.as_os_str() == "fixtures");
        for place in places.iter().filter(|_| !fixture) {
            let found = text.lines().find(|line| {
                line.match_indices(place.as_str()).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-/}".contains(c))
                })
            });
            assert_eq!(found, None, "{} names {place}", path.display());
        }
        if path.ends_with("package-lock.json") {
            assert!(
                !text.contains(lock),
                "{} names download addresses",
                path.display()
            );
        }
    }
    Ok(())
}
