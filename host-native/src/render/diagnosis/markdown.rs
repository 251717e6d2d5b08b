//! A diagnosis for a ticket.

use std::fmt::Write as _;

use muster_core::view::{DiagnosisView, ExhibitView};

use super::{DiagnosisDetail, plain};

/// The diagnosis in Markdown; text of logs stands in code spans.
pub fn diagnosis_markdown(view: &DiagnosisView, detail: DiagnosisDetail) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# {}: {}\n",
        view.verdict.name().to_uppercase(),
        text(&view.summary)
    );
    let layer = view
        .first_failing_layer
        .map_or("none", muster_core::diagnose::Layer::name);
    let _ = writeln!(out, "- cause: {}", code(&view.cause));
    let _ = writeln!(out, "- layer: {layer}");
    let _ = writeln!(out, "- delivery: {}", view.delivery.name());
    let _ = writeln!(out, "- time: {}", view.now);
    if !view.remedies.is_empty() {
        out.push_str("\n## What to do\n\n");
        for (number, remedy) in view.remedies.iter().enumerate() {
            let _ = writeln!(out, "{}. {}", number + 1, text(&remedy.text));
            if let Some(command) = &remedy.command {
                let _ = writeln!(out, "\n   ```sh\n   {}\n   ```\n", plain(command));
            }
        }
    }
    out.push_str("\n## Layers\n\n| layer | state | what it shows |\n|---|---|---|\n");
    for layer in &view.layers {
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            layer.layer.name(),
            layer.status.name(),
            text(&layer.detail)
        );
    }
    let findings: Vec<_> = view
        .findings()
        .filter(|finding| detail == DiagnosisDetail::Evidence || finding.role == "primary")
        .collect();
    if !findings.is_empty() {
        out.push_str("\n## Evidence\n\n");
        for finding in findings {
            let _ = write!(out, "- {} ({})", code(&finding.cause), finding.role);
            if !finding.explained_by.is_empty() {
                let _ = write!(
                    out,
                    ", because of {}",
                    code(&finding.explained_by.join(", "))
                );
            }
            out.push('\n');
            for shown in &finding.evidence {
                let _ = writeln!(out, "  - {}: {}", text(&place(shown)), code(&shown.text));
            }
        }
    }
    if detail == DiagnosisDetail::Short && !view.secondary.is_empty() {
        let also: Vec<String> = view.secondary.iter().map(|id| code(id)).collect();
        let _ = writeln!(out, "\nAlso true: {}.", also.join(", "));
    }
    if !view.information.is_empty() {
        out.push_str("\n## Worth knowing\n\n");
        for information in &view.information {
            let _ = writeln!(out, "- {}", text(&information.text));
        }
    }
    for note in &view.notes {
        let _ = writeln!(out, "\nNote: {}.", text(note));
    }
    out
}

/// Where a piece of evidence stands, and when.
pub(super) fn place(shown: &ExhibitView) -> String {
    let mut place = shown.source.clone();
    if let Some(line) = shown.line {
        let _ = write!(place, " line {line}");
    }
    if let Some(at) = shown.at {
        let _ = write!(place, ", {at}");
    }
    place
}

/// Text without meaning for Markdown.
fn text(raw: &str) -> String {
    let mut out = String::new();
    for c in plain(raw).chars() {
        if "\\`*_[]<>|#".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text in a code span, whatever it holds; backquotes become apostrophes.
fn code(raw: &str) -> String {
    format!("`{}`", plain(raw).replace('`', "'").replace('|', "\u{a6}"))
}
