//! How far votes can be trusted, and how good work was.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use serde::Serialize;

use super::map::IntoMap as _;
use crate::confidence::{Confidence, ShareInterval};
use crate::decimal::Decimal;
use crate::json_object::JsonObject;
use crate::quality::{QualityStats, TierReason, TierRecommendation};
use crate::record::quality_feedback::QualityFeedback;
use crate::record::template_ratings::Votes;
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
