//! The steps of the doctor, as text.

use std::fmt::Write as _;

use muster_core::view::{CheckStatus, DoctorReport};

use super::{Style, lines, plain, wrap};

/// The steps, each with its evidence and one command.
pub fn doctor(report: &DoctorReport, style: &Style) -> String {
    let mut out = String::new();
    for (at, check) in report.checks.iter().enumerate() {
        let status = match check.status {
            CheckStatus::Ok => "ok",
            CheckStatus::Problem => "problem",
            CheckStatus::NotApplicable => "not applicable",
        };
        let heading = format!("{}. {}: {status}", at + 1, check.id.title());
        let heading = match check.status {
            CheckStatus::Problem => style.warning(&heading),
            CheckStatus::Ok | CheckStatus::NotApplicable => style.heading(&heading),
        };
        let finding = wrap(
            &format!("   {}", plain(&check.finding)),
            style.columns,
            "   ",
        );
        let _ = writeln!(out, "{heading}\n{finding}");
        for fact in &check.evidence {
            for line in lines(fact).lines() {
                let line = wrap(&format!("   - {line}"), style.columns, "     ");
                let _ = writeln!(out, "{line}");
            }
        }
        let _ = writeln!(out, "   $ {}\n", plain(&check.command));
    }
    out += if report.healthy {
        "No problem was found.\n"
    } else {
        "There are problems.\n"
    };
    out
}
