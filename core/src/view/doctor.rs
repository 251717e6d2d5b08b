//! Whether Muster and what is around it are in order, step by step.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::{Provenance, Seconds, SourceState};
use crate::coordination::{ApprovalRow, ApprovalState, PendingSignal};
use crate::time::{Timestamp, US_PER_SECOND};

/// Facts shown of one step; the rest is counted.
const EVIDENCE: usize = 12;
/// The version of the logs that Muster knows.
const LOG_VERSION: &str = "1.0";

/// The steps of `muster doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoctorReport {
    /// When it was looked.
    pub now: Timestamp,
    /// Whether no step found a problem.
    pub healthy: bool,
    /// The steps in their order.
    pub checks: Vec<CheckView>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckView {
    /// Which step it is.
    pub id: DoctorStep,
    /// What came of it.
    pub status: CheckStatus,
    /// What was found, in one sentence.
    pub finding: String,
    /// The facts behind it.
    pub evidence: Vec<String>,
    /// The one command that shows more of it or does something about it.
    pub command: String,
}

/// Which step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DoctorStep {
    /// Whether every report ends with status 0.
    ExitCodes,
    /// Whether the lines of the logs can be read, and indexes agree with them.
    LogFormat,
    /// Whether the store answers and keeps what it accepts.
    Store,
    /// Whether signals and beats live as long as they have to.
    Ttls,
    /// Which requests wait, timed out, or were rejected.
    Approvals,
    /// How to see what Muster does.
    DebugLogging,
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// All is well.
    Ok,
    /// Something is not.
    Problem,
    /// There is nothing to look at.
    NotApplicable,
}

/// How one report ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportEnd {
    /// The report, such as `show`.
    pub report: String,
    /// Its exit status; `None` where a signal ended it or it did not start.
    pub exit: Option<i32>,
    /// What it said of its failure.
    pub said: String,
}

/// An agent that is late, stale or dead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietAgent {
    /// The agent.
    pub agent_id: String,
    /// Its state and why.
    pub state: String,
}

impl DoctorReport {
    /// The report of steps that were gone through.
    pub fn of(now: Timestamp, checks: Vec<CheckView>) -> Self {
        Self {
            now,
            healthy: checks
                .iter()
                .all(|check| check.status != CheckStatus::Problem),
            checks,
        }
    }
}

impl CheckView {
    /// A step with its evidence, cut to what a person reads.
    pub fn new(
        id: DoctorStep,
        status: CheckStatus,
        finding: impl Into<String>,
        mut evidence: Vec<String>,
        command: impl Into<String>,
    ) -> Self {
        if evidence.len() > EVIDENCE {
            let more = evidence.len() - EVIDENCE;
            evidence.truncate(EVIDENCE);
            evidence.push(format!("and {more} more"));
        }
        Self {
            id,
            status,
            finding: finding.into(),
            evidence,
            command: command.into(),
        }
    }

    /// The first step, from how each report ended.
    pub fn of_reports(reports: &[ReportEnd]) -> Self {
        let (good, bad): (Vec<_>, Vec<_>) = reports.iter().partition(|end| end.exit == Some(0));
        let mut evidence: Vec<String> = bad
            .iter()
            .map(|end| {
                let exit = match end.exit {
                    Some(exit) => format!("exit status {exit}"),
                    None => "no exit status".into(),
                };
                format!("telemetry {}: {exit}: {}", end.report, end.said)
            })
            .collect();
        if !good.is_empty() {
            let names: Vec<&str> = good.iter().map(|end| &*end.report).collect();
            evidence.push(format!("exit status 0: {}", names.join(", ")));
        }
        let (status, finding, command) = match bad.first() {
            None => (
                CheckStatus::Ok,
                format!("all {} reports end with status 0", reports.len()),
                "muster telemetry show".into(),
            ),
            Some(first) => (
                CheckStatus::Problem,
                format!("{} of {} reports fail", bad.len(), reports.len()),
                format!("muster telemetry {}", first.report),
            ),
        };
        Self::new(DoctorStep::ExitCodes, status, finding, evidence, command)
    }

