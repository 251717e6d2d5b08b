//! The component imports nothing, is small, and cannot harm its host; neither can
//! a hostile one.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test suite")]

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use muster_sandbox::{
    FileTestFilter, GuestError, Ingest, Limits, ReadOptions, ReportParams, Sandbox, SandboxError,
    Window,
};
use muster_tests::{artefacts, bad_input};
use wasmparser::{Parser, Payload};

const OPTIONS: ReadOptions = ReadOptions {
    window: ALL,
    against: None,
    recent: 20,
    naive_offset_minutes: 0,
};
const ALL: Window = Window {
    from: None,
    to: None,
};
const MEMORY: usize = 32 << 20;

/// Our own component with little memory.
static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let limits = Limits {
        memory_bytes: MEMORY,
        ..Limits::default()
    };
    Sandbox::new(&artefacts::component().unwrap(), limits).unwrap()
});

fn guest() -> Ingest {
    SANDBOX.ingest(OPTIONS).unwrap()
}

fn params() -> ReportParams {
    ReportParams {
        baseline_model: None,
        workflow: None,
        top: None,
        files: FileTestFilter {
            file: None,
            failed: false,
            stale: false,
            limit: None,
        },
    }
}

/// Imports of the component itself, not those of the modules in it, which are
/// supplied inside.
#[test]
fn the_component_imports_nothing() {
    let component = artefacts::component().unwrap();
    let (mut depth, mut imports, mut exports) = (0, 0, Vec::new());
    for payload in Parser::new(0).parse_all(&component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => imports += section.count(),
            Payload::ComponentExportSection(section) if depth == 0 => {
                exports.extend(section.into_iter().map(|e| e.unwrap().name.name.to_owned()));
            }
            _ => {}
        }
    }
    assert_eq!(imports, 0);
    exports.sort();
    assert_eq!(
        exports,
        [
            "muster:core/approval@0.1.0",
            "muster:core/bridge@0.1.0",
            "muster:core/confidence@0.1.0",
            "muster:core/diagnosis@0.1.0",
            "muster:core/liveness@0.1.0",
            "muster:core/mailbox@0.1.0",
            "muster:core/types@0.1.0",
            "muster:core/usage@0.1.0",
        ]
    );
}

#[test]
fn text_may_be_cut_between_any_two_characters() {
    let line = bad_input::GOOD.replace("code-review", "\u{e4}\u{20ac}\u{1f680}") + "\r\n";
    let read = |chunks: &mut dyn Iterator<Item = &str>| {
        let mut guest = guest();
        guest.open("usage.jsonl").unwrap();
        for chunk in chunks {
            guest.push(chunk).unwrap();
        }
        guest.close().unwrap();
        guest.report().unwrap()
    };
    let whole = read(&mut std::iter::once(line.as_str()));
    assert_eq!(whole.by_workflow[0].0, "\u{e4}\u{20ac}\u{1f680}");
    let mut characters = line
        .char_indices()
        .map(|(at, c)| &line[at..at + c.len_utf8()]);
    assert_eq!(read(&mut characters), whole);
}

#[test]
fn wrong_use_is_a_typed_error_and_the_guest_goes_on() {
    let mut guest = guest();
    let error = |error| Err(SandboxError::Guest(error));
    assert_eq!(guest.push("x"), error(GuestError::NoFile));
    assert_eq!(guest.close(), error(GuestError::NoFile));
    assert_eq!(
        guest.open("notes.txt").unwrap_err(),
        SandboxError::Guest(GuestError::UnknownLog("notes.txt".into()))
    );
    assert_eq!(guest.open("a/usage.jsonl").unwrap(), "usage");
    assert_eq!(
        guest.open("costs.jsonl").unwrap_err(),
        SandboxError::Guest(GuestError::FileOpen("a/usage.jsonl".into()))
    );
    guest.push_bytes(bad_input::GOOD.as_bytes()).unwrap();
    guest.close().unwrap();
    guest
        .note_unreadable("usage.2026-11-20.jsonl", "no permission")
        .unwrap();
    assert_eq!(
        guest.report_json("nothing", &params()).unwrap_err(),
        SandboxError::Guest(GuestError::UnknownReport("nothing".into()))
    );
    assert_eq!(
        guest.report_json("compare", &params()).unwrap_err(),
        SandboxError::Guest(GuestError::NothingToCompare)
    );
    let report = guest.report().unwrap();
    assert_eq!((report.totals.calls, report.totals.cost), (1, 56_100_000));
    let states: Vec<&str> = report
        .provenance
        .sources
        .iter()
        .map(|s| &*s.state)
        .collect();
    assert_eq!(states, ["read", "unreadable"]);

    let out_of_range = ReadOptions {
        window: Window {
            from: Some(i64::MAX),
            to: None,
        },
        ..OPTIONS
    };
    assert_eq!(
        SANDBOX.ingest(out_of_range).err(),
        Some(SandboxError::Guest(GuestError::TimeOutOfRange(i64::MAX)))
    );
}

