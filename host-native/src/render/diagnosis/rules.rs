//! The rules of a diagnosis as text.

use std::fmt::Write as _;

use muster_core::view::{CauseView, PackCheckView, RulesView};

use crate::render::{Align, Style, Table, plain, wrap};

/// Every cause with its layer and what it leads to.
pub fn rules(view: &RulesView, style: &Style) -> String {
    let mut table = Table::new([
        ("CAUSE", Align::Name),
        ("LAYER", Align::Text),
        ("VERDICT", Align::Text),
        ("PACK", Align::Name),
    ]);
    for cause in &view.causes {
        table.row([
            cause.id.clone(),
            cause.layer.name().to_owned(),
            cause.verdict.to_owned(),
            cause.pack.clone(),
        ]);
    }
    let packs = wrap(
        &format!(
            "{} causes of {}",
            view.causes.len(),
            plain(&view.packs.join(", "))
        ),
        style.columns,
        "  ",
    );
    format!("{}\n{packs}\n", table.render(style))
}

/// One cause: what points at it, what it explains, what to do.
pub fn cause(view: &CauseView, style: &Style) -> String {
    let mut out = style.title(&format!("{}: {}", plain(&view.id), plain(&view.title)));
    let _ = write!(
        out,
        "\n  layer     {}\n  verdict   {}\n  delivery  {}\n  pack      {}\n",
        view.layer.name(),
        view.verdict,
        view.delivery,
        plain(&view.pack)
    );
    let mut section = |name: &str, lines: &[String]| {
        if lines.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n{name}");
        for line in lines {
            let text = wrap(&format!("  {}", plain(line)), style.columns, "    ");
            let _ = writeln!(out, "{text}");
        }
    };
    if view.evidence.is_empty() {
        section(
            "What points at it",
            &[
                "told by the procedure of the built-in rules, out of several pieces of evidence"
                    .to_owned(),
            ],
        );
    } else {
        section("What points at it", &view.evidence);
    }
    section("It explains", &view.explains);
    section("It is explained by", &view.explained_by);
    if !view.remedies.is_empty() {
        out.push_str("\nWhat to do\n");
        for (number, remedy) in view.remedies.iter().enumerate() {
            let text = format!("  {}. {}", number + 1, plain(&remedy.text));
            let _ = writeln!(out, "{}", wrap(&text, style.columns, "     "));
            if let Some(command) = &remedy.command {
                let _ = writeln!(out, "       {}", plain(command));
            }
        }
    }
    out
}

/// The packs that can be used.
pub fn checked_packs(checked: &[PackCheckView]) -> String {
    checked.iter().fold(String::new(), |mut out, pack| {
        let _ = writeln!(
            out,
            "{}: pack {}, {} causes, {} rules: can be used",
            plain(&pack.file),
            plain(&pack.name),
            pack.causes,
            pack.rules
        );
        out
    })
}
