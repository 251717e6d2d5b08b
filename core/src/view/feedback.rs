//! How far votes can be trusted, and how good work was.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::map::IntoMap as _;
use crate::confidence::{Confidence, ShareInterval, rank};
use crate::decimal::Decimal;
use crate::json_object::JsonObject;
use crate::quality::{QualityStats, TierReason, TierRecommendation};
use crate::record::quality_feedback::QualityFeedback;
use crate::record::template_ratings::{TemplateRatings, Votes};
use crate::time::Timestamp;

/// The votes on one template and what they come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RatingView {
    /// The template's id.
    pub template: String,
    /// Votes in favour.
    pub good: u64,
    /// Votes against.
    pub bad: u64,
    /// How many votes there are.
    pub votes: u64,
    /// (good + 1) / (good + bad + 2), by which templates are ranked.
    pub score: f64,
    /// Whether there is a vote at all: without one the score says nothing.
    pub rated: bool,
    /// Between which shares of good votes the true one lies, 95 times in 100.
    pub interval: ShareInterval,
    /// What attune makes of the votes: good / (good + bad), and 1 without any.
    pub attune_confidence: f64,
}

impl RatingView {
    /// The votes on a template.
    pub fn of(template: String, votes: Votes) -> Self {
        let confidence = Confidence::of(votes);
        Self {
            template,
            good: votes.good,
            bad: votes.bad,
            votes: confidence.votes,
            score: confidence.score(),
            rated: !confidence.is_unrated(),
            interval: confidence.interval(),
            attune_confidence: confidence.attune_ratio(),
        }
    }
}

/// How far weighed votes can be trusted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfidenceView {
    /// How many votes there are.
    pub votes: u64,
    /// The weight of those in favour; their number unless they decay.
    pub good: f64,
    /// The weight of those against.
    pub bad: f64,
    /// (good + 1) / (good + bad + 2), by which things are ranked.
    pub score: f64,
    /// Whether there is a vote at all: without one the score says nothing.
    pub rated: bool,
    /// Between which shares of good votes the true one lies, 95 times in 100.
    pub interval: ShareInterval,
    /// What attune makes of the votes: good / (good + bad), and 1 without any.
    pub attune_confidence: f64,
}

impl From<Confidence> for ConfidenceView {
    fn from(confidence: Confidence) -> Self {
        Self {
            votes: confidence.votes,
            good: confidence.good,
            bad: confidence.bad,
            score: confidence.score(),
            rated: !confidence.is_unrated(),
            interval: confidence.interval(),
            attune_confidence: confidence.attune_ratio(),
        }
    }
}

/// The votes on templates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RatingsView {
    /// The document that they come from.
    pub file: String,
    /// The templates.
    pub templates: Vec<RatingView>,
    /// Entries of the document that are no votes.
    pub skipped: Vec<SkippedRating>,
}

/// An entry that is no pair of counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedRating {
    /// The template's id.
    pub template: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A vote that was counted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RatedView {
    /// The document that it was counted in.
    pub file: String,
    /// Under which name a damaged document was kept; `null` where it was whole.
    pub set_aside: Option<String>,
    /// The votes on the template, this one included.
    pub rating: RatingView,
}

impl RatingsView {
    /// The votes of a document: in the order of the names, or the best first.
    pub fn of(file: String, ratings: TemplateRatings, best_first: bool) -> Self {
        let mut rated: Vec<(String, Votes)> = ratings.templates.into_iter().collect();
        if best_first {
            let votes: BTreeMap<String, Votes> = rated.iter().cloned().into_map();
            let mut order: Vec<(String, Confidence)> = rated
                .into_iter()
                .map(|(template, votes)| (template, Confidence::of(votes)))
                .collect();
            rank(&mut order);
            rated = order
                .into_iter()
                .filter_map(|(template, _)| Some((template.clone(), *votes.get(&template)?)))
                .collect();
        }
        let templates = rated.into_iter();
        let skipped = ratings.skipped.into_iter();
        Self {
            file,
            templates: templates
                .map(|(template, votes)| RatingView::of(template, votes))
                .collect(),
            skipped: skipped
                .map(|(template, error)| SkippedRating {
                    template,
                    reason: error.kind.to_string(),
                })
                .collect(),
        }
    }
}

/// A score that was kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoredView {
    /// The score.
    #[serde(flatten)]
    pub score: QualityFeedbackView,
    /// Until when it counts.
    pub expires_at: Timestamp,
}

/// What the scores of a workflow come to, by stage and tier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QualityReport {
    /// The workflow.
    pub workflow_name: String,
    /// Its stages and tiers, the lowest mean first.
    pub stages: Vec<StageQuality>,
}

/// What the scores of one stage on one tier come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageQuality {
    /// The stage.
    pub stage_name: String,
    /// The tier.
    pub tier: String,
    /// The scores.
    #[serde(flatten)]
    pub stats: QualityStatsView,
    /// Whether their mean is below what is asked for.
    pub underperforms: bool,
}