    /// The second step, from what became of all lines of all logs, and from indexes
    /// that did not agree with their logs.
    pub fn of_logs(read: &Provenance, wrong_indexes: &[String]) -> Self {
        let mut evidence: Vec<String> = Vec::new();
        let unreadable = read.sources.iter().filter(|source| {
            matches!(
                source.state,
                SourceState::Unreadable | SourceState::Incomplete | SourceState::Unusable
            )
        });
        for source in unreadable {
            let why = source.error.as_deref().unwrap_or("no line is a record");
            evidence.push(format!("{}: {}: {why}", source.file, source.state.name()));
        }
        for line in &read.skipped.samples {
            evidence.push(format!("{} line {}: {}", line.file, line.line, line.reason));
        }
        let shown = u64::try_from(read.skipped.samples.len()).unwrap_or(u64::MAX);
        if read.skipped.lines > shown {
            evidence.push(format!("and {} more lines", read.skipped.lines - shown));
        }
        for (version, lines) in &read.log_versions {
            if version != LOG_VERSION && version != "missing" {
                evidence.push(format!(
                    "log version {version} on {lines} lines: read, but nobody says what it means"
                ));
            }
        }
        evidence.extend(wrong_indexes.iter().cloned());
        let lines: u64 = read.sources.iter().map(|source| source.lines).sum();
        let files = read
            .sources
            .iter()
            .filter(|source| source.lines > 0)
            .count();
        let (status, finding) = if !evidence.is_empty() {
            let finding = match read.skipped.lines {
                0 => "something is odd about the logs".into(),
                bad => format!("{bad} of {lines} lines in {files} files cannot be read"),
            };
            (CheckStatus::Problem, finding)
        } else if read.sources.is_empty() {
            (CheckStatus::NotApplicable, "there are no logs".to_string())
        } else {
            (
                CheckStatus::Ok,
                format!("all {lines} lines in {files} files can be read"),
            )
        };
        let command = "muster telemetry show --all --strict";
        Self::new(DoctorStep::LogFormat, status, finding, evidence, command)
    }

    /// The fourth step: signals that expired before anybody received them, waiting
    /// ones whose lifetime is below the slowest delivery of their type
    /// (`slowest_us`), and agents that have gone quiet.
    pub fn of_ttls(
        expired: &[PendingSignal],
        waiting: &[PendingSignal],
        slowest_us: &BTreeMap<String, u64>,
        quiet: &[QuietAgent],
    ) -> Self {
        let mut evidence = Vec::new();
        for PendingSignal {
            signal, expires_at, ..
        } in expired
        {
            let target = signal.target_agent.as_deref().unwrap_or("all agents");
            evidence.push(format!(
                "{} from {} to {target} expired {expires_at} after {} s, not received",
                signal.signal_type, signal.source_agent, signal.ttl_seconds
            ));
        }
        let mut told = BTreeSet::new();
        let mut short = 0_usize;
        for PendingSignal { signal, .. } in waiting.iter().chain(expired) {
            let ttl_us = signal
                .ttl_seconds
                .saturating_mul(US_PER_SECOND.unsigned_abs());
            let slowest = slowest_us.get(&signal.signal_type).copied().unwrap_or(0);
            if slowest > ttl_us && told.insert((&signal.signal_type, signal.ttl_seconds)) {
                short += 1;
                evidence.push(format!(
                    "{}: a TTL of {} s is below its slowest delivery, {} s",
                    signal.signal_type,
                    signal.ttl_seconds,
                    Seconds(slowest)
                ));
            }
        }
        for agent in quiet {
            evidence.push(format!("{}: {}", agent.agent_id, agent.state));
        }
        let command = if !expired.is_empty() || short > 0 {
            "muster signal list --expired"
        } else {
            "muster heartbeat list"
        };
        let (status, finding) = if evidence.is_empty() {
            let finding = "no signal expired within a day, and no agent is stale";
            (CheckStatus::Ok, finding.to_string())
        } else {
            let finding = format!(
                "{} signals expired within a day, {short} TTLs are too short, {} agents are stale or dead",
                expired.len(),
                quiet.len()
            );
            (CheckStatus::Problem, finding)
        };
        Self::new(DoctorStep::Ttls, status, finding, evidence, command)
    }

