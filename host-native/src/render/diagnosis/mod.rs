//! A diagnosis as text: for a terminal, for a ticket, as one page.

mod artifacts;
mod html;
mod markdown;
mod rules;

pub(crate) use artifacts::age;
pub use artifacts::{Artifact, artifacts};
pub use html::diagnosis_html;
pub use markdown::diagnosis_markdown;
pub use rules::{cause, checked_packs, rules};

use std::collections::BTreeMap;
use std::fmt::Write as _;

use muster_core::diagnose::{LayerStatus, Verdict};
use muster_core::view::{DiagnosisView, ExhibitView, FindingView};

use super::{Style, plain, wrap};

/// How much is shown of what a diagnosis rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiagnosisDetail {
    /// The answer.
    Short,
    /// The evidence of every finding as well.
    Evidence,
}

/// Columns of the names of layers.
const LAYER_COLUMNS: usize = 18;

/// Verdict and cause, what to do, the layers, the rest.
pub fn diagnosis(view: &DiagnosisView, style: &Style, detail: DiagnosisDetail) -> String {
    let mut out = headline(view, style);
    remedies(view, style, &mut out);
    layers(view, style, detail, &mut out);
    others(view, style, detail, &mut out);
    if !view.information.is_empty() {
        out.push_str("\nWorth knowing\n");
        for information in &view.information {
            item(&plain(&information.text), style, &mut out);
        }
    }
    let mut notes = view.notes.clone();
    if let Some(recheck) = &view.recheck {
        notes.insert(
            0,
            format!(
                "look again at {}: {}",
                style.zone.second(recheck.at),
                recheck.why
            ),
        );
    }
    if detail == DiagnosisDetail::Evidence || view.recheck.is_some() {
        notes.push(ground(view, style));
    }
    if !notes.is_empty() {
        out.push('\n');
        for note in notes {
            out.push_str(&style.faint(&wrap(
                &format!("Note: {}.", plain(&note)),
                style.columns,
                "  ",
            )));
            out.push('\n');
        }
    }
    out
}

fn headline(view: &DiagnosisView, style: &Style) -> String {
    let word = view.verdict.name().to_uppercase();
    let sentence = format!("{word}: {}.", plain(&view.summary));
    let wrapped = wrap(&sentence, style.columns, "  ");
    let mut out = if view.verdict == Verdict::Ok {
        style.heading(&wrapped)
    } else {
        style.warning(&style.heading(&wrapped))
    };
    out.push('\n');
    if let Some(primary) = view.primary() {
        let layer = view
            .first_failing_layer
            .map_or("", muster_core::diagnose::Layer::name);
        let _ = writeln!(out, "  cause     {}", plain(&primary.cause));
        let _ = writeln!(out, "  layer     {layer}");
    }
    let _ = writeln!(out, "  delivery  {}", delivery(view));
    if let Some(shown) = view.primary().and_then(|primary| primary.evidence.first()) {
        let text = format!("  seen in   {}", exhibit(shown, style));
        let _ = writeln!(out, "{}", wrap(&text, style.columns, "            "));
    }
    out
}

/// What the delivery is, in a few words.
fn delivery(view: &DiagnosisView) -> &'static str {
    match view.delivery.name() {
        "ok" => "ok, messages are answered",
        "impaired" => "impaired, messages are answered with less than usual",
        "down" => "down, messages are not answered or lost",
        _ => "unknown, not everything could be looked at",
    }
}

fn remedies(view: &DiagnosisView, style: &Style, out: &mut String) {
    if view.remedies.is_empty() {
        return;
    }
    out.push_str(&style.heading("\nWhat to do"));
    out.push('\n');
    for (number, remedy) in view.remedies.iter().enumerate() {
        let text = format!("  {}. {}", number + 1, plain(&remedy.text));
        out.push_str(&wrap(&text, style.columns, "     "));
        out.push('\n');
        if let Some(command) = &remedy.command {
            // On a line of its own and never broken, so that it can be copied.
            let _ = writeln!(out, "       {}", plain(command));
        }
    }
}

/// One character that says how a layer is.
fn mark(status: LayerStatus) -> char {
    match status {
        LayerStatus::Ok => '+',
        LayerStatus::Degraded => '!',
        LayerStatus::Failed => 'x',
        LayerStatus::Unknown => '?',
        _ => '-',
    }
}

fn layers(view: &DiagnosisView, style: &Style, detail: DiagnosisDetail, out: &mut String) {
    out.push_str(&style.heading("\nLayers"));
    out.push('\n');
    let indent = " ".repeat(LAYER_COLUMNS + 6);
    // One that was asked for by name is shown whatever it is.
    let folds = view.layers.len() > 1;
    let mut without: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for layer in &view.layers {
        if folds && layer.status == LayerStatus::NotApplicable && layer.findings.is_empty() {
            let names = without.entry(&layer.detail).or_default();
            names.push(layer.layer.name());
            continue;
        }
        let word = match layer.status {
            LayerStatus::Ok | LayerStatus::Degraded | LayerStatus::Failed => String::new(),
            other => format!("{}: ", other.name().replace('_', " ")),
        };
        let text = format!(
            "  {} {:LAYER_COLUMNS$}  {word}{}",
            mark(layer.status),
            layer.layer.name(),
            plain(&layer.detail)
        );
        let text = wrap_after(&text, style.columns, &indent);
        out.push_str(&match layer.status {
            LayerStatus::Ok => text,
            LayerStatus::Degraded | LayerStatus::Failed => style.warning(&text),
            _ => style.faint(&text),
        });
        out.push('\n');
        if detail == DiagnosisDetail::Evidence {
            for finding in &layer.findings {
                explained(finding, style, out);
            }
        }
    }
    for (why, names) in without {
        let text = format!("  - {}: {}", plain(why), names.join(", "));
        out.push_str(&style.faint(&wrap(&text, style.columns, "    ")));
        out.push('\n');
    }
}

