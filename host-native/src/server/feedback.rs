//! Votes on templates and scores of stages.

use muster_core::Decimal;
use muster_core::coordination::FeedbackQuery;
use muster_core::quality::TierRecommendation;
use muster_core::record::quality_feedback::QualityFeedback;
use muster_core::view::{QualityReport, RatingsView, TierRecommendationView};
use tokio::task::spawn_blocking;

use super::Shared;
use super::answer::Refusal;
use super::params::Params;
use super::streams::within;
use crate::error::Failure;
use crate::ratings;

/// The votes, the best template first.
pub(super) async fn ratings(shared: &Shared) -> Result<RatingsView, Refusal> {
    let file = shared.settings.ratings.clone();
    let read = spawn_blocking(move || ratings::read(file.as_deref(), true)).await;
    let view = read.unwrap_or_else(|_| Err(Failure::defect("the reading broke off")));
    Ok(view?)
}

/// What the scores of a workflow come to.
pub(super) async fn quality(
    shared: &Shared,
    params: &mut Params,
) -> Result<QualityReport, Refusal> {
    let workflow = params.required("workflow")?;
    let scores = history(shared, &workflow, None).await?;
    let threshold = Decimal::from_nanos(700_000_000);
    Ok(QualityReport::of(
        workflow,
        &scores,
        ratings::NEWEST_SCORES,
        threshold,
    ))
}

/// Which tier a stage should run on.
pub(super) async fn recommend(
    shared: &Shared,
    params: &mut Params,
) -> Result<TierRecommendationView, Refusal> {
    let workflow = params.required("workflow")?;
    let stage = params.required("stage")?;
    let tier = params.text("tier");
    let scores = history(shared, &workflow, Some(stage.clone())).await?;
    let recommendation = TierRecommendation::of(&scores, tier.as_deref(), ratings::NEWEST_SCORES);
    Ok(TierRecommendationView::of(workflow, stage, recommendation))
}

async fn history(
    shared: &Shared,
    workflow: &str,
    stage: Option<String>,
) -> Result<Vec<QualityFeedback>, Refusal> {
    let query = FeedbackQuery {
        workflow: workflow.to_owned(),
        stage,
        tier: None,
        limit: ratings::ALL_SCORES,
    };
    let store = shared.keeper.store()?;
    let listing = within(store.feedback_history(shared.clock.now(), &query)).await?;
    Ok(listing.items)
}