    /// The fifth step: requests that wait, that timed out, and that were rejected,
    /// told apart.
    pub fn of_approvals(rows: &[ApprovalRow], now: Timestamp) -> Self {
        let (mut waiting, mut timed_out, mut rejected, mut approved) = (0, 0, 0, 0_u64);
        let mut contested = 0_u64;
        let mut evidence = Vec::new();
        for row in rows {
            let request = &row.request;
            let who = format!(
                "{} ({} for {})",
                request.request_id, request.approval_type, request.agent_id
            );
            if let Some(other) = &row.contested_by {
                contested += 1;
                evidence.push(format!(
                    "{who}: {} has written another answer ({}) over it, which does not count",
                    other.responder,
                    if other.approved { "yes" } else { "no" }
                ));
            }
            match &row.state {
                ApprovalState::Pending => {
                    waiting += 1;
                    let left_s =
                        Seconds::between(now, row.deadline).0 / US_PER_SECOND.unsigned_abs();
                    evidence.push(format!("{who} waits, {left_s} s left"));
                }
                ApprovalState::TimedOut => {
                    timed_out += 1;
                    evidence.push(format!("{who} timed out {}: nobody answered", row.deadline));
                }
                ApprovalState::Answered(answer) if answer.approved => approved += 1,
                ApprovalState::Answered(answer) => {
                    rejected += 1;
                    evidence.push(format!(
                        "{who} was rejected by {}: {}",
                        answer.responder, answer.reason
                    ));
                }
            }
        }
        let finding = format!(
            "{waiting} wait, {timed_out} timed out, {rejected} rejected, {approved} approved within a day"
        );
        let finding = if contested > 0 {
            format!("{finding}; {contested} written over by others")
        } else {
            finding
        };
        // Waiting is what an approval is for; that nobody came is the problem.
        let status = match (rows.is_empty(), timed_out + contested) {
            (true, _) => CheckStatus::NotApplicable,
            (false, 0) => CheckStatus::Ok,
            (false, _) => CheckStatus::Problem,
        };
        let finding = if rows.is_empty() {
            "nothing was asked within a day".to_string()
        } else {
            finding
        };
        let command = "muster approval list --all";
        Self::new(DoctorStep::Approvals, status, finding, evidence, command)
    }
}

impl DoctorStep {
    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ExitCodes => "exit codes",
            Self::LogFormat => "log format",
            Self::Store => "store",
            Self::Ttls => "lifetimes",
            Self::Approvals => "approvals",
            Self::DebugLogging => "debug output",
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::record::approval_request::ApprovalRequest;
    use crate::record::approval_response::ApprovalResponse;
    use crate::record::signal::Signal;
    use crate::view::to_json;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn signal(ttl: u64) -> PendingSignal {
        let value = format!(
            r#"{{"signal_id": "s", "signal_type": "ready", "source_agent": "a", "ttl_seconds": {ttl}}}"#
        );
        PendingSignal {
            signal: Signal::parse(&value).unwrap(),
            expires_at: at("2026-11-20T10:01:00Z"),
            received_by: Vec::new(),
        }
    }

