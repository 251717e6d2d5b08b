//! What the organisation is billed and uses, as text.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use muster_core::Timestamp;
use muster_core::view::{
    AccountAnswer, AccountModelUsage, AccountUsage, CacheState, CostShare, CostSummary,
};

use super::{Align, Style, Table, compact, plain, usd_change};

/// Days that are shown of a report.
const DAYS: usize = 14;

/// The report on costs as text.
pub fn account_cost(answer: &AccountAnswer<CostSummary>, style: &Style) -> String {
    let Some(summary) = &answer.summary else {
        return String::new();
    };
    let mut out = String::new();
    let title = format!(
        "Billed to your organisation: {} USD this month",
        usd_change(summary.month_to_date_usd, 2)
    );
    let _ = writeln!(out, "{}", style.title(&title));
    source(&mut out, answer, summary.fetched_at, style);
    let mut table = Table::new([("", Align::Text), ("USD", Align::Number)]);
    for (name, amount) in [
        (format!("on {}, not over", summary.day), summary.today_usd),
        ("7 days".into(), summary.seven_day_usd),
        ("this month".into(), summary.month_to_date_usd),
        ("30 days".into(), summary.thirty_day_usd),
    ] {
        table.row([name, usd_change(amount, 2)]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
    shares(&mut out, "MODEL", &summary.by_model, style);
    shares(&mut out, "KIND OF COST", &summary.by_cost_type, style);
    let mut table = Table::new([("DAY (UTC)", Align::Text), ("USD", Align::Number)]);
    for (day, amount) in summary.by_day.iter().rev().take(DAYS) {
        table.row([day.clone(), usd_change(*amount, 2)]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
    let left_out = summary.by_day.len().saturating_sub(DAYS);
    out.push('\n');
    if left_out > 0 {
        let text = format!("{left_out} more days: --json has them.");
        let _ = writeln!(out, "{}", style.faint(&text));
    }
    for note in &summary.notes {
        let text = style.sentence(note);
        let _ = writeln!(out, "{}", style.faint(&text));
    }
    out
}

/// The report on tokens as text.
pub fn account_usage(answer: &AccountAnswer<AccountUsage>, style: &Style) -> String {
    let Some(summary) = &answer.summary else {
        return String::new();
    };
    let mut out = String::new();
    let first = summary.by_day.keys().next().cloned().unwrap_or_default();
    let title = format!("Tokens of your organisation, {first} to {}", summary.day);
    let _ = writeln!(out, "{}", style.title(&title));
    source(&mut out, answer, summary.fetched_at, style);
    let mut models: Vec<_> = named(&summary.by_model).collect();
    models.sort_by_key(|(_, usage)| Reverse(usage.output_tokens));
    models.push(("all", &summary.totals));
    tokens(&mut out, "MODEL", models.into_iter(), style);
    let days = named(&summary.by_day).rev().take(DAYS);
    tokens(&mut out, "DAY (UTC)", days, style);
    out
}

fn named(
    sums: &BTreeMap<String, AccountModelUsage>,
) -> impl DoubleEndedIterator<Item = (&str, &AccountModelUsage)> {
    sums.iter().map(|(name, usage)| (&**name, usage))
}

fn tokens<'a>(
    out: &mut String,
    title: &'static str,
    rows: impl Iterator<Item = (&'a str, &'a AccountModelUsage)>,
    style: &Style,
) {
    let mut table = Table::new([
        (title, Align::Name),
        ("INPUT", Align::Number),
        ("FROM CACHE", Align::Number),
        ("INTO CACHE", Align::Number),
        ("OUTPUT", Align::Number),
        ("SEARCHES", Align::Number),
    ]);
    for (name, usage) in rows {
        let written = usage
            .cache_creation_5m_tokens
            .saturating_add(usage.cache_creation_1h_tokens);
        table.row([
            name.to_owned(),
            compact(usage.uncached_input_tokens),
            compact(usage.cache_read_input_tokens),
            compact(written),
            compact(usage.output_tokens),
            compact(usage.web_search_requests),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
}

/// Where the report comes from, and what is wrong with that.
fn source<T>(out: &mut String, answer: &AccountAnswer<T>, fetched_at: Timestamp, style: &Style) {
    let at = style.zone.minute(fetched_at);
    let age = age(answer.cache.age_s.unwrap_or(0));
    let text = match answer.cache.state {
        CacheState::Live => format!("Fetched now, {at}."),
        CacheState::Fresh => format!("Fetched {age} ago, {at}; --refresh asks again."),
        CacheState::Stale | CacheState::None => format!("Fetched {age} ago, {at}."),
    };
    let _ = writeln!(out, "{}", style.faint(&text));
    if let Some(error) = &answer.error {
        let text = format!(
            "This is an old report: a new one could not be had ({}): {}. {}.",
            error.kind,
            plain(&error.message),
            error.hint
        );
        let _ = writeln!(out, "{}", style.warning(&style.sentence(&text)));
    }
    if let Some(damaged) = &answer.cache.damaged {
        let text = format!(
            "The kept report was damaged; it was put aside as {}.",
            plain(damaged)
        );
        let _ = writeln!(out, "{}", style.warning(&style.sentence(&text)));
    }
}

fn shares(out: &mut String, title: &'static str, shares: &[CostShare], style: &Style) {
    let mut table = Table::new([(title, Align::Name), ("USD", Align::Number)]);
    for share in shares {
        table.row([share.name.clone(), usd_change(share.cost_usd, 2)]);
    }
    if !table.is_empty() {
        out.push('\n');
        out.push_str(&table.render(style));
    }
}

fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
