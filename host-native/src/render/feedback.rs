//! Votes and scores, as text.

use std::fmt::Write as _;

use muster_core::view::{
    QualityReport, QualityStatsView, RatedView, RatingView, RatingsView, ScoredView,
    TierRecommendationView,
};

use super::signal::moment;
use super::{Align, Style, Table, count, percent, percent_change, plain};

/// A vote that was counted.
pub fn rated(view: &RatedView, style: &Style) -> String {
    let rating = &view.rating;
    let text = format!(
        "{}: {} good, {} bad, score {} ({}); counted in {}.",
        rating.template,
        count(rating.good),
        count(rating.bad),
        two(rating.score),
        range(rating),
        view.file
    );
    let mut out = style.sentence(&plain(&text)) + "\n";
    if let Some(aside) = &view.set_aside {
        let text =
            format!("The document was damaged: it is kept as {aside}, and a new one was begun.");
        out += &style.warning(&style.sentence(&plain(&text)));
        out.push('\n');
    }
    out
}

/// Votes on templates.
pub fn ratings(view: &RatingsView, style: &Style) -> String {
    let mut out = String::new();
    if view.templates.is_empty() {
        out += "There are no votes.\n";
    } else {
        let mut table = Table::new([
            ("TEMPLATE", Align::Name),
            ("GOOD", Align::Number),
            ("BAD", Align::Number),
            ("SCORE", Align::Number),
            ("RANGE", Align::Text),
            ("ATTUNE", Align::Number),
        ]);
        for rating in &view.templates {
            let score = if rating.rated {
                two(rating.score)
            } else {
                "unrated".into()
            };
            table.row([
                rating.template.clone(),
                count(rating.good),
                count(rating.bad),
                score,
                range(rating),
                two(rating.attune_confidence),
            ]);
        }
        out += &table.render(style);
    }
    out.push('\n');
    let _ = writeln!(
        out,
        "{}",
        style.sentence(&plain(&format!("From {}.", view.file)))
    );
    for skipped in &view.skipped {
        let text = format!("{} is left out: {}", skipped.template, skipped.reason);
        let _ = writeln!(out, "{}", style.warning(&style.sentence(&plain(&text))));
    }
    out
}

/// A score that was kept.
pub fn scored(view: &ScoredView, style: &Style) -> String {
    let score = &view.score;
    let text = format!(
        "{}: {} for {}/{} on {}, until {}.",
        score.feedback_id,
        score.quality_score,
        score.workflow_name,
        score.stage_name,
        score.tier,
        moment(view.expires_at, style)
    );
    style.sentence(&plain(&text)) + "\n"
}

/// What the scores of a workflow come to.
pub fn quality(report: &QualityReport, style: &Style) -> String {
    if report.stages.is_empty() {
        return format!("There are no scores of {}.\n", plain(&report.workflow_name));
    }
    let mut table = Table::new(columns([("STAGE", Align::Name), ("TIER", Align::Name)]));
    for stage in &report.stages {
        let mut row = vec![stage.stage_name.clone(), stage.tier.clone()];
        row.extend(cells(&stage.stats));
        if stage.underperforms {
            row.push("underperforms".into());
        } else {
            row.push(String::new());
        }
        table.row(row);
    }
    table.render(style)
}

/// Which tier a stage should run on.
pub fn recommendation(view: &TierRecommendationView, style: &Style) -> String {
    let from = match &view.current_tier {
        Some(current) if *current == view.recommended_tier => format!("stay on {current}"),
        Some(current) => format!("go from {current} to {}", view.recommended_tier),
        None => format!("begin on {}", view.recommended_tier),
    };
    let text = format!(
        "{}/{}: {from} (confidence {}): {}.",
        view.workflow_name,
        view.stage_name,
        percent(view.confidence),
        view.explanation
    );
    let mut out = style.sentence(&plain(&text)) + "\n";
    if view.by_tier.is_empty() {
        return out;
    }
    let mut table = Table::new(columns([("TIER", Align::Name)]));
    for (tier, stats) in &view.by_tier {
        let mut row = vec![tier.clone()];
        row.extend(cells(stats));
        row.push(String::new());
        table.row(row);
    }
    out.push('\n');
    out += &table.render(style);
    out
}

fn columns<const N: usize>(names: [(&'static str, Align); N]) -> Vec<(&'static str, Align)> {
    let mut columns = Vec::from(names);
    columns.extend([
        ("SCORES", Align::Number),
        ("MEAN", Align::Number),
        ("MIN", Align::Number),
        ("MAX", Align::Number),
        ("TREND", Align::Number),
        ("", Align::Text),
    ]);
    columns
}

fn cells(stats: &QualityStatsView) -> [String; 5] {
    [
        count(stats.samples),
        two(stats.mean),
        stats.min.to_string(),
        stats.max.to_string(),
        percent_change(Some(stats.trend)),
    ]
}

fn range(rating: &RatingView) -> String {
    format!(
        "{} to {}",
        two(rating.interval.low),
        two(rating.interval.high)
    )
}

fn two(value: f64) -> String {
    format!("{value:.2}")
}
