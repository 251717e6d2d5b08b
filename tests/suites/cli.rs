//! The command line as users and scripts meet it: answers, exit statuses, JSON,
//! the width of text, bad input, and an environment that means no good.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use muster_tests::binary::{in_home, muster};
use serde_json::Value;

/// A moment after the last record of the fixtures.
const NOW: &str = "2026-11-20T12:00:00Z";

/// Every report, without options.
const REPORTS: [&str; 13] = [
    "show",
    "savings",
    "cache-stats",
    "compare",
    "routing",
    "models",
    "sonnet-opus-analysis",
    "task-routing-report",
    "test-status",
    "tier1-status",
    "agent-performance",
    "file-test-status",
    "help-queries",
];

/// One usage line as attune writes it.
const LINE: &str = r#"{"v":"1.0","ts":"2026-11-19T08:15:02.004500Z","workflow":"code-review","tier":"CAPABLE","model":"claude-sonnet-5","provider":"anthropic","cost":0.0561,"tokens":{"input":9000,"output":1940},"cache":{"hit":true,"type":"hash"},"duration_ms":8120,"user_id":"0f3a9c55d2b1e477","stage":"analysis","seq":17}"#;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/attune")
}

/// A report on the fixtures.
fn on_fixtures(user: &Path, report: &str) -> Command {
    let mut command = in_home(user);
    command
        .args(["telemetry", report, "--now", NOW])
        .arg("--home")
        .arg(fixtures().join("home"))
        .arg("--project")
        .arg(fixtures().join("project"));
    command
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[track_caller]
fn json(output: &Output) -> Value {
    assert_eq!(stdout(output).lines().count(), 1, "{}", stdout(output));
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(output), stderr(output)))
}

#[track_caller]
fn status(output: &Output) -> i32 {
    let status = output.status.code().unwrap_or(-1);
    assert!(!stderr(output).contains("panicked"), "{}", stderr(output));
    status
}

