//! Files as they are written, and as they go wrong.

use muster_core::Day;
use muster_core::liveness::LivenessOptions;
use muster_core::overview::AlertWhen;

use super::*;

fn parse(text: &str) -> Result<Config, Failure> {
    Config::parse(text, Path::new("/project/muster.toml"))
}

#[test]
fn settings_are_read() {
    let config = parse(
        r#"
[telemetry]
home = "logs"
project = "/elsewhere"
naive_offset = "-03:30"
strict = true
[store]
url = "redis://localhost"
[liveness]
interval_s = 2.5
stale_intervals = 4
[prices.claude-sonnet-5]
input = 2.123456
output = 1_0
[[prices."a model"]]
input = 0
output = 0.5
from = "2026-10-01"
"#,
    )
    .unwrap();
    assert_eq!(config.home, Some(PathBuf::from("/project/logs")));
    assert_eq!(config.project, Some(PathBuf::from("/elsewhere")));
    assert_eq!(config.naive_offset_minutes, Some(-210));
    assert_eq!(config.strict, Some(true));
    assert_eq!(config.store.as_deref(), Some("redis://localhost"));
    let limits = config.liveness.options();
    assert_eq!(limits.default_interval_us, 2_500_000);
    assert_eq!(limits.stale_intervals, 4);
    assert_eq!(
        limits.stale_floor_us,
        LivenessOptions::default().stale_floor_us
    );
    let table = config.price_table();
    let day = Day::parse("2026-11-01").unwrap();
    let price = table.price("claude-sonnet-5", day).unwrap();
    assert_eq!(price.input.usd_per_million().to_string(), "2.123456");
    assert_eq!(price.output.usd_per_million().to_string(), "10");
    assert!(table.price("a model", day).is_some());
    let before = Day::parse("2026-09-30").unwrap();
    assert!(table.price("a model", before).is_none());
}

#[test]
fn errors_name_their_line() {
    for (text, says) in [
        (
            "\n[telemetry]\nhom = 1",
            ":3: telemetry.hom is no known setting",
        ),
        ("[x]", ":1: x is no known setting"),
        ("\n\n[liveness]\na=1", ":4: liveness.a is no known setting"),
        ("[liveness]\nstale_s = 0", ":2: a number of seconds"),
        ("[liveness]\nlate_percent = 1.5", ":2: a whole number"),
        ("[gateway]\nx = 1", ":2: gateway.x is no known"),
        (
            "[gateway.profile.a]\nx = 1",
            ":2: gateway.profile.NAME.x is no",
        ),
        (
            "[gateway.profile.a]\nbase = \"b\"",
            ":2: base is one of joelclaw",
        ),
        ("[gateway.profile.a]\nports = [70000]", ":2: a port is"),
        ("[[alert]]\nname = \"x\"", ":1: an alert needs when"),
        (
            "[[alert]]\nwhen = \"spend_today\"",
            "spend_today needs above",
        ),
        ("[[alert]]\nwhen = \"never\"", ":2: when is spend_today"),
        ("[[ops.command]]\nname = \"a b\"", "a command needs a name"),
        ("[[ops.command]]\nname = \"a\"", "a needs argv"),
        ("[ops]\nx = 1", ":2: ops.x is no known setting"),
        ("[ops]\nattune = 1", ":2: a text in quotes"),
        ("[ops.diagnosis]\nevery_minutes = 0", ":2: a whole number"),
        ("[ops.diagnosis]\nevery_minutes = 99999", ":2: at most"),
        ("[ops.diagnosis]\nx = 1", "ops.diagnosis.x is no known"),
        ("[prices.m]\ninput = 1", "needs input and output"),
        ("[prices.m]\ninput = -1\noutput = 1", ":2: a price is"),
        ("[prices.m]\ninput = \"1\"\noutput = 1", ":2: a price is"),
        ("[telemetry]\nstrict = 1", ":2: true or false"),
        ("[telemetry]\nnaive_offset = \"2\"", ":2: an offset"),
        ("a = ", ":1: "),
        ("telemetry = 1", ":1: a table is needed here"),
    ] {
        let failure = parse(text).unwrap_err();
        assert!(failure.message.contains(says), "{text}: {failure}");
        assert_eq!(failure.kind.exit(), 2);
    }
}

