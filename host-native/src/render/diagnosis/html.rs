//! A diagnosis as one page that needs nothing else.

use std::fmt::Write as _;

use muster_core::view::DiagnosisView;

use super::markdown::place;
use super::{DiagnosisDetail, plain};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f4f4f4;padding:.5rem;overflow-x:auto}
.failed{color:#a00000}.degraded{color:#7a4d00}.unknown{color:#555}.ok{color:#075e28}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}pre{background:#242424}td,th{border-color:#333}.failed{color:#ff8f8f}.degraded{color:#f2bd5c}.unknown{color:#aaa}.ok{color:#6fd393}}";

/// The diagnosis as a page without scripts.
pub fn diagnosis_html(view: &DiagnosisView, detail: DiagnosisDetail) -> String {
    let mut out = String::new();
    let verdict = view.verdict.name();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Gateway: {verdict}</title>\n<style>{STYLE}</style>\n\
         <h1 class=\"{verdict}\">{}: {}</h1>\n",
        verdict.to_uppercase(),
        text(&view.summary)
    );
    let layer = view
        .first_failing_layer
        .map_or("none", muster_core::diagnose::Layer::name);
    let _ = writeln!(
        out,
        "<p>Cause <code>{}</code>, layer {layer}, delivery {}, at {}.</p>",
        text(&view.cause),
        view.delivery.name(),
        view.now
    );
    if !view.remedies.is_empty() {
        out.push_str("<h2>What to do</h2>\n<ol>\n");
        for remedy in &view.remedies {
            let _ = write!(out, "<li>{}", text(&remedy.text));
            if let Some(command) = &remedy.command {
                let _ = write!(out, "<pre>{}</pre>", text(command));
            }
            out.push_str("</li>\n");
        }
        out.push_str("</ol>\n");
    }
    out.push_str("<h2>Layers</h2>\n<table>\n<tr><th>Layer<th>State<th>What it shows\n");
    for layer in &view.layers {
        let status = layer.status.name();
        let _ = writeln!(
            out,
            "<tr><td>{}<td class=\"{status}\">{status}<td>{}",
            layer.layer.name(),
            text(&layer.detail)
        );
    }
    out.push_str("</table>\n");
    let findings: Vec<_> = view
        .findings()
        .filter(|finding| detail == DiagnosisDetail::Evidence || finding.role != "notice")
        .collect();
    if !findings.is_empty() {
        out.push_str("<h2>Evidence</h2>\n");
        for finding in findings {
            let _ = write!(
                out,
                "<h3><code>{}</code> ({})</h3>\n<p>{}</p>\n<ul>\n",
                text(&finding.cause),
                finding.role,
                text(&finding.title)
            );
            for shown in &finding.evidence {
                let _ = writeln!(
                    out,
                    "<li>{}: <code>{}</code></li>",
                    text(&place(shown)),
                    text(&shown.text)
                );
            }
            out.push_str("</ul>\n");
        }
    }
    if !view.information.is_empty() {
        out.push_str("<h2>Worth knowing</h2>\n<ul>\n");
        for information in &view.information {
            let _ = writeln!(out, "<li>{}</li>", text(&information.text));
        }
        out.push_str("</ul>\n");
    }
    for note in &view.notes {
        let _ = writeln!(out, "<p>Note: {}.</p>", text(note));
    }
    out.push_str("</html>\n");
    out
}

/// Text without meaning for HTML.
fn text(raw: &str) -> String {
    let mut out = String::new();
    for c in plain(raw).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
