//! Makes the wasm32 toolchain out of Debian's packages, in an empty cache, and compiles with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Starts `cargo xtask toolchain` with a cache of its own, and returns the compiler it prints.
fn obtain(cache: &Path) -> PathBuf {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("toolchain")
        .env("MUSTER_WASM_TOOLCHAIN", "debian")
        .env("XDG_CACHE_HOME", cache)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("xtask starts");
    assert!(output.status.success(), "{}", output.status);
    PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim())
}

/// Compiles a small program that allocates and may panic: it
/// needs core, alloc and std of the target, and the linker.
fn compile(rustc: &Path, folder: &Path, options: &[&str]) -> Vec<u8> {
    let source = folder.join("probe.rs");
    let module = folder.join("probe.wasm");
    fs::write(
        &source,
        "#[unsafe(no_mangle)]\npub extern \"C\" fn probe(n: usize) -> usize {\n    \
         let text: Vec<String> = (0..n).map(|i| i.to_string()).collect();\n    \
         text.concat().len()\n}\n",
    )
    .expect("the source is written");
    let status = Command::new(rustc)
        .args([
            "--edition=2024",
            "--target=wasm32-unknown-unknown",
            "--crate-type=cdylib",
        ])
        .args(options)
        .arg("-o")
        .args([&module, &source])
        .status()
        .expect("the compiler starts");
    assert!(status.success(), "{options:?}: {status}");
    fs::read(module).expect("a module")
}

#[test]
#[ignore = "downloads 150 MB and compiles for a minute: CI asks for it"]
fn an_empty_cache_gets_a_compiler_that_works_and_stays() {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let cache = temporary.path().join("cache");
    let rustc = obtain(&cache);
    assert!(rustc.starts_with(&cache), "{}", rustc.display());

    for options in [
        &["-O"][..],
        &["-Copt-level=3", "-Clto=fat", "-Cpanic=abort"],
    ] {
        let module = compile(&rustc, temporary.path(), options);
        assert!(module.starts_with(b"\0asm\x01\0\0\0"), "{options:?}");
    }

    let clippy = rustc.with_file_name("cargo-clippy");
    let version = Command::new(clippy)
        .args(["clippy", "--version"])
        .output()
        .expect("it starts");
    assert!(
        String::from_utf8_lossy(&version.stdout).starts_with("clippy "),
        "{version:?}"
    );

    let start = Instant::now();
    assert_eq!(obtain(&cache), rustc);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "the second time it is only found"
    );
    let names: Vec<_> = fs::read_dir(cache.join("muster/toolchain"))
        .expect("the cache")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().ends_with(".partial")),
        "nothing half-made stays: {names:?}"
    );
}
