//! Sonnet and what stands behind it, as text.

use std::fmt::Write as _;

use muster_core::view::{FallbackVerdict, SonnetOpusReport};

use super::csv::Csv;
use super::number::rate;
use super::provenance::counted;
use super::usage::span;
use super::{Align, Style, Table, count, provenance, usd, usd_change};

/// Sonnet and what stands behind it, as text.
pub fn sonnet_opus(report: &SonnetOpusReport, style: &Style) -> String {
    let mut out = String::new();
    let title = format!(
        "{} of Sonnet, Opus and Fable, {} USD, {}",
        counted(report.calls, "call"),
        usd(report.cost_usd, 4),
        span(report.window, style)
    );
    let _ = writeln!(out, "{}", style.title(&title));
    if report.calls > 0 {
        figures(&mut out, report, style);
        let mut table = Table::new([
            ("FAMILY", Align::Text),
            ("MODEL", Align::Name),
            ("CALLS", Align::Number),
            ("ANSWERED", Align::Number),
            ("FALLBACKS", Align::Number),
            ("USD", Align::Number),
            ("ATTUNE", Align::Text),
        ]);
        for (family, models) in &report.families {
            for model in models {
                table.row([
                    (*family).to_owned(),
                    model.model.clone(),
                    count(model.calls),
                    count(model.succeeded),
                    count(model.fallbacks),
                    usd(model.cost_usd, 4),
                    if model.counted_by_attune { "yes" } else { "no" }.into(),
                ]);
            }
        }
        out.push('\n');
        out.push_str(&table.render(style));
        let text = "ATTUNE says whether attune counts the model in its own analysis.";
        let _ = writeln!(out, "{}", style.faint(text));
    }
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

fn figures(out: &mut String, report: &SonnetOpusReport, style: &Style) {
    let verdict = match report.verdict {
        FallbackVerdict::Excellent => "excellent: less than 5%",
        FallbackVerdict::Moderate => "moderate: less than 15%",
        FallbackVerdict::High => "high: 15% or more",
        _ => "no calls to judge by",
    };
    let attune = &report.attune;
    let _ = writeln!(
        out,
        "Sonnet answered {} of {} calls ({})",
        count(report.sonnet_successes),
        count(report.sonnet_attempts),
        rate(report.sonnet_success_rate)
    );
    let _ = writeln!(
        out,
        "Fallbacks to a premium model: {} ({}), {verdict}",
        count(report.fallbacks),
        rate(report.fallback_rate)
    );
    let text = format!(
        "attune, per call of all its models: {} of {} ({})",
        count(attune.opus_fallbacks),
        count(attune.total_calls),
        rate(attune.fallback_rate)
    );
    let _ = writeln!(out, "{}", style.faint(&text));
    let premium = &report.always_premium;
    if premium.calls > 0 {
        let _ = writeln!(
            out,
            "All on {}: {} USD, saved {} USD ({})",
            super::plain(&premium.baseline_model),
            usd(premium.baseline_usd, 4),
            usd_change(premium.savings_usd, 4),
            rate(premium.savings_share)
        );
    }
    if premium.calls_left_out > 0 {
        let text = format!(
            "{} cannot be compared: no tokens, or no baseline price on their day",
            counted(premium.calls_left_out, "call")
        );
        let _ = writeln!(out, "{}", style.faint(&text));
    }
}

/// The models as rows.
pub fn sonnet_opus_csv(report: &SonnetOpusReport) -> String {
    let mut csv = Csv::new([
        "family",
        "provider",
        "model",
        "calls",
        "succeeded",
        "fallbacks",
        "cost_usd",
        "counted_by_attune",
    ]);
    for (family, models) in &report.families {
        for model in models {
            csv.line([
                (*family).to_owned(),
                model.provider.clone(),
                model.model.clone(),
                model.calls.to_string(),
                model.succeeded.to_string(),
                model.fallbacks.to_string(),
                model.cost_usd.to_string(),
                model.counted_by_attune.to_string(),
            ]);
        }
    }
    csv.finish()
}
