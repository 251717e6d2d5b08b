//! Decoders of other systems' logs through the binary: the one that is shipped,
//! and guests that do harm.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use muster_tests::binary::in_home;
use muster_tests::{artefacts, plugin};
use serde_json::{Value, json};

fn transcripts() -> PathBuf {
    artefacts::tests("fixtures/claude-code")
}

/// The decoder that is shipped, as a file of the user.
fn shipped(user: &Path) -> PathBuf {
    let path = user.join("claude-code.decoder.wasm");
    fs::write(&path, artefacts::claude_code_decoder().unwrap()).unwrap();
    path
}

fn show(user: &Path, decoder: &Path, logs: &Path) -> Output {
    in_home(user)
        // Compiling takes seconds in a build for development: once is enough.
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .args(["telemetry", "show", "--all", "--json", "--decoder"])
        .args([decoder, logs])
        .output()
        .unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn transcripts_are_reported_as_usage() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let output = show(user, &shipped(user), &transcripts());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = document(&output);
    let totals = &report["totals"];
    // By hand: 0.048612 + 0.001325 + 0.04507 + 0.005412.
    assert_eq!(totals["calls"], 4);
    assert_eq!(totals["cost_usd"], json!(0.100_419));
    assert_eq!(totals["tokens_in"], 912);
    assert_eq!(totals["tokens_out"], 897);
    assert_eq!(report["by_workflow"]["kiln"]["calls"], 4);
    assert_eq!(report["by_tier"]["PREMIUM"]["cost_usd"], json!(0.04507));
    // A resumed session repeats what was: it is not counted again. A model without
    // a price and a torn line are skipped and told.
    assert_eq!(report["skipped"]["lines"], 2);
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("llama-4 has no price, so 1 calls"),
        "{notes}"
    );
    assert!(
        notes.contains("b6c1aa42-resumed.jsonl: line 5: "),
        "{notes}"
    );
    // Compiled once: the second start finds it.
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("muster/guests");
    assert!(cache.is_dir());
    let again = show(user, &shipped(user), &transcripts());
    assert_eq!(again.stdout, output.stdout);
}

#[test]
fn prices_of_the_user_stand_above_the_decoders() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let settings = "[prices.llama-4]\ninput = 1\noutput = 1\n[prices.claude-haiku-4-5]\ninput = 0\noutput = 0\n";
    fs::write(user.join("muster.toml"), settings).unwrap();
    let report = document(&show(user, &shipped(user), &transcripts()));
    assert_eq!(report["by_model"]["llama-4"]["cost_usd"], json!(0.000_064));
    let haiku = &report["by_model"]["claude-haiku-4-5-20251001"];
    assert_eq!(haiku["cost_usd"], json!(0));
}

/// A decoder that does what the first letter of a line says.
fn hostile(record: &str) -> Vec<u8> {
    let length = record.len();
    let record = record.replace('"', "\\22").replace('\n', "\\0a");
    let module = format!(
        r#"(module
        (memory (export "memory") 2)
        (table $table 1 funcref)
        (data (i32.const 65536) "{record}")
        (data (i32.const 1024) "usage\ff\fe")
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096)
        (func (export "muster:plugin/decode@0.1.0#about") (result i32)
            (i32.store (i32.const 16) (i32.const 1024)) (i32.store (i32.const 20) (i32.const 5))
            (i32.store (i32.const 24) (i32.const 1024)) (i32.store (i32.const 28) (i32.const 5))
            (i32.store (i32.const 32) (i32.const 1024)) (i32.store (i32.const 36) (i32.const 5))
            (i32.store (i32.const 40) (i32.const 0)) (i32.store (i32.const 44) (i32.const 0))
            i32.const 16)
        (func (export "muster:plugin/decode@0.1.0#start") (param i32 i32))
        (func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))
        (func $answer (param i32 i32) (result i32)
            (i32.store8 (i32.const 128) (i32.const 0))
            (i32.store (i32.const 132) (local.get 0))
            (i32.store (i32.const 136) (local.get 1))
            i32.const 128)
        (func (export "muster:plugin/decode@0.1.0#line") (param i32 i32) (result i32)
            (local $what i32)
            (local.set $what (i32.load8_u (local.get 0)))
            (if (i32.eq (local.get $what) (i32.const 108)) (then (loop $on (br $on))))
            (if (i32.eq (local.get $what) (i32.const 109))
                (then (loop $on (drop (memory.grow (i32.const 256))) (br $on))))
            (if (i32.eq (local.get $what) (i32.const 98))
                (then (loop $on (drop (table.grow $table (ref.null func) (i32.const 1000))) (br $on))))
            (if (i32.eq (local.get $what) (i32.const 114)) (then (drop (call $deep (i32.const 0)))))
            (if (i32.eq (local.get $what) (i32.const 116)) (then unreachable))
            (if (i32.eq (local.get $what) (i32.const 104)) (then
                (drop (memory.grow (i32.const 128)))
                (return (call $answer (i32.const 65536) (i32.const 8000000)))))
            (if (i32.eq (local.get $what) (i32.const 111))
                (then (return (call $answer (i32.const 16) (i32.const 0x7fffffff)))))
            (if (i32.eq (local.get $what) (i32.const 117))
                (then (return (call $answer (i32.const 1029) (i32.const 2)))))
            (call $answer (i32.const 65536) (i32.const {length})))
        (func (export "muster:plugin/decode@0.1.0#finish") (result i32)
            (call $answer (i32.const 0) (i32.const 0)))
        )"#
    );
    plugin::component(&module, "decoder").unwrap()
}

