//! What an answer rests on and leaves out, at its end.

use std::fmt::Write as _;

use muster_core::view::{Provenance, Skipped, SourceState};

use super::{Style, count, plain, wrap};

/// Samples of skipped lines that are shown; `--json` has more.
const SAMPLES: usize = 3;

/// The sentences at the end of a report.
pub fn provenance(of: &Provenance, style: &Style) -> String {
    let mut sentences = Vec::new();
    let read: Vec<_> = of
        .sources
        .iter()
        .filter(|source| source.state != SourceState::Unreadable)
        .collect();
    let lines: u64 = read.iter().map(|source| source.lines).sum();
    if lines > 0 {
        let mut sentence = format!(
            "Read {} of {}.",
            counted(lines, "line"),
            counted(read.len() as u64, "file")
        );
        if of.outside_window > 0 {
            let _ = write!(
                sentence,
                " {} {} outside the window.",
                counted(of.outside_window, "record"),
                if of.outside_window == 1 {
                    "lies"
                } else {
                    "lie"
                }
            );
        }
        sentences.push((false, sentence));
    }
    let other: Vec<String> = of
        .log_versions
        .iter()
        .filter(|(version, _)| !matches!(version.as_str(), "1.0"))
        .map(|(version, lines)| match version.as_str() {
            "missing" => format!("{} lines state no log version", count(*lines)),
            version => format!("{} lines state log version {version}", count(*lines)),
        })
        .collect();
    if !other.is_empty() {
        sentences.push((
            false,
            format!("{}; they are read as version 1.0.", other.join(", ")),
        ));
    }
    for source in &of.sources {
        if let Some(error) = &source.error {
            sentences.push((true, format!("Left out: {}: {error}.", source.file)));
        }
        if source.state == SourceState::TornTail {
            sentences.push((
                false,
                format!(
                    "The last line of {} is not complete: torn, or being written.",
                    source.file
                ),
            ));
        }
        if source.state == SourceState::Unusable {
            sentences.push((
                true,
                format!(
                    "None of the {} lines of {} is a record.",
                    count(source.lines),
                    source.file
                ),
            ));
        }
    }
    skipped(&of.skipped, &mut sentences);
    for note in &of.notes {
        sentences.push((false, format!("Note: {note}.")));
    }
    let mut out = String::new();
    for (warns, sentence) in sentences {
        let lines = wrap(&plain(&sentence), style.columns, "  ");
        let lines = if warns {
            style.warning(&lines)
        } else {
            style.faint(&lines)
        };
        out.push_str(&lines);
        out.push('\n');
    }
    out
}

/// How many lines gave no record, why, and the first of them.
fn skipped(of: &Skipped, sentences: &mut Vec<(bool, String)>) {
    if of.lines == 0 {
        return;
    }

    let reasons: Vec<String> = of
        .by_reason
        .iter()
        .map(|(reason, lines)| format!("{} {reason}", count(*lines)))
        .collect();
    sentences.push((
        true,
        format!(
            "Skipped {}: {}.",
            counted(of.lines, "line"),
            reasons.join(", ")
        ),
    ));
    for sample in of.samples.iter().take(SAMPLES) {
        sentences.push((
            false,
            format!("  {} line {}: {}", sample.file, sample.line, sample.reason),
        ));
    }
    let shown = of.samples.len().min(SAMPLES) as u64;
    if of.lines > shown {
        let first = of.samples.len();
        sentences.push((
            false,
            format!(
                "  and {} more (--json names the first {first})",
                count(of.lines - shown)
            ),
        ));
    }
}

/// `1 file`, `2 files`
pub fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", count(number))
}

/// What is said where a filter lets nothing through: how much there is without it.
pub fn none_of(number: u64, what: &str) -> String {
    format!("Nothing matches, of {} in all.\n", counted(number, what))
}