#[test]
fn profiles_are_read() {
    let text = r#"
[gateway.profile.web]
base = "systemd"
service = "nginx.service"
logs.nginx-error = "log/error.log"
documents.pg = ["psql", "-c", "x"]
ports = [80]
timeout_s = 2.5
"#;
    let config = parse(text).unwrap();
    let web = config.profile("web").unwrap();
    assert_eq!(web.service.as_deref(), Some("nginx.service"));
    assert_eq!(web.logs["nginx-error"], Path::new("/project/log/error.log"));
    assert_eq!(web.documents["pg"], ["psql", "-c", "x"]);
    assert_eq!((web.ports, web.limit.as_millis()), (vec![80], 2500));
    assert_eq!(config.profile("moon").unwrap_err().kind.exit(), 2);
}

#[test]
fn the_nearer_file_wins() {
    let root = tempfile::tempdir().unwrap();
    let inner = root.path().join("a/b");
    fs::create_dir_all(&inner).unwrap();
    fs::write(
        root.path().join("a/muster.toml"),
        "[telemetry]\nstrict = true\n",
    )
    .unwrap();
    let named = root.path().join("named.toml");
    fs::write(
        &named,
        "[telemetry]\nhome = \"h\"\n[prices.claude-opus-5]\ninput=1\noutput=1\n",
    )
    .unwrap();
    let config = Config::load(Some(&named), &inner).unwrap();
    assert_eq!(config.strict, Some(true));
    assert_eq!(config.home, Some(root.path().join("h")));
    assert!(config.files.len() >= 2);
    let absent = root.path().join("absent.toml");
    assert_eq!(
        Config::load(Some(&absent), &inner).unwrap_err().kind.exit(),
        3
    );
}

#[test]
fn commands_of_a_file_that_was_found_are_not_taken() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("muster.toml");
    let text = r#"
[ops]
month_budget_usd = 350.5
attune = "venv/bin/attune"
diagnosis = { every_minutes = 5, profile = "systemd" }
[[ops.command]]
name = "test"
argv = ["cargo", "test", "{scope}"]
scope = "optional"
scopes = ["core"]
time_limit_s = 60
[[alert]]
name = "dear"
when = "spend_today"
above = 10
command = ["notify-send", "dear"]
[[alert]]
when = "approvals_waiting"
above = 300
webhook = "https://chat.example/hook"
"#;
    fs::write(&file, text).unwrap();
    let found = Config::load(None, root.path()).unwrap();
    assert!(found.commands.is_empty());
    assert_eq!(found.commands_not_trusted.len(), 1);
    let targets: Vec<_> = found.alerts.iter().map(|alert| &alert.target).collect();
    assert_eq!(targets, [&AlertTarget::Page, &AlertTarget::Page]);
    assert_eq!((found.attune, found.diagnosis.every_minutes), (None, None));
    let named = Config::load(Some(&file), root.path()).unwrap();
    assert_eq!(named.commands[0].scope, CommandScope::Optional);
    assert_eq!(named.commands[0].time_limit_us, 60_000_000);
    assert_eq!(named.alerts[1].name, "approvals_waiting");
    assert_eq!(
        named.alerts[1].when,
        AlertWhen::ApprovalsWaiting(300_000_000)
    );
    assert_eq!(named.month_budget, Usd::parse("350.5").ok());
    let attune = AttuneProgram::Path(root.path().join("venv/bin/attune"));
    assert_eq!(named.attune, Some(attune));
    assert_eq!(named.diagnosis.profile.as_deref(), Some("systemd"));
    let off = parse("[ops]\nattune = false").unwrap();
    assert_eq!(off.attune, Some(AttuneProgram::Off));
}

#[test]
fn offsets_are_read_or_refused() {
    for (text, minutes) in [
        ("Z", Some(0)),
        ("+02:00", Some(120)),
        ("-0330", Some(-210)),
        ("+15:00", None),
        ("2", None),
        ("", None),
        ("+\u{e9}0:00", None),
    ] {
        assert_eq!(parse_offset(text), minutes, "{text}");
    }
}
