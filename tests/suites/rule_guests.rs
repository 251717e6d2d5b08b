//! Guests with rules through the binary: the example, and guests that do harm.
#![allow(missing_docs, reason = "a test suite")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use muster_tests::artefacts;
use muster_tests::binary::in_home;
use muster_tests::plugin::{Memory, component};
use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    artefacts::tests("fixtures/gateway").join(name)
}

/// `muster gateway ... --rules FILE`, for each of the files.
fn muster(user: &Path, args: &[&str], rules: &[&Path]) -> Result<Output> {
    let mut command = in_home(user);
    // Compiling takes seconds in a build for development: once is enough.
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.env("COLUMNS", "80").arg("gateway").args(args);
    for file in rules {
        command.arg("--rules").arg(file);
    }
    command.output().context("muster does not start")
}

fn diagnosis(user: &Path, bundle: &Path, rules: &[&Path]) -> Result<Value> {
    let bundle = bundle.display().to_string();
    let output = muster(user, &["diagnose", "--json", "--bundle", &bundle], rules)?;
    json(&output)
}

fn json(output: &Output) -> Result<Value> {
    serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn example(user: &Path) -> Result<PathBuf> {
    let path = user.join("example.rules.wasm");
    fs::write(&path, artefacts::example_rules()?)?;
    Ok(path)
}

#[test]
fn the_example_finds_what_no_table_can_say() -> Result<()> {
    let user = tempfile::tempdir()?;
    let example = example(user.path())?;
    let view = diagnosis(user.path(), &fixture("rules/bundle.json"), &[&example])?;
    assert_eq!(view["cause"], "example.error_burst", "{view:#}");
    assert_eq!(view["first_failing_layer"], "error-log");
    assert_eq!(view["remedy"][0], "example.look_upstream");
    let shown = view["layers"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|layer| layer["layer"] == "error-log")
        .context("no error-log")?["findings"][0]["evidence"]
        .clone();
    // The line of 18:00 is history, and far from the others.
    assert_eq!(shown.as_array().map(Vec::len), Some(3), "{shown:#}");
    assert_eq!(
        (&shown[0]["line"], &shown[0]["at"]),
        (&2.into(), &"2027-01-15T19:58:01Z".into())
    );

    // There is no gateway: the other rule has nothing to look at.
    let notes = view["notes"].to_string();
    ensure!(notes.contains("example/uncounted was not asked"), "{notes}");

    // Beside packs of the same folder.
    let packs = user.path().join("rules");
    fs::create_dir(&packs)?;
    fs::copy(fixture("rules/nginx.toml"), packs.join("nginx.toml"))?;
    fs::copy(&example, packs.join("example.wasm"))?;
    let view = diagnosis(user.path(), &fixture("rules/bundle.json"), &[&packs])?;
    assert_eq!(view["cause"], "nginx.upstream_refused", "{view:#}");
    ensure!(
        view["secondary"]
            .to_string()
            .contains("example.error_burst")
    );
    assert_eq!(view["packs"][1], "example 0.1.0");

    // Redis holds what the status does not count.
    let text = fs::read_to_string(fixture("bundles/healthy-idle.json"))?;
    let mut bundle: Value = serde_json::from_str(&text)?;
    bundle["evidence"]["redis"]["values"]["joelclaw:events:gateway"] = 9.into();
    let path = user.path().join("bundle.json");
    fs::write(&path, bundle.to_string())?;
    let view = diagnosis(user.path(), &path, &[&example])?;
    let found = [&view["cause"], &view["secondary"]].map(ToString::to_string);
    ensure!(
        found.concat().contains("example.uncounted_events"),
        "{view:#}"
    );
    Ok(())
}

#[test]
fn rules_of_a_guest_are_listed_explained_and_checked() -> Result<()> {
    let user = tempfile::tempdir()?;
    let example = example(user.path())?;
    let list = muster(user.path(), &["rules", "list"], &[&example])?;
    let told = String::from_utf8_lossy(&list.stdout).into_owned();
    ensure!(told.contains("example.uncounted_events"), "{told}");
    let explained = muster(
        user.path(),
        &["rules", "explain", "example.error_burst"],
        &[&example],
    )?;
    let told = String::from_utf8_lossy(&explained.stdout).into_owned();
    ensure!(
        told.contains("judged by example/burst of nginx-error: {date}"),
        "{told}"
    );
    ensure!(
        told.lines().all(|line| line.chars().count() <= 80),
        "{told}"
    );
    let file = example.display().to_string();
    let checked = muster(user.path(), &["rules", "check", &file, "--json"], &[])?;
    assert_eq!(checked.status.code(), Some(0));
    let view = json(&checked)?;
    assert_eq!(
        (&view[0]["name"], &view[0]["causes"], &view[0]["rules"]),
        (&"example".into(), &2.into(), &2.into())
    );
    Ok(())
}

/// What a rule of the hostile guest does, by the first letter of its id.
const RULES: [(&str, &str); 12] = [
    ("good", ""),
    ("loop", "more than 1000 ms"),
    ("memory", "more than 268435456 bytes"),
    ("big_table", "a table of more than 10000 entries"),
    ("recursion", "stack"),
    ("trap", "unreachable"),
    ("huge", "more than 4194304 bytes at once"),
    ("out_of_bounds", "out of bounds"),
    ("utf8", "utf-8"),
    ("amplify", "more than 4194304 bytes at once"),
    ("x_cause", "a cause that no pack has"),
    ("proof", "evidence that it was not given"),
];

/// A guest whose rules do what their names say.
fn hostile(name: &str) -> Result<Vec<u8>> {
    let mut memory = Memory::at(8192);
    let mut text = |text: &str| memory.place(text.as_bytes());
    let (name, version) = (text(name), text("1"));
    let (id, layer, title) = (
        text("hostile.found"),
        text("error-log"),
        text("It is found"),
    );
    let (remedy, other) = (text("gateway_restart"), text("no.such_cause"));
    let ids: Vec<[usize; 2]> = RULES.iter().map(|(id, _)| text(id)).collect();
    let remedies = memory.words(&remedy);
    let causes = memory.words(&[
        id[0], id[1], layer[0], layer[1], 1, title[0], title[1], remedies, 1, 0, 0,
    ]);
    let found = memory.words(&id);
    let rules: Vec<usize> = ids
        .iter()
        .flat_map(|id| [id[0], id[1], found, 1, 0, 0, 0, 0, 0, 0, 0, 0])
        .collect();
    let rules = memory.words(&rules);
    let about = memory.words(&[
        name[0],
        name[1],
        version[0],
        version[1],
        0,
        0,
        causes,
        1,
        rules,
        RULES.len(),
    ]);
    let finding = |memory: &mut Memory, cause: [usize; 2], proofs: [usize; 2]| {
        memory.words(&[cause[0], cause[1], 0, 0, 0, 0, 0, 0, proofs[0], proofs[1]])
    };
    let good = finding(&mut memory, id, [0, 0]);
    let bad_cause = finding(&mut memory, other, [0, 0]);
    let proof = memory.words(&[0, 7, 0, 0, 0]);
    let bad_proof = finding(&mut memory, id, [proof, 1]);
    let not_text = memory.place(b"\xff\xfe")[0];
    let segment = memory.segment();
    let module = format!(
        r#"(module
        (memory (export "memory") 4)
        (table $table 1 funcref)
        {segment}
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096)
        (func (export "muster:plugin/judge@0.1.0#about") (result i32) i32.const {about})
        (func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))
        (func $answer (param $is_error i32) (param $at i32) (param $length i32) (result i32)
            (i32.store (i32.const 128) (local.get $is_error))
            (i32.store (i32.const 132) (local.get $at))
            (i32.store (i32.const 136) (local.get $length))
            i32.const 128)
        (func (export "muster:plugin/judge@0.1.0#judge")
            (param $rule i32) (param i32) (param i64 i64 i32 i64)
            (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
            (local $what i32) (local $at i32)
            (local.set $what (i32.load8_u (local.get $rule)))
            (if (i32.eq (local.get $what) (i32.const 108)) (then (loop $on (br $on))))
            (if (i32.eq (local.get $what) (i32.const 109))
                (then (loop $on (drop (memory.grow (i32.const 256))) (br $on))))
            (if (i32.eq (local.get $what) (i32.const 98))
                (then (loop $on (drop (table.grow $table (ref.null func) (i32.const 1000))) (br $on))))
            (if (i32.eq (local.get $what) (i32.const 114)) (then (drop (call $deep (i32.const 0)))))
            (if (i32.eq (local.get $what) (i32.const 116)) (then unreachable))
            (if (i32.eq (local.get $what) (i32.const 104)) (then
                (drop (memory.grow (i32.const 128)))
                (return (call $answer (i32.const 1) (i32.const 65536) (i32.const 8000000)))))
            (if (i32.eq (local.get $what) (i32.const 111))
                (then (return (call $answer (i32.const 0) (i32.const 0x7ffffff0) (i32.const 1)))))
            (if (i32.eq (local.get $what) (i32.const 117))
                (then (return (call $answer (i32.const 1) (i32.const {not_text}) (i32.const 2)))))
            (if (i32.eq (local.get $what) (i32.const 97)) (then
                (local.set $at (i32.const 65536))
                (loop $on
                    (i32.store (local.get $at) (i32.const 131072))
                    (i32.store offset=4 (local.get $at) (i32.const 100000))
                    (local.set $at (i32.add (local.get $at) (i32.const 40)))
                    (br_if $on (i32.lt_u (local.get $at) (i32.const 125536))))
                (return (call $answer (i32.const 0) (i32.const 65536) (i32.const 1500)))))
            (if (i32.eq (local.get $what) (i32.const 120))
                (then (return (call $answer (i32.const 0) (i32.const {bad_cause}) (i32.const 1)))))
            (if (i32.eq (local.get $what) (i32.const 112))
                (then (return (call $answer (i32.const 0) (i32.const {bad_proof}) (i32.const 1)))))
            (call $answer (i32.const 0) (i32.const {good}) (i32.const 1)))
        )"#
    );
    component(&module, "rules")
}

