//! Scores of the work of stages, in the store.

use clap::Args;
use muster_core::Decimal;
use muster_core::coordination::{DEFAULT_FEEDBACK_TTL_S, FeedbackQuery};
use muster_core::quality::TierRecommendation;
use muster_core::record::quality_feedback::QualityFeedback;
use muster_core::view::{QualityFeedbackView, QualityReport, ScoredView, TierRecommendationView};

use crate::cli::session::Session;
use crate::cli::values::{self, Span};
use crate::error::{Answer, Failure};
use crate::ratings::{ALL_SCORES, NEWEST_SCORES};
use crate::{random, render};

/// Keep a score of the work of a stage, for seven days
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster feedback record --workflow review --stage analysis \\\n    --tier cheap --score 0.85"
)]
pub(crate) struct Record {
    /// The workflow
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    workflow: String,
    /// The stage
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    stage: String,
    /// The tier that did the work
    #[arg(long, value_name = "TIER", value_parser = ["cheap", "capable", "premium"])]
    tier: String,
    /// How good the work was, from 0 to 1
    #[arg(long, value_name = "SCORE", value_parser = values::share)]
    score: Decimal,
    /// Further facts: a JSON object, @FILE, or - for the standard input
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// Its id [default: a new one]
    #[arg(long, value_name = "ID", value_parser = values::name)]
    id: Option<String>,
}

/// Show what the scores of a workflow come to, the weakest stage first
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster feedback stats --workflow review\n\n\
        Of each stage and tier the newest 100 scores count. Exit status 1 when there is\n\
        none.")]
pub(crate) struct Stats {
    /// The workflow
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    workflow: String,
    /// Only this stage
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    stage: Option<String>,
    /// Only this tier
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    tier: Option<String>,
    /// Mark what has a mean below this
    #[arg(long, value_name = "SCORE", value_parser = values::share, default_value = "0.7")]
    threshold: Decimal,
}

/// Recommend the tier that a stage should run on, by its scores
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster feedback recommend --workflow review --stage analysis --tier capable\n\n\
        A mean below 0.7 asks for the next tier, one above 0.9 may do with the lower\n\
        one. Fewer than 10 scores change nothing. Exit status 1 when there is no score."
)]
pub(crate) struct Recommend {
    /// The workflow
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    workflow: String,
    /// The stage
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    stage: String,
    /// The tier that it runs on [default: that of the newest score]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    tier: Option<String>,
}

impl Record {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let now = session.now();
        let score = QualityFeedback {
            feedback_id: match &self.id {
                Some(id) => id.clone(),
                None => random::id("feedback")?,
            },
            workflow_name: self.workflow.clone(),
            stage_name: self.stage.clone(),
            tier: self.tier.clone(),
            quality_score: self.score,
            timestamp: Some(now),
            metadata: values::json_object("--metadata", self.metadata.as_deref())?,
        };
        session.store.feedback(now, &score).await?;
        let view = ScoredView {
            score: QualityFeedbackView::from(score),
            expires_at: Span::seconds(DEFAULT_FEEDBACK_TTL_S).after(now),
        };
        session.context.answer(&view, render::scored)
    }
}

impl Stats {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let query = FeedbackQuery {
            workflow: self.workflow.clone(),
            stage: self.stage.clone(),
            tier: self.tier.clone(),
            limit: ALL_SCORES,
        };
        let scores = history(session, &query).await?;
        let report = QualityReport::of(
            self.workflow.clone(),
            &scores,
            NEWEST_SCORES,
            self.threshold,
        );
        let mut total = 0;
        let is_filtered = self.stage.is_some() || self.tier.is_some();
        if scores.is_empty() && is_filtered && !session.context.json {
            let all = FeedbackQuery {
                stage: None,
                tier: None,
                ..query
            };
            total = history(session, &all).await?.len() as u64;
        }
        session.context.answer(&report, |report, style| {
            if total > 0 {
                render::none_of(total, "score")
            } else {
                render::quality(report, style)
            }
        })?;
        Ok(Answer::of(!report.stages.is_empty()))
    }
}

impl Recommend {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let query = FeedbackQuery {
            workflow: self.workflow.clone(),
            stage: Some(self.stage.clone()),
            tier: None,
            limit: ALL_SCORES,
        };
        let scores = history(session, &query).await?;
        let recommendation = TierRecommendation::of(&scores, self.tier.as_deref(), NEWEST_SCORES);
        let view =
            TierRecommendationView::of(self.workflow.clone(), self.stage.clone(), recommendation);
        session.context.answer(&view, render::recommendation)?;
        Ok(Answer::of(!scores.is_empty()))
    }
}

async fn history(
    session: &Session<'_>,
    query: &FeedbackQuery,
) -> Result<Vec<QualityFeedback>, Failure> {
    let listing = session.store.feedback_history(session.now(), query).await?;
    Ok(session.items(listing))
}
