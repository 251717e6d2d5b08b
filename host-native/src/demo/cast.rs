//! Who plays: agents, what they do, and what they ask for.

/// One simulated agent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Player {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) tasks: &'static [&'static str],
    pub(super) part: Part,
}

/// What becomes of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It works on and on.
    Works,
    /// It beats now and then too late.
    Stutters,
    /// It falls silent after so many seconds.
    DiesAfter(u64),
    /// It fell silent so many seconds before the beginning.
    DiedBefore(i64),
    /// It was done before the beginning.
    Finished,
}

const fn player(id: &'static str, name: &'static str, tasks: &'static [&'static str]) -> Player {
    Player {
        id,
        name,
        tasks,
        part: Part::Works,
    }
}

/// A dozen.
pub(super) const CAST: [Player; 12] = [
    player(
        "planner",
        "Planner",
        &["split the backlog", "order the steps", "weigh two designs"],
    ),
    player(
        "researcher",
        "Researcher",
        &["read the changelog", "compare three libraries"],
    ),
    player(
        "builder",
        "Builder",
        &["compile the core", "link the binary", "shrink the module"],
    ),
    player(
        "tester",
        "Tester",
        &["run the unit tests", "bisect a failure", "fuzz the parser"],
    ),
    player(
        "reviewer",
        "Reviewer",
        &["read the diff", "write the review"],
    ),
    player(
        "deployer",
        "Deployer",
        &["stage the release", "roll out to 10 %"],
    ),
    Player {
        part: Part::Finished,
        ..player("docs-writer", "Docs writer", &["write the guide"])
    },
    Player {
        part: Part::Stutters,
        ..player("triage", "Triage", &["label new issues", "find duplicates"])
    },
    Player {
        part: Part::DiesAfter(20),
        ..player("indexer", "Indexer", &["embed 40,000 files"])
    },
    player(
        "monitor",
        "Monitor",
        &["watch the error rate", "watch the queue"],
    ),
    Player {
        part: Part::DiedBefore(95),
        ..player("translator", "Translator", &["translate the guide"])
    },
    player(
        "auditor",
        "Auditor",
        &["check the licences", "check the secrets"],
    ),
];

/// What is asked for: the type, who asks, and the context.
pub(super) const REQUESTS: [(&str, &str, &str); 6] = [
    (
        "deploy",
        "deployer",
        r#"{"service": "checkout", "version": "4.12.0", "to": "production", "risk": "medium"}"#,
    ),
    (
        "spend",
        "planner",
        r#"{"what": "re-run the evaluation on the large model", "estimate_usd": 14.5}"#,
    ),
    (
        "delete_branch",
        "reviewer",
        r#"{"branch": "spike/old-parser", "last_commit": "41 days ago"}"#,
    ),
    (
        "schema_change",
        "builder",
        r#"{"table": "orders", "change": "ADD COLUMN coupon TEXT", "rows": 1204331}"#,
    ),
    (
        "send_mail",
        "triage",
        r#"{"to": "reporter of issue 812", "subject": "We need one more detail"}"#,
    ),
    (
        "restart_service",
        "monitor",
        r#"{"service": "search", "why": "memory grows by 40 MB an hour"}"#,
    ),
];

/// What agents tell each other: from, to, the signal.
pub(super) const SIGNALS: [(&str, &str, &str); 6] = [
    ("planner", "builder", "task_ready"),
    ("builder", "tester", "build_ready"),
    ("tester", "reviewer", "tests_passed"),
    ("reviewer", "deployer", "review_done"),
    ("researcher", "planner", "findings_ready"),
    ("monitor", "triage", "error_rate_up"),
];

/// What agents publish: the stream, the source, a field.
pub(super) const EVENTS: [(&str, &str, &str); 5] = [
    ("build_done", "builder", "target"),
    ("test_run", "tester", "suite"),
    ("tool_call", "researcher", "tool"),
    ("review_comment", "reviewer", "file"),
    ("error_rate", "monitor", "service"),
];

/// Calls of models: workflow, stage, tier, model, cost in micro-dollars, tokens.
pub(super) const CALLS: [(&str, &str, &str, &str, u64, u64, u64); 6] = [
    (
        "planner",
        "plan",
        "PREMIUM",
        "claude-opus-5",
        61_000,
        5200,
        1300,
    ),
    (
        "builder",
        "edit",
        "CAPABLE",
        "claude-sonnet-5",
        23_500,
        6100,
        900,
    ),
    (
        "tester",
        "triage",
        "CHEAP",
        "claude-haiku-4-5",
        2400,
        1900,
        260,
    ),
    (
        "reviewer",
        "analysis",
        "CAPABLE",
        "claude-sonnet-5",
        31_200,
        8400,
        1150,
    ),
    (
        "researcher",
        "read",
        "CHEAP",
        "claude-haiku-4-5",
        3100,
        2600,
        310,
    ),
    (
        "auditor",
        "check",
        "CHEAP",
        "claude-haiku-4-5",
        1900,
        1500,
        120,
    ),
];

/// What the dashboard may run: the name, the title, the script, what is asked before.
pub(super) const COMMANDS: [(&str, &str, &str, Option<&str>); 3] = [
    (
        "health-check",
        "Health check",
        "for i in 1 2 3 4 5 6 7 8 9 10; do echo \"check $i of 10: ok\"; sleep 0.5; done; echo \"::muster $MUSTER_RUN_TOKEN {\\\"kind\\\":\\\"next-command\\\",\\\"target\\\":\\\"evaluation\\\",\\\"label\\\":\\\"Run the evaluation\\\"}\"",
        None,
    ),
    (
        "evaluation",
        "Evaluation",
        "for i in $(seq 1 40); do echo \"case $i passed\"; sleep 0.2; done; echo \"case 41 failed\" >&2; exit 1",
        Some("It calls the large model, for about 14 dollars."),
    ),
    ("many-lines", "A lot of output", "seq 1 200000", None),
];