    fn row(state: ApprovalState) -> ApprovalRow {
        ApprovalRow {
            request: ApprovalRequest::parse(
                r#"{"request_id": "approval_1", "approval_type": "deploy", "agent_id": "wf"}"#,
            )
            .unwrap(),
            requested_at: at("2026-11-20T10:00:00Z"),
            deadline: at("2026-11-20T10:05:00Z"),
            state,
            foreign: true,
            contested_by: None,
        }
    }

    #[test]
    fn a_report_that_fails_is_named() {
        let end = |report: &str, exit| ReportEnd {
            report: report.into(),
            exit,
            said: "why".into(),
        };
        let check = CheckView::of_reports(&[end("show", Some(0)), end("savings", Some(3))]);
        assert_eq!(check.status, CheckStatus::Problem);
        assert_eq!(check.command, "muster telemetry savings");
        assert_eq!(check.evidence[0], "telemetry savings: exit status 3: why");
        let check = CheckView::of_reports(&[end("show", Some(0))]);
        assert_eq!(check.status, CheckStatus::Ok);
        let report = DoctorReport::of(Timestamp::MIN, vec![check]);
        assert!(report.healthy);
        assert!(to_json(&report).contains(r#""id":"exit_codes","status":"ok""#));
    }

    #[test]
    fn bad_lines_and_foreign_versions_are_named() {
        let mut read = Provenance::default();
        assert_eq!(
            CheckView::of_logs(&read, &[]).status,
            CheckStatus::NotApplicable
        );
        read.log_versions.insert("2.0".into(), 7);
        read.log_versions.insert("1.0".into(), 7);
        read.log_versions.insert("missing".into(), 1);
        let check = CheckView::of_logs(&read, &["index of x".into()]);
        assert_eq!(check.evidence.len(), 2);
        assert!(check.evidence[0].contains("2.0 on 7 lines"));
        assert_eq!(check.status, CheckStatus::Problem);
    }

    #[test]
    fn lifetimes_below_the_slowest_delivery_are_told_once() {
        let slowest = BTreeMap::from([("ready".into(), 61_000_000)]);
        let ok = CheckView::of_ttls(&[], &[signal(61)], &slowest, &[]);
        assert_eq!(ok.status, CheckStatus::Ok);
        let check = CheckView::of_ttls(&[signal(60)], &[signal(60)], &slowest, &[]);
        assert_eq!(check.evidence.len(), 2);
        assert!(check.evidence[1].contains("below its slowest delivery, 61 s"));
        let many = vec![signal(100); 50];
        let check = CheckView::of_ttls(&many, &[], &slowest, &[]);
        assert_eq!(check.evidence.len(), EVIDENCE + 1);
        assert_eq!(check.evidence[EVIDENCE], "and 38 more");
    }

    #[test]
    fn waiting_timed_out_and_rejected_are_told_apart() {
        let now = at("2026-11-20T10:04:00Z");
        let answer = |approved| {
            ApprovalState::Answered(ApprovalResponse {
                request_id: "approval_1".into(),
                approved,
                responder: "kim".into(),
                reason: "no".into(),
                timestamp: None,
            })
        };
        let of = |rows: &[ApprovalRow]| CheckView::of_approvals(rows, now);
        assert_eq!(of(&[]).status, CheckStatus::NotApplicable);
        assert_eq!(of(&[row(answer(true))]).status, CheckStatus::Ok);
        let check = of(&[
            row(ApprovalState::Pending),
            row(ApprovalState::TimedOut),
            row(answer(false)),
        ]);
        assert_eq!(check.status, CheckStatus::Problem);
        let contested = of(&[ApprovalRow {
            contested_by: match answer(false) {
                ApprovalState::Answered(other) => Some(other),
                _ => None,
            },
            ..row(answer(true))
        }]);
        assert_eq!(contested.status, CheckStatus::Problem);
        assert!(contested.evidence[0].contains("another answer (no) over it"));
        assert!(check.evidence[0].ends_with("waits, 60 s left"));
        assert!(check.finding.starts_with("1 wait, 1 timed out, 1 rejected"));
    }
}