#[test]
fn a_rule_that_does_harm_costs_itself_and_is_told() -> Result<()> {
    let user = tempfile::tempdir()?;
    let guest = user.path().join("hostile.wasm");
    fs::write(&guest, hostile("hostile")?)?;
    let bundle = fixture("bundles/healthy-idle.json");
    let view = diagnosis(user.path(), &bundle, &[&guest])?;
    assert_eq!(
        (&view["verdict"], &view["cause"]),
        (&"degraded".into(), &"hostile.found".into()),
        "{view:#}"
    );
    let notes: Vec<&str> = view["notes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (rule, says) in RULES {
        let head = format!("the rule hostile/{rule} broke: ");
        let told = notes.iter().find(|note| note.starts_with(&head));
        ensure!(told.is_some() != says.is_empty(), "{rule}: {notes:#?}");
        ensure!(
            told.is_none_or(|told| told.contains(says)),
            "{rule}: {says}: {told:?}"
        );
    }
    Ok(())
}

#[test]
fn what_is_no_guest_with_rules_is_refused_by_name() -> Result<()> {
    let user = tempfile::tempdir()?;
    let whole = artefacts::example_rules()?;
    let importing = "(component (import \"wasi:random/random@0.2.0\" (instance)))";
    for (name, bytes, told) in [
        (
            "text.wasm",
            b"not wasm".to_vec(),
            "not a WebAssembly component",
        ),
        (
            "cut.wasm",
            whole[..whole.len() / 2].to_vec(),
            "not a WebAssembly component",
        ),
        (
            "imports.wasm",
            wat::parse_str(importing)?,
            "wasi:random/random@0.2.0",
        ),
        (
            "decoder.wasm",
            artefacts::claude_code_decoder()?,
            "another world",
        ),
        (
            "name.wasm",
            hostile("two words")?,
            "name: an id has letters",
        ),
    ] {
        let path = user.path().join(name);
        fs::write(&path, bytes)?;
        let file = path.display().to_string();
        let of_check = muster(user.path(), &["rules", "check", &file, "--json"], &[])?;
        let of_list = muster(user.path(), &["rules", "list", "--json"], &[&path])?;
        for output in [of_check, of_list] {
            assert_eq!(output.status.code(), Some(4), "{name}: {output:?}");
            let message = json(&output)?["error"]["message"].to_string();
            ensure!(
                message.contains(told) && message.contains(name),
                "{message}"
            );
        }
    }
    let absent = user.path().join("absent.wasm").display().to_string();
    let output = muster(user.path(), &["rules", "check", &absent], &[])?;
    assert_eq!(output.status.code(), Some(3));
    Ok(())
}