#[test]
fn show_gives_the_figures_of_the_fixtures() {
    let user = tempfile::tempdir().unwrap();
    let output = run(on_fixtures(user.path(), "show").args(["--all", "--json"]));
    assert_eq!(status(&output), 0);
    let report = json(&output);
    assert_eq!(report["totals"]["calls"], 152);
    assert_eq!(report["window"]["from"], Value::Null);
    assert_eq!(report["log_versions"]["1.0"], 152);
    assert_eq!(report["recent"].as_array().unwrap().len(), 20);
    assert_eq!(report["skipped"]["lines"], 0);
    for group in [
        "by_tier",
        "by_workflow",
        "by_model",
        "by_provider",
        "by_stage",
        "by_day",
    ] {
        let calls: u64 = report[group]
            .as_object()
            .unwrap()
            .values()
            .map(|sums| sums["calls"].as_u64().unwrap())
            .sum();
        assert_eq!(calls, 152, "{group}");
    }
    let usage = report["sources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|source| source["file"] == "usage.jsonl")
        .unwrap();
    assert_eq!(
        (&usage["state"], &usage["lines"]),
        (&"read".into(), &152.into())
    );
    assert!(report["tiers"].is_null());
    // The cost is printed exactly: as the sum of the decimals in the log.
    let nanos: i64 = fs::read_to_string(fixtures().join("home/telemetry/usage.jsonl"))
        .unwrap()
        .lines()
        .map(|line| {
            let cost = line.split(r#""cost":"#).nth(1).unwrap();
            let cost = &cost[..cost.find(',').unwrap()];
            let (whole, fraction) = cost.split_once('.').unwrap_or((cost, ""));
            format!("{whole}{fraction:0<9}").parse::<i64>().unwrap()
        })
        .sum();
    let exact = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    let printed = format!(r#""calls":152,"cost_usd":{},"#, exact.trim_end_matches('0'));
    assert!(stdout(&output).contains(&printed), "{printed}");

    let output =
        run(on_fixtures(user.path(), "show").args(["--days", "1", "--limit", "2", "--json"]));
    let report = json(&output);
    assert_eq!(report["window"]["from"], "2026-11-19T12:00:00Z");
    assert_eq!(report["window"]["to"], NOW);
    assert_eq!(report["recent"].as_array().unwrap().len(), 2);
    assert_eq!(
        report["totals"]["calls"].as_u64().unwrap() + report["outside_window"].as_u64().unwrap(),
        152
    );
}

#[test]
fn every_report_is_json_or_text_of_eighty_columns() {
    let user = tempfile::tempdir().unwrap();
    for report in REPORTS {
        let output = run(&mut on_fixtures(user.path(), report));
        assert_eq!(status(&output), 0, "{report}: {}", stderr(&output));
        let text = stdout(&output);
        assert!(text.lines().count() > 3, "{report}: {text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{report}: {line}");
            assert!(
                line.chars().all(|c| c.is_ascii_graphic() || c == ' '),
                "{report}: {line}"
            );
        }
        assert_eq!(stderr(&output), "");

        let output = run(on_fixtures(user.path(), report).arg("--json"));
        assert_eq!(status(&output), 0);
        let document = json(&output);
        for field in ["window", "sources", "skipped", "notes"] {
            assert!(!document[field].is_null(), "{report}: {field}");
        }
    }
}

#[test]
fn reports_with_rows_give_csv() {
    let user = tempfile::tempdir().unwrap();
    for (report, first) in [
        ("show", "group,name,calls,cost_usd,"),
        ("cache-stats", "workflow,requests,"),
        ("compare", "group,name,calls,"),
        ("routing", "workflow,model,calls,"),
        ("models", "provider,model,calls,"),
        ("sonnet-opus-analysis", "family,provider,model,"),
        ("task-routing-report", "group,name,tasks,"),
        ("agent-performance", "agent,assignments,"),
        ("file-test-status", "file,last_run,result,"),
    ] {
        let output = run(on_fixtures(user.path(), report).arg("--csv"));
        assert_eq!(status(&output), 0);
        let text = stdout(&output);
        assert!(text.starts_with(first), "{report}: {text}");
        assert!(text.lines().count() > 1, "{report}");
    }
    let output = run(on_fixtures(user.path(), "show").args(["--csv", "--json"]));
    assert_eq!(status(&output), 2);
}

#[test]
fn the_environment_does_not_change_the_answer() {
    let user = tempfile::tempdir().unwrap();
    let calm = run(on_fixtures(user.path(), "show").arg("--json"));
    let mut hostile = on_fixtures(user.path(), "show");
    hostile
        .arg("--json")
        .env("ATTUNE_HOME", "/nonexistent/\u{1b}[31m")
        .env("MUSTER_STORE", "redis://192.0.2.1:1/\n")
        .env("REDIS_URL", "not a url")
        .env("TZ", "Pacific/Kiritimati")
        .env("HOME", "/nonexistent")
        .env("XDG_CONFIG_HOME", "relative")
        .env("LC_ALL", "tr_TR.ISO-8859-9")
        .env("LANG", "xx")
        .env("COLUMNS", "1")
        .env("NO_COLOR", "")
        .env("CLICOLOR_FORCE", "1")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "1");
    let hostile = run(&mut hostile);
    assert_eq!(status(&hostile), 0, "{}", stderr(&hostile));
    assert_eq!(stdout(&hostile), stdout(&calm));

    let text = run(&mut on_fixtures(user.path(), "show"));
    let local = run(on_fixtures(user.path(), "show")
        .env("TZ", "Asia/Kolkata")
        .env("LC_ALL", "de_DE"));
    assert_eq!(stdout(&text), stdout(&local));

    // A clock that makes no sense is wrong usage, not a wrong answer.
    let output = run(in_home(user.path())
        .args(["telemetry", "show", "--json"])
        .env("MUSTER_NOW", "soon"));
    assert_eq!(status(&output), 2);
    assert_eq!(json(&output)["error"]["kind"], "usage");
}

#[test]
fn wrong_usage_is_status_two_in_both_forms() {
    let user = tempfile::tempdir().unwrap();
    for args in [
        &["nonsense"][..],
        &["telemetry"],
        &["telemetry", "show", "--days", "x"],
        &["telemetry", "show", "--days", "0"],
        &["telemetry", "show", "--days", "1", "--all"],
        &["telemetry", "show", "--from", "soon"],
        &[
            "telemetry",
            "show",
            "--from",
            "2026-11-02",
            "--to",
            "2026-11-01",
        ],
        &["telemetry", "show", "--tz", "nowhere"],
        &["telemetry", "show", "--naive-offset", "2"],
        &[
            "telemetry",
            "show",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ],
        &["telemetry", "show", "--kind", "usage"],
        &["telemetry", "export", "--format", "xml"],
        &["ops", "--port", "70000"],
    ] {
        let output = run(in_home(user.path()).args(args));
        assert_eq!(status(&output), 2, "{args:?}");
        assert_eq!(stdout(&output), "", "{args:?}");
        assert!(!stderr(&output).is_empty(), "{args:?}");
        let output = run(in_home(user.path()).args(args).arg("--json"));
        assert_eq!(status(&output), 2, "{args:?}");
        let error = &json(&output)["error"];
        assert_eq!(
            (&error["kind"], &error["exit"]),
            (&"usage".into(), &2.into())
        );
        assert!(!error["message"].as_str().unwrap().is_empty(), "{args:?}");
        assert_eq!(stderr(&output), "", "{args:?}");
    }
}

#[test]
fn what_is_absent_is_empty_and_what_was_named_is_an_error() {
    let user = tempfile::tempdir().unwrap();
    for report in REPORTS {
        let output = run(in_home(user.path()).args(["telemetry", report]));
        assert_eq!(status(&output), 0, "{report}: {}", stderr(&output));
        assert!(
            stdout(&output).contains("--home"),
            "{report}: {}",
            stdout(&output)
        );
        let output =
            run(in_home(user.path()).args(["telemetry", report, "--home", "absent", "--json"]));
        assert_eq!(status(&output), 3, "{report}");
        assert_eq!(json(&output)["error"]["kind"], "unreachable");
    }
    let output = run(in_home(user.path()).args(["telemetry", "show", "usage.jsonl"]));
    assert_eq!(status(&output), 3);
    assert!(
        stderr(&output).contains("no such file"),
        "{}",
        stderr(&output)
    );
    // A window without calls says where they are.
    let output = run(on_fixtures(user.path(), "show").args(["--to", "2000-01-01"]));
    assert_eq!(status(&output), 0);
    assert!(stdout(&output).contains("--all"), "{}", stdout(&output));
    // Nothing came into being in the user's folder.
    assert_eq!(fs::read_dir(user.path()).unwrap().count(), 0);
}

#[test]
fn a_thing_that_is_not_there_is_status_one() {
    let user = tempfile::tempdir().unwrap();
    let output = run(on_fixtures(user.path(), "file-test-status").args(["--file", "src/none.py"]));
    assert_eq!(status(&output), 1);
    let output = run(on_fixtures(user.path(), "file-test-status").args(["--file", "src/m1.py"]));
    assert_eq!(status(&output), 0);
    let output = run(on_fixtures(user.path(), "routing").args(["--workflow", "none"]));
    assert_eq!(status(&output), 1);
}

/// Name, content, status, figures of the answer: calls and skipped lines.
type BadInput = (&'static str, Vec<u8>, i32, Option<(u64, u64)>);

#[expect(clippy::too_many_lines, reason = "a table")]
fn bad_inputs() -> Vec<BadInput> {
    let good = format!("{LINE}\n");
    let with = |line: &str| format!("{good}{line}\n").into_bytes();
    let usage = |cost: &str, more: &str| {
        format!(r#"{{"ts":"2026-11-19T08:15:02Z","workflow":"w","cost":{cost}{more}}}"#)
    };
    let at = |ts: &str| format!(r#"{{"ts":"{ts}","cost":1}}"#);
    let mut invalid = good.clone().into_bytes();
    invalid.extend(b"\xff\xfe{\n");
    let mut long = good.clone().into_bytes();
    long.extend(std::iter::repeat_n(b'a', 100 << 20));
    long.extend(good.bytes());
    let mut long_between = good.clone().into_bytes();
    long_between.extend(std::iter::repeat_n(b'b', 3 << 20));
    long_between.push(b'\n');
    long_between.extend(good.bytes());
    let nested = "[".repeat(10_000) + &"]".repeat(10_000);
    let nested_extra = usage("1", &format!(r#","extra":{nested}"#));
    vec![
        ("empty", Vec::new(), 0, Some((0, 0))),
        ("one byte", b"x".to_vec(), 4, None),
        ("one newline", b"\n".to_vec(), 0, Some((0, 0))),
        ("no newline at the end", LINE.into(), 0, Some((1, 0))),
        (
            "torn line",
            format!("{good}{}", &LINE[..50]).into(),
            0,
            Some((1, 1)),
        ),
        (
            "byte-order mark",
            format!("\u{feff}{good}").into(),
            0,
            Some((1, 0)),
        ),
        (
            "carriage returns",
            format!("{LINE}\r\n\r\n{LINE}\r\n").into(),
            0,
            Some((2, 0)),
        ),
        ("NUL", with("\0\0\0"), 0, Some((1, 1))),
        (
            "NUL in a text",
            with(&good.replace("analysis", "a\0b")),
            0,
            Some((1, 1)),
        ),
        ("invalid UTF-8", invalid, 0, Some((1, 1))),
        ("100 MB line", long, 0, Some((1, 1))),
        ("long line between", long_between, 0, Some((2, 1))),
        ("nesting alone", nested.clone().into(), 4, None),
        ("nesting beside", with(&nested), 0, Some((1, 1))),
        ("nesting in an unknown field", with(&nested_extra), 0, None),
        (
            "arrays and scalars",
            b"[]\n1\n\"a\"\nnull\ntrue\n".to_vec(),
            4,
            None,
        ),
        ("not a number", with(&usage("NaN", "")), 0, Some((1, 1))),
        ("infinite", with(&usage("Infinity", "")), 0, Some((1, 1))),
        ("exponent", with(&usage("1e400", "")), 0, Some((1, 1))),
        (
            "5000 digits",
            with(&usage(&"9".repeat(5000), "")),
            0,
            Some((1, 1)),
        ),
        (
            "duplicate keys",
            with(&usage("1", r#","cost":2"#)),
            0,
            Some((1, 1)),
        ),
        (
            "lone surrogate",
            with(&usage("1", r#","stage":"\ud800""#)),
            0,
            Some((1, 1)),
        ),
        ("year 0", with(&at("0000-01-01T00:00:00Z")), 0, Some((2, 0))),
        (
            "year 9999",
            with(&at("9999-12-31T23:59:59Z")),
            0,
            Some((2, 0)),
        ),
        (
            "year 10000",
            with(&at("10000-01-01T00:00:00Z")),
            0,
            Some((1, 1)),
        ),
        (
            "negative count",
            with(&usage("1", r#","tokens":{"input":-1}"#)),
            0,
            Some((1, 1)),
        ),
        (
            "huge count",
            with(&usage("1", r#","tokens":{"input":9007199254740992}"#)),
            0,
            Some((1, 1)),
        ),
        ("negative cost", with(&usage("-1", "")), 0, Some((1, 1))),
        (
            "other version",
            with(&good.replace(r#""1.0""#, r#""2.0""#)),
            0,
            Some((2, 0)),
        ),
    ]
}

#[test]
fn bad_input_costs_its_own_lines_and_nothing_else() {
    let user = tempfile::tempdir().unwrap();
    let log = user.path().join("usage.jsonl");
    for (name, content, expect, figures) in bad_inputs() {
        fs::write(&log, content).unwrap();
        let show = |more: &[&str]| {
            run(in_home(user.path())
                .args(["telemetry", "show", "--all"])
                .args(more)
                .arg(&log))
        };
        let text = show(&[]);
        assert_eq!(status(&text), expect, "{name}: {}", stderr(&text));
        assert!(stderr(&text).len() < 1000, "{name}: {}", stderr(&text));
        let output = show(&["--json"]);
        assert_eq!(status(&output), expect, "{name}");
        let document = json(&output);
        if expect == 4 {
            assert_eq!(document["error"]["kind"], "unusable_input", "{name}");
            assert!(
                stderr(&text).contains("usage.jsonl"),
                "{name}: {}",
                stderr(&text)
            );
            continue;
        }
        let skipped = document["skipped"]["lines"].as_u64().unwrap();
        if let Some(figures) = figures {
            let calls = document["totals"]["calls"].as_u64().unwrap();
            assert_eq!((calls, skipped), figures, "{name}: {}", document["skipped"]);
        }
        if skipped > 0 {
            assert!(stdout(&text).contains("Skipped"), "{name}");
            assert_eq!(status(&show(&["--strict"])), 4, "{name}");
        }
    }
}

#[test]
fn what_is_no_file_is_told_and_never_waited_for() {
    let user = tempfile::tempdir().unwrap();
    let home = user.path().join("home/telemetry");
    fs::create_dir_all(&home).unwrap();
    let log = home.join("usage.jsonl");
    let show = |expect: i32, says: &str| {
        for args in [&["--home", "home"][..], &["home/telemetry/usage.jsonl"]] {
            let output = run(in_home(user.path())
                .args(["telemetry", "show", "--all"])
                .args(args));
            assert_eq!(status(&output), expect, "{says}: {}", stderr(&output));
            assert!(
                stderr(&output).contains(says),
                "{says}: {}",
                stderr(&output)
            );
        }
    };
    fs::create_dir(&log).unwrap();
    show(3, "folder, not a file");
    fs::remove_dir(&log).unwrap();
    symlink(&log, &log).unwrap();
    show(3, "symbolic link");
    fs::remove_file(&log).unwrap();
    let made = Command::new("mkfifo").arg(&log).status().unwrap();
    assert!(made.success());
    show(3, "pipe, not a file");
    fs::remove_file(&log).unwrap();
    symlink("/dev/zero", &log).unwrap();
    show(3, "device, not a file");

    // Beside a log that can be read, the rest is told and the answer given.
    fs::write(home.join("usage.2026-11-19.jsonl"), format!("{LINE}\n")).unwrap();
    let output =
        run(in_home(user.path()).args(["telemetry", "show", "--all", "--home", "home", "--json"]));
    assert_eq!(status(&output), 0, "{}", stdout(&output));
    let report = json(&output);
    assert_eq!(report["totals"]["calls"], 1);
    assert_eq!(report["sources"][1]["state"], "unreadable");
    let strict = ["telemetry", "show", "--all", "--home", "home", "--strict"];
    assert_eq!(status(&run(in_home(user.path()).args(strict))), 4);
}

#[test]
fn without_permission_the_status_is_three() {
    let user = tempfile::tempdir().unwrap();
    let open =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let home = user.path().join("home/telemetry");
    fs::create_dir_all(&home).unwrap();
    let log = home.join("usage.jsonl");
    fs::write(&log, format!("{LINE}\n")).unwrap();
    // The superuser may read everything: someone else asks then.
    let binary = user.path().join("muster");
    fs::copy(muster(), &binary).unwrap();
    let is_root = fs::metadata(user.path()).is_ok_and(|it| {
        use std::os::unix::fs::MetadataExt as _;
        it.uid() == 0
    });
    let show = || {
        let mut command = Command::new(&binary);
        command
            .env_clear()
            .current_dir("/")
            .args(["telemetry", "show", "--all", "--home"])
            .arg(user.path().join("home"));
        if is_root {
            command.uid(65_534).gid(65_534);
        }
        run(&mut command)
    };
    open(user.path(), 0o755);
    let output = show();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    open(&log, 0o000);
    let output = show();
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("no permission"),
        "{}",
        stderr(&output)
    );
    open(&home, 0o000);
    let output = show();
    open(&home, 0o755);
    assert_eq!(status(&output), 3, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("no permission"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn text_of_logs_cannot_reach_the_terminal_as_commands() {
    let user = tempfile::tempdir().unwrap();
    let log = user.path().join("usage.jsonl");
    let name =
        r"\u001b]0;owned\u0007\u001b[2J\u202eevil\r\n\u009b31m".to_owned() + &"x".repeat(300);
    fs::write(&log, LINE.replace("code-review", &name)).unwrap();
    let output = run(in_home(user.path())
        .args(["telemetry", "show", "--all"])
        .arg(&log));
    assert_eq!(status(&output), 0);
    let text = stdout(&output);
    assert!(text.contains("evil"), "{text}");
    assert!(
        !text.chars().any(|c| c.is_control() && c != '\n'),
        "{text:?}"
    );
    assert!(!text.contains('\u{202e}') && !text.contains("owned"));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn rotated_files_are_all_read_oldest_first() {
    let user = tempfile::tempdir().unwrap();
    let home = user.path().join("home/telemetry");
    fs::create_dir_all(&home).unwrap();
    for file in [
        "usage.jsonl",
        "usage.2026-11-18.jsonl",
        "usage.2026-11-18.1.jsonl",
    ] {
        fs::write(home.join(file), format!("{LINE}\n")).unwrap();
    }
    let output =
        run(in_home(user.path()).args(["telemetry", "show", "--all", "--home", "home", "--json"]));
    let report = json(&output);
    assert_eq!(report["totals"]["calls"], 3);
    let files: Vec<&str> = report["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["file"].as_str().unwrap())
        .collect();
    assert_eq!(
        files,
        [
            "usage.2026-11-18.jsonl",
            "usage.2026-11-18.1.jsonl",
            "usage.jsonl"
        ]
    );
}

#[test]
fn settings_are_taken_from_the_nearest_place() {
    let user = tempfile::tempdir().unwrap();
    let config = user.path().join(".config/muster");
    fs::create_dir_all(&config).unwrap();
    let home = fixtures().join("home");
    fs::write(
        config.join("muster.toml"),
        format!("[telemetry]\nhome = {:?}\n", home.display().to_string()),
    )
    .unwrap();
    let calls = |command: &mut Command| {
        let output = run(command.args(["telemetry", "show", "--all", "--json"]));
        assert_eq!(status(&output), 0, "{}", stdout(&output));
        json(&output)["totals"]["calls"].as_u64().unwrap()
    };
    assert_eq!(calls(&mut in_home(user.path())), 152);
    assert_eq!(
        calls(in_home(user.path()).env("ATTUNE_HOME", user.path())),
        0
    );
    // A file found upwards from the project stands above the user's.
    fs::create_dir(user.path().join("other")).unwrap();
    fs::write(
        user.path().join("muster.toml"),
        "[telemetry]\nhome = \"other\"\n",
    )
    .unwrap();
    assert_eq!(calls(&mut in_home(user.path())), 0);

    fs::write(
        user.path().join("muster.toml"),
        "\n[telemetry]\nhme = \"x\"\n",
    )
    .unwrap();
    let output = run(in_home(user.path()).args(["telemetry", "show"]));
    assert_eq!(status(&output), 2);
    assert!(
        stderr(&output).contains("muster.toml:3:"),
        "{}",
        stderr(&output)
    );
    let output = run(in_home(user.path()).args(["--config", "absent.toml", "telemetry", "show"]));
    assert_eq!(status(&output), 3);
}

#[test]
fn prices_of_the_settings_are_used() {
    let user = tempfile::tempdir().unwrap();
    fs::write(
        user.path().join("muster.toml"),
        "[prices.agent-sdk]\ninput = 1\noutput = 2.5\n",
    )
    .unwrap();
    let models = |command: &mut Command| json(&run(command.arg("--json")))["providers"].clone();
    let without = models(&mut on_fixtures(user.path(), "models"));
    assert_eq!(
        without["anthropic"]["agent-sdk"]["list_cost_usd"],
        Value::Null
    );
    let mut command = on_fixtures(user.path(), "models");
    command.arg("--config").arg("muster.toml");
    let with = models(&mut command);
    let view = &with["anthropic"]["agent-sdk"];
    let tokens = |field: &str| view[field].as_u64().unwrap();
    let micros = 2 * tokens("tokens_in") + 5 * tokens("tokens_out");
    let listed = view["list_cost_usd"].as_f64().unwrap();
    #[expect(clippy::cast_precision_loss)]
    let expect = micros as f64 / 2e6;
    assert!((listed - expect).abs() < 1e-9, "{listed} {expect}");
}

#[test]
fn export_passes_records_on() {
    let user = tempfile::tempdir().unwrap();
    let output = run(on_fixtures(user.path(), "export").args(["--days", "1", "--format", "csv"]));
    assert_eq!(status(&output), 0);
    // The same rows that attune exports, in the order of the log.
    let attune = fs::read_to_string(fixtures().join("cli/29-fn-export-stdout-csv.txt")).unwrap();
    let rows = |text: &str| {
        let mut rows: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with("2026-"))
            .map(str::to_owned)
            .collect();
        rows.sort();
        rows
    };
    let known: Vec<String> = rows(stdout(&output));
    for row in rows(&attune) {
        // attune reads no tokens where they are called `input_tokens`.
        let row = row.replace(",0.01,0,0,", ",0.01,1000,400,");
        assert!(known.contains(&row), "{row} in {known:?}");
    }

    let file = user.path().join("out.json");
    let output = run(on_fixtures(user.path(), "export")
        .args(["--all", "--output"])
        .arg(&file));
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let array: Vec<Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(array.len(), 152);
    assert_eq!(fs::read_dir(user.path()).unwrap().count(), 1);

    let log = user.path().join("usage.jsonl");
    fs::write(&log, LINE).unwrap();
    let onto_itself =
        run(in_home(user.path()).args(["telemetry", "export", "usage.jsonl", "-o", "usage.jsonl"]));
    assert_eq!(status(&onto_itself), 2);
    assert_eq!(fs::read_to_string(&log).unwrap(), LINE);
    let nowhere =
        run(in_home(user.path()).args(["telemetry", "export", "usage.jsonl", "-o", "absent/x"]));
    assert_eq!(status(&nowhere), 3);
}

#[test]
fn an_output_that_nobody_reads_ends_quietly() {
    let user = tempfile::tempdir().unwrap();
    for args in [
        &["export", "--all", "--format", "jsonl"][..],
        &["show", "--all"],
    ] {
        let mut child = on_fixtures(user.path(), args[0])
            .args(&args[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(status(&output), 0, "{args:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn reset_sets_aside_and_undo_brings_back() {
    let user = tempfile::tempdir().unwrap();
    let telemetry = user.path().join(".attune/telemetry");
    fs::create_dir_all(&telemetry).unwrap();
    let log = telemetry.join("usage.jsonl");
    fs::write(&log, format!("{LINE}\n")).unwrap();
    fs::write(telemetry.join("help_queries.jsonl"), "").unwrap();

    let output = run(in_home(user.path()).args(["telemetry", "reset"]));
    assert_eq!(status(&output), 2, "nobody is there to answer");
    assert!(stderr(&output).contains("--yes"));
    assert!(log.exists());

    let output = run(in_home(user.path()).args(["telemetry", "reset", "--yes", "--json"]));
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(json(&output)["moved"].as_array().unwrap().len(), 1);
    assert!(!log.exists() && telemetry.join("help_queries.jsonl").exists());

    let output = run(in_home(user.path()).args(["telemetry", "reset", "--undo"]));
    assert_eq!(status(&output), 0);
    assert_eq!(fs::read_to_string(&log).unwrap(), format!("{LINE}\n"));
    let output = run(in_home(user.path()).args(["telemetry", "reset", "--undo"]));
    assert_eq!(status(&output), 1, "nothing is left to undo");
}

#[test]
fn a_file_that_is_named_twice_counts_once() {
    let user = tempfile::tempdir().unwrap();
    fs::write(user.path().join("usage.jsonl"), format!("{LINE}\n")).unwrap();
    let folder = user.path().display();
    let output = run(in_home(user.path()).args([
        "telemetry",
        "show",
        "--all",
        "--json",
        &format!("{folder}/usage.jsonl"),
        &format!("{folder}/./usage.jsonl"),
    ]));
    assert_eq!(json(&output)["totals"]["calls"], 1);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("named twice"), "{told}");
}

#[test]
fn windows_of_any_length_are_taken() {
    let user = tempfile::tempdir().unwrap();
    let log = user.path().join("usage.jsonl");
    fs::write(&log, format!("{LINE}\n")).unwrap();
    for window in [["--days", "4294967295"], ["--hours", "4294967295"]] {
        let output = run(in_home(user.path())
            .args(["telemetry", "show", "--json"])
            .args(window)
            .arg(&log));
        assert_eq!(json(&output)["totals"]["calls"], 1, "{window:?}");
    }
}

#[test]
fn a_file_that_grows_while_it_is_read_gives_whole_records() {
    let user = tempfile::tempdir().unwrap();
    let log = user.path().join("usage.jsonl");
    fs::write(&log, format!("{LINE}\n").repeat(1000)).unwrap();
    let mut writer = fs::OpenOptions::new().append(true).open(&log).unwrap();
    let line = format!("{LINE}\n");
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            (0..5)
                .map(|_| {
                    let output = run(in_home(user.path())
                        .args(["telemetry", "show", "--all", "--json"])
                        .arg(&log));
                    let report = json(&output);
                    (
                        report["totals"]["calls"].as_u64().unwrap(),
                        report["skipped"]["lines"].as_u64().unwrap(),
                    )
                })
                .collect::<Vec<_>>()
        });
        // A reader that is slower than this writer must not fill the disk.
        let mut lines = 0..200_000;
        while !reader.is_finished() {
            match lines.next() {
                Some(_) => writer.write_all(line.as_bytes()).unwrap(),
                None => std::thread::yield_now(),
            }
        }
        let seen = reader.join().unwrap();
        assert!(seen.is_sorted(), "{seen:?}");
        assert!(
            seen.iter()
                .all(|(calls, skipped)| *calls >= 1000 && *skipped <= 1)
        );
    });
}

#[test]
fn shells_and_manuals_know_the_commands() {
    let user = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(in_home(user.path()).args(["completions", shell]));
        assert_eq!(status(&output), 0);
        assert!(stdout(&output).contains("cache-stats"), "{shell}");
    }
    let output = run(in_home(user.path()).arg("man"));
    assert!(stdout(&output).contains(".TH muster"));
    let output = run(in_home(user.path()).args(["man", "pages"]));
    assert_eq!(status(&output), 0);
    let page = fs::read_to_string(user.path().join("pages/muster-telemetry-show.1")).unwrap();
    assert!(page.contains("Example"));
    let output = run(in_home(user.path()).arg("--help"));
    assert_eq!(status(&output), 0);
    assert!(
        stdout(&output)
            .lines()
            .all(|line| line.chars().count() <= 80)
    );
}