#[test]
fn a_guest_that_wants_too_much_memory_is_ended_with_a_clear_error() {
    let mut guest = guest();
    guest.open("usage.jsonl").unwrap();
    // Every line has a new name, so that what must be kept grows without end.
    let error = (0_u64..)
        .find_map(|number| {
            let lines: String = (0..1000)
                .map(|line| {
                    let name = format!("{}{number}-{line}", "n".repeat(1000));
                    bad_input::GOOD.replace("code-review", &name) + "\n"
                })
                .collect();
            guest.push(&lines).err()
        })
        .unwrap();
    assert_eq!(error, SandboxError::MemoryLimit(MEMORY));
    assert_eq!(guest.push("x"), Err(SandboxError::Ended));
    assert_eq!(guest.report().unwrap_err(), SandboxError::Ended);
}

/// A file of any size goes through a small memory.
#[test]
fn memory_is_bounded_by_what_is_kept_and_not_by_what_has_passed() {
    let mut guest = guest();
    let chunk = (bad_input::GOOD.to_owned() + "\n").repeat(500);
    guest.open("usage.jsonl").unwrap();
    for _ in 0..400 {
        guest.push(&chunk).unwrap();
    }
    guest.close().unwrap();
    assert_eq!(guest.report().unwrap().totals.calls, 200_000);
}