/// Like [`wrap`], but keeps the columns before the text.
fn wrap_after(text: &str, columns: usize, indent: &str) -> String {
    let Some((head, tail)) = text.split_at_checked(indent.len()) else {
        return text.to_owned();
    };
    let wrapped = wrap(&format!("{indent}{tail}"), columns, indent);
    format!("{head}{}", wrapped.get(indent.len()..).unwrap_or(tail))
}

/// A finding with its evidence and what makes it secondary.
fn explained(finding: &FindingView, style: &Style, out: &mut String) {
    let mut line = format!("      {} ({})", plain(&finding.cause), finding.role);
    if !finding.explained_by.is_empty() {
        let _ = write!(
            line,
            ", because of {}",
            plain(&finding.explained_by.join(", "))
        );
    }
    out.push_str(&wrap(&line, style.columns, "        "));
    out.push('\n');
    for shown in &finding.evidence {
        let text = format!("        {}", exhibit(shown, style));
        out.push_str(&style.faint(&wrap(&text, style.columns, "          ")));
        out.push('\n');
    }
}

/// Where a piece of evidence stands, when, and what it says.
fn exhibit(shown: &ExhibitView, style: &Style) -> String {
    let mut text = plain(&shown.source);
    if let Some(line) = shown.line {
        let _ = write!(text, ":{line}");
    }
    if let Some(at) = shown.at {
        let _ = write!(text, " {}", style.zone.second(at));
    }
    format!("{text}: {}", plain(&shown.text))
}

fn others(view: &DiagnosisView, style: &Style, detail: DiagnosisDetail, out: &mut String) {
    if view.secondary.is_empty() || detail == DiagnosisDetail::Evidence {
        return;
    }
    out.push_str("\nAlso true\n");
    for finding in view
        .findings()
        .filter(|finding| finding.role == "secondary")
    {
        let mut text = format!("{}: {}", plain(&finding.cause), plain(&finding.title));
        if finding.explained_by.contains(&view.cause) {
            text.push_str(" (follows from the cause)");
        }
        item(&text, style, out);
    }
}

fn item(text: &str, style: &Style, out: &mut String) {
    out.push_str(&wrap(&format!("  {text}"), style.columns, "    "));
    out.push('\n');
}

/// What the answer rests on.
fn ground(view: &DiagnosisView, style: &Style) -> String {
    let from = view
        .window
        .from
        .map_or_else(String::new, |from| style.zone.second(from));
    format!(
        "evidence of {} to {}, rules {}",
        from,
        style.zone.second(view.now),
        view.packs.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use muster_core::diagnose::{DiagnoseOptions, diagnose_bundle};
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    fn view(id: &str) -> DiagnosisView {
        let path = format!(
            "{}/../tests/fixtures/gateway/bundles/{id}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let bundle = std::fs::read_to_string(path).unwrap();
        diagnose_bundle(&bundle, &[], &DiagnoseOptions::default()).unwrap()
    }

    #[test]
    fn the_verdict_comes_first_and_the_lines_fit() {
        for id in ["healthy-idle", "s0-vm-down", "capture-api429", "m-race"] {
            for detail in [DiagnosisDetail::Short, DiagnosisDetail::Evidence] {
                let view = view(id);
                let text = diagnosis(&view, &Style::plain(), detail);
                assert!(
                    text.starts_with(&view.verdict.name().to_uppercase()),
                    "{text}"
                );
                for line in text.lines() {
                    // Commands and single long words stay whole.
                    let command = view
                        .remedies
                        .iter()
                        .any(|remedy| remedy.command.as_deref() == Some(line.trim()));
                    let words = line.split_whitespace().count();
                    assert!(line.width() <= 80 || command || words <= 2, "{line}");
                }
            }
        }
    }

    #[test]
    fn text_of_logs_is_harmless_in_every_form() {
        let bundle = r#"{"muster_bundle":1,"now_ms":1800043200000,"evidence":{
            "substrate":{"vm":"<script>alert(1)</script>\u001b]0;x\u0007 `rm` | [a](b)","node_ready":true,"pods":{}}}}"#;
        let view = diagnose_bundle(bundle, &[], &DiagnoseOptions::default()).unwrap();
        let text = diagnosis(&view, &Style::plain(), DiagnosisDetail::Evidence);
        assert!(!text.contains('\u{1b}') && text.contains("<script>"));
        let page = diagnosis_html(&view, DiagnosisDetail::Evidence);
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"));
        let ticket = diagnosis_markdown(&view, DiagnosisDetail::Evidence);
        assert!(!ticket.contains('\u{1b}') && !ticket.contains(" `rm` "));
    }
}