const RECORD: &str = "{\"ts\":\"2026-11-19T08:00:00Z\",\"cost\":0.5,\"workflow\":\"w\"}\n";

#[test]
fn a_decoder_that_does_harm_costs_the_line_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let (decoder, log) = (user.join("hostile.wasm"), user.join("log.jsonl"));
    fs::write(&decoder, hostile(RECORD)).unwrap();
    let lines =
        "good\nloop\ngood\nmemory\nbig table\nrecursion\ntrap\nhuge\nout of bounds\nutf-8\ngood\n";
    fs::write(&log, lines).unwrap();
    let start = Instant::now();
    let output = show(user, &decoder, &log);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = document(&output);
    assert_eq!(report["totals"]["calls"], 3);
    assert_eq!(report["skipped"]["by_reason"]["decoder_broke"], 8);
    let notes = report["notes"].to_string();
    for told in [
        "more than 1000 ms",
        "line 2: ",
        "268435456 bytes",
        "10000 entries",
        "stack",
    ] {
        assert!(notes.contains(told), "{told}: {notes}");
    }
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_decoder_that_breaks_at_every_line_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let (decoder, log) = (user.join("hostile.wasm"), user.join("log.jsonl"));
    fs::write(&decoder, hostile(RECORD)).unwrap();
    fs::write(&log, "trap\n".repeat(500) + "good\n").unwrap();
    let other = user.join("other.jsonl");
    fs::write(&other, "good\n").unwrap();
    let output = in_home(user)
        .args(["telemetry", "show", "--all", "--json", "--decoder"])
        .args([&decoder, &log, &other])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = document(&output);
    assert_eq!(report["totals"]["calls"], 1);
    assert_eq!(report["skipped"]["lines"], 501);
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("broke 10 times; the file is given up at line 10"),
        "{notes}"
    );
}

#[test]
fn records_that_are_none_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let (decoder, log) = (user.join("odd.wasm"), user.join("log.jsonl"));
    fs::write(&decoder, hostile("{\"ts\":\"yesterday\",\"cost\":1}\n")).unwrap();
    fs::write(&log, "good\n").unwrap();
    let output = show(user, &decoder, &log);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let error = document(&output)["error"].to_string();
    assert!(error.contains("line 1: bad_value: ts"), "{error}");
}

#[test]
fn what_is_no_decoder_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let log = user.join("log.jsonl");
    fs::write(&log, "x\n").unwrap();
    let importing = "(component (import \"wasi:random/random@0.2.0\" (instance)))";
    let whole = artefacts::claude_code_decoder().unwrap();
    let empty = "(component)";
    for (name, bytes, told) in [
        (
            "text.wasm",
            b"not wasm at all".to_vec(),
            "not a WebAssembly component",
        ),
        ("empty.wasm", Vec::new(), "not a WebAssembly component"),
        (
            "cut.wasm",
            whole[..whole.len() / 2].to_vec(),
            "not a WebAssembly component",
        ),
        (
            "module.wasm",
            wat::parse_str("(module)").unwrap(),
            "not a WebAssembly component",
        ),
        (
            "imports.wasm",
            wat::parse_str(importing).unwrap(),
            "wasi:random/random@0.2.0",
        ),
        (
            "world.wasm",
            wat::parse_str(empty).unwrap(),
            "another world",
        ),
        (
            "core.wasm",
            artefacts::component().unwrap(),
            "another world",
        ),
    ] {
        let path = user.join(name);
        fs::write(&path, bytes).unwrap();
        let output = show(user, &path, &log);
        assert_eq!(output.status.code(), Some(4), "{name}: {output:?}");
        let message = document(&output)["error"]["message"].to_string();
        assert!(
            message.contains(told) && message.contains(name),
            "{message}"
        );
        // One sentence; what the engine says beside it is for who looks for a defect.
        assert!(!message.contains("\\n"), "{message}");
        assert!(message.len() < 200, "{message}");
        if name == "core.wasm" {
            // Compiling it takes long in a build for development.
            continue;
        }
        let told = in_home(user)
            .args(["-v", "telemetry", "show", "--decoder"])
            .args([&path, &log])
            .output()
            .unwrap();
        let told = String::from_utf8(told.stderr).unwrap();
        assert!(told.contains(name) && told.len() > message.len(), "{told}");
    }
    let absent = show(user, &user.join("absent.wasm"), &log);
    assert_eq!(absent.status.code(), Some(3));
    let no_logs = in_home(user)
        .args(["telemetry", "show", "--decoder"])
        .arg(shipped(user))
        .output()
        .unwrap();
    assert_eq!(no_logs.status.code(), Some(2));
    let missing = show(user, &shipped(user), &user.join("absent"));
    assert_eq!(missing.status.code(), Some(3), "{missing:?}");
}
