//! The savings report as text.

use std::fmt::Write as _;

use muster_core::view::{PerCallSavings, PerTokenSavings, SavingsReport};

use super::prompt_cache::savings_lines;
use super::provenance::counted;
use super::usage::span;
use super::{Align, Style, Table, count, percent, provenance, usd, usd_change, wrap};

/// The savings report as text.
pub fn savings(report: &SavingsReport, style: &Style) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}",
        style.title(&format!(
            "{} cost {} USD, {}",
            counted(report.calls, "call"),
            usd(report.actual_usd, 4),
            span(report.window, style)
        ))
    );
    if report.calls > 0 {
        out.push('\n');
        per_token(&mut out, &report.per_token, style);
        out.push('\n');
        per_call(&mut out, &report.per_call, report, style);
        out.push('\n');
        savings_lines(&mut out, &report.prompt_cache, style);
        let mut table = Table::new([("TIER", Align::Name), ("OF CALLS", Align::Number)]);
        for (tier, share) in &report.tier_share {
            table.row([tier.clone(), percent(*share)]);
        }
        out.push('\n');
        out.push_str(&table.render(style));
    }
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

fn per_token(out: &mut String, of: &PerTokenSavings, style: &Style) {
    let title = format!("Against the same tokens on {}", of.baseline_model);
    let _ = writeln!(out, "{}", style.heading(&title));
    let Some(share) = of.savings_share else {
        let _ = writeln!(out, "  no call can be compared: see below");
        return;
    };
    let _ = writeln!(out, "  baseline   {:>14} USD", usd(of.baseline_usd, 4));
    let _ = writeln!(
        out,
        "  actual     {:>14} USD of {}",
        usd(of.actual_usd, 4),
        counted(of.calls, "call")
    );
    let _ = writeln!(
        out,
        "  saved      {:>14} USD ({})",
        usd_change(of.savings_usd, 4),
        percent(share)
    );
}

fn per_call(out: &mut String, of: &PerCallSavings, report: &SavingsReport, style: &Style) {
    let title = "Against the mean premium call (attune's formula)";
    let _ = writeln!(out, "{}", style.heading(title));
    let premium = if of.premium_call_is_flat {
        "a flat guess: the window holds no premium call".to_owned()
    } else {
        format!("the mean of {}", counted(of.premium_calls, "premium call"))
    };
    let _ = writeln!(
        out,
        "  one call   {:>14} USD, {premium}",
        usd(of.premium_call_usd, 4)
    );
    let _ = writeln!(
        out,
        "  baseline   {:>14} USD for {}",
        usd(of.baseline_usd, 4),
        counted(report.calls, "call")
    );
    let share = of
        .savings_share
        .map_or_else(String::new, |share| format!(" ({})", percent(share)));
    let _ = writeln!(
        out,
        "  saved      {:>14} USD{share}",
        usd_change(of.savings_usd, 4)
    );
    let text = format!(
        "  Answers from the response cache at the mean cost of a call: {} USD.",
        usd(of.response_cache_savings_usd, 4)
    );
    let _ = writeln!(out, "{}", wrap(&text, style.columns, "  "));
    let unequal = count(report.calls);
    let text = format!(
        "  It takes each of the {unequal} calls for as large as a premium call; the comparison \
         per token does not."
    );
    let _ = writeln!(out, "{}", style.faint(&wrap(&text, style.columns, "  ")));
}