impl QualityReport {
    /// The scores of a workflow, given newest first: of each stage and tier the newest
    /// `limit` count. A mean below `threshold` underperforms.
    pub fn of(
        workflow_name: String,
        newest_first: &[QualityFeedback],
        limit: usize,
        threshold: Decimal,
    ) -> Self {
        let mut scores: BTreeMap<(&str, &str), Vec<Decimal>> = BTreeMap::new();
        for score in newest_first {
            let of_stage = scores.entry((&score.stage_name, &score.tier)).or_default();
            if of_stage.len() < limit {
                of_stage.push(score.quality_score);
            }
        }
        let mut stages: Vec<StageQuality> = scores
            .into_iter()
            .filter_map(|((stage, tier), scores)| {
                let stats = QualityStats::of(&scores)?;
                Some(StageQuality {
                    stage_name: stage.into(),
                    tier: tier.into(),
                    underperforms: stats.is_below(threshold),
                    stats: (&stats).into(),
                })
            })
            .collect();
        stages.sort_by(|a, b| a.stats.mean.total_cmp(&b.stats.mean));
        Self {
            workflow_name,
            stages,
        }
    }
}

/// One score of the work of a stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QualityFeedbackView {
    /// Its id.
    pub feedback_id: String,
    /// The workflow.
    pub workflow_name: String,
    /// The stage.
    pub stage_name: String,
    /// The tier that did the work.
    pub tier: String,
    /// From 0 to 1.
    pub quality_score: Decimal,
    /// When it was given.
    pub timestamp: Option<Timestamp>,
    /// Further facts.
    pub metadata: JsonObject,
}

impl From<QualityFeedback> for QualityFeedbackView {
    fn from(score: QualityFeedback) -> Self {
        Self {
            feedback_id: score.feedback_id,
            workflow_name: score.workflow_name,
            stage_name: score.stage_name,
            tier: score.tier,
            quality_score: score.quality_score,
            timestamp: score.timestamp,
            metadata: score.metadata,
        }
    }
}

/// What the scores of one stage on one tier come to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct QualityStatsView {
    /// How many scores.
    pub samples: u64,
    /// Their mean.
    pub mean: f64,
    /// The lowest.
    pub min: Decimal,
    /// The highest.
    pub max: Decimal,
    /// How the newer half differs from the older, as a part of the older.
    pub trend: f64,
}

impl From<&QualityStats> for QualityStatsView {
    fn from(stats: &QualityStats) -> Self {
        Self {
            samples: stats.samples,
            mean: stats.mean(),
            min: stats.min,
            max: stats.max,
            trend: stats.trend,
        }
    }
}

/// Which tier a stage should run on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TierRecommendationView {
    /// The workflow.
    pub workflow_name: String,
    /// The stage.
    pub stage_name: String,
    /// The tier it runs on; `null` if that is not known.
    pub current_tier: Option<String>,
    /// The tier to run on.
    pub recommended_tier: String,
    /// From 0, a guess, to 1.
    pub confidence: f64,
    /// `no_data`, `too_few`, `too_low`, `too_low_at_the_top`, `lower_will_do`,
    /// `lower_unproven`, `fits` or `other_tier`.
    pub reason: TierReason,
    /// The same in words.
    pub explanation: String,
    /// What the scores of each tier come to.
    pub by_tier: BTreeMap<String, QualityStatsView>,
}

impl TierRecommendationView {
    /// The recommendation for a stage.
    pub fn of(
        workflow_name: String,
        stage_name: String,
        recommendation: TierRecommendation,
    ) -> Self {
        let tiers = recommendation.by_tier.iter();
        Self {
            workflow_name,
            stage_name,
            by_tier: tiers
                .map(|(tier, stats)| (tier.clone(), stats.into()))
                .into_map(),
            current_tier: recommendation.current,
            recommended_tier: recommendation.recommended,
            confidence: recommendation.confidence,
            reason: recommendation.reason,
            explanation: recommendation.reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::to_json;

    #[test]
    fn the_best_template_is_first() {
        let document = r#"{"a": {"good": 0, "bad": 1}, "b": {"good": 9, "bad": 1}, "c": 5}"#;
        let ratings = TemplateRatings::parse(document).unwrap();
        let names = |view: &RatingsView| -> Vec<String> {
            let templates = view.templates.iter();
            templates.map(|rating| rating.template.clone()).collect()
        };
        let view = RatingsView::of("f".into(), ratings.clone(), true);
        assert_eq!(names(&view), ["b", "a"]);
        assert_eq!(view.skipped[0].template, "c");
        assert_eq!(
            names(&RatingsView::of("f".into(), ratings, false)),
            ["a", "b"]
        );
    }

    #[test]
    fn stages_are_told_apart_and_the_weakest_is_first() {
        let score = |stage: &str, tier: &str, score: &str| {
            let value = alloc::format!(
                r#"{{"workflow_name": "w", "stage_name": "{stage}", "tier": "{tier}", "quality_score": {score}}}"#
            );
            QualityFeedback::parse(&value).unwrap()
        };
        let scores = [
            score("a:b", "cheap", "0.9"),
            score("a", "b:cheap", "0.5"),
            score("a", "b:cheap", "0.8"),
            score("a", "b:cheap", "0.1"),
        ];
        let threshold = Decimal::parse("0.7").unwrap();
        let report = QualityReport::of("w".into(), &scores, 2, threshold);
        assert_eq!(report.stages.len(), 2);
        let weakest = &report.stages[0];
        assert_eq!((&*weakest.stage_name, weakest.stats.samples), ("a", 2));
        assert!(weakest.underperforms && !report.stages[1].underperforms);
        assert!(to_json(weakest).contains(r#""samples":2,"mean":0.65,"#));
    }
}