#[test]
fn only_components_that_import_nothing_and_export_the_core_are_taken() {
    let refused =
        |text: &str| Sandbox::new(&wat::parse_str(text).unwrap(), Limits::default()).err();
    assert_eq!(
        refused(r#"(component (import "wasi:cli/run@0.2.0" (instance)) (import "clock" (func)))"#),
        Some(SandboxError::Imports(vec![
            "wasi:cli/run@0.2.0".into(),
            "clock".into()
        ]))
    );
    assert!(matches!(
        refused("(component)"),
        Some(SandboxError::Exports(_))
    ));
    let later = refused(
        r#"(component (instance $usage) (export "muster:core/usage@7.1.0" (instance $usage)))"#,
    )
    .unwrap();
    assert_eq!(later, SandboxError::Version("7.1.0".into()));
    assert_eq!(
        later.to_string(),
        "the component is the core in version 7.1.0 of its interface, and this host speaks 0.1.0"
    );
    assert!(matches!(
        refused("(module)"),
        Some(SandboxError::Component(_))
    ));
    assert!(matches!(
        Sandbox::new(b"no component", Limits::default()).err(),
        Some(SandboxError::Component(_))
    ));
}

/// A component that exports the core's interface and does harm in each function.
fn hostile() -> Vec<u8> {
    const MODULE: &str = r#"(module
        (import "[export]muster:core/usage@0.1.0" "[resource-new]ingest" (func $new (param i32) (result i32)))
        (memory (export "memory") 1)
        (table $table 1 funcref)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096)
        (func (export "muster:core/usage@0.1.0#[constructor]ingest")
            (param i32 i64 i32 i64 i32 i32 i64 i32 i64 i32 i32) (result i32)
            (i32.store (i32.const 1032) (call $new (i32.const 7)))
            i32.const 1024)
        (func (export "muster:core/usage@0.1.0#[method]ingest.open") (param i32 i32 i32) (result i32)
            (loop $on (br $on)) unreachable)
        (func (export "muster:core/usage@0.1.0#[method]ingest.push") (param i32 i32 i32) (result i32)
            (loop $on (drop (memory.grow (i32.const 16))) (br $on)) unreachable)
        (func (export "muster:core/usage@0.1.0#[method]ingest.push-bytes") (param i32 i32 i32) (result i32)
            (loop $on (drop (table.grow $table (ref.null func) (i32.const 1000))) (br $on)) unreachable)
        (func $close (export "muster:core/usage@0.1.0#[method]ingest.close") (param i32) (result i32)
            (i32.add (i32.const 1) (call $close (local.get 0))))
        (func (export "muster:core/usage@0.1.0#[method]ingest.note-unreadable")
            (param i32 i32 i32 i32 i32) (result i32)
            unreachable)
        (func (export "muster:core/usage@0.1.0#[method]ingest.report") (param i32) (result i32)
            i32.const 0x7fffff00)
        (func (export "muster:core/usage@0.1.0#[method]ingest.report-json") (param i32) (result i32)
            ;; Says that all went well and that a text of 2 GiB lies at 16.
            (i32.store8 (i32.const 2048) (i32.const 0))
            (i32.store (i32.const 2056) (i32.const 16))
            (i32.store (i32.const 2060) (i32.const 0x7fffffff))
            i32.const 2048)"#;
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve
        .push_dir(artefacts::tests("../host-wasm/wit"))
        .unwrap();
    let world = resolve.select_world(&[package], Some("core")).unwrap();
    let module = format!("{MODULE}{})", harmless(&resolve, world));
    let mut module = wat::parse_str(&module).unwrap();
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    wit_component::ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

/// A trap for each function of the interfaces that the hostile guest does no harm in.
fn harmless(resolve: &wit_parser::Resolve, world: wit_parser::WorldId) -> String {
    use wit_parser::abi::{AbiVariant, WasmType};

    let name = |kind: &WasmType| match kind {
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
    };
    let names = |kinds: &[WasmType]| kinds.iter().map(name).collect::<Vec<_>>().join(" ");
    let mut text = String::new();
    for key in resolve.worlds[world].exports.keys() {
        let interface = resolve.name_world_key(key);
        let wit_parser::WorldKey::Interface(id) = key else {
            continue;
        };
        if interface == "muster:core/usage@0.1.0" {
            continue;
        }
        for function in resolve.interfaces[*id].functions.values() {
            let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
            let _ = writeln!(
                text,
                "(func (export \"{interface}#{}\") (param {}) (result {}) unreachable)",
                function.name,
                names(&signature.params),
                names(&signature.results)
            );
        }
    }
    text
}

#[test]
fn a_hostile_guest_does_no_harm() {
    let time = Duration::from_millis(50);
    let limits = Limits {
        memory_bytes: MEMORY,
        table_elements: 5000,
        time: Some(time),
    };
    let sandbox = Sandbox::new(&hostile(), limits).unwrap();
    let ends = |call: &mut dyn FnMut(&mut Ingest) -> Option<SandboxError>| {
        let mut guest = sandbox.ingest(OPTIONS).unwrap();
        let error = call(&mut guest);
        assert_eq!(guest.push("x"), Err(SandboxError::Ended));
        error.unwrap()
    };
    let traps = |error: SandboxError, with: &str| {
        assert!(
            matches!(&error, SandboxError::Trap(text) if text.contains(with)),
            "{error}"
        );
    };
    let start = Instant::now();
    let endless = ends(&mut |guest| guest.open("usage.jsonl").err());
    assert_eq!(endless, SandboxError::TimeLimit(time));
    assert!(start.elapsed() >= time);
    let memory = ends(&mut |guest| guest.push("x").err());
    assert_eq!(memory, SandboxError::MemoryLimit(MEMORY));
    let table = ends(&mut |guest| guest.push_bytes(b"x").err());
    assert_eq!(table, SandboxError::TableLimit(5000));
    traps(ends(&mut |guest| guest.close().err()), "stack");
    traps(
        ends(&mut |guest| guest.note_unreadable("x", "y").err()),
        "unreachable",
    );
    traps(ends(&mut |guest| guest.report().err()), "out of bounds");
    traps(
        ends(&mut |guest| guest.report_json("usage", &params()).err()),
        "out of bounds",
    );
}
