//! Quality feedback.

use std::cmp::Reverse;

use muster_core::Timestamp;
use muster_core::coordination::{DEFAULT_FEEDBACK_TTL_S, FeedbackQuery, Listing, Malformed};
use muster_core::record::quality_feedback::QualityFeedback;

use super::keys::Subject;
use super::reply::Reply;
use super::script::{FEEDBACK_CLEAR, FEEDBACK_LIST, FEEDBACK_RECORD};
use super::{RedisStore, later};
use crate::store::StoreResult;

impl RedisStore {
    pub(super) async fn record_score(
        &self,
        now: Timestamp,
        score: &QualityFeedback,
    ) -> StoreResult<()> {
        let mut score = score.clone();
        score.timestamp.get_or_insert(now);
        let expires = later(now, DEFAULT_FEEDBACK_TTL_S);
        self.keep_score(now, &score, &score.to_value(), expires, true)
            .await
    }

    /// Keeps a score, at attune's key as well where Muster writes it.
    pub(super) async fn keep_score(
        &self,
        now: Timestamp,
        score: &QualityFeedback,
        value: &str,
        expires: Timestamp,
        write_key: bool,
    ) -> StoreResult<()> {
        let (stage, tier) = (&score.stage_name, &score.tier);
        let path = format!("{stage}:{tier}:{}", score.feedback_id);
        let key_ms = if write_key {
            self.key_ms(DEFAULT_FEEDBACK_TTL_S * 1000)
        } else {
            0
        };
        let call = self
            .call(&FEEDBACK_RECORD, Subject::Feedback)
            .arg(now.as_micros())
            .arg(&score.workflow_name)
            .arg(format!("{} {} {path}", stage.len(), tier.len()))
            .arg(stage)
            .arg(value)
            .arg(expires.as_micros())
            .arg(self.shared.layout.feedback_key(&score.workflow_name, &path))
            .arg(key_ms);
        self.shared.link.run("keep a score", call).await.map(drop)
    }

    pub(super) async fn score_history(
        &self,
        now: Timestamp,
        query: &FeedbackQuery,
    ) -> StoreResult<Listing<QualityFeedback>> {
        self.notice_foreign(now).await?;
        let call = self
            .call(&FEEDBACK_LIST, Subject::Feedback)
            .arg(now.as_micros())
            .arg(&query.workflow);
        let rows = self.shared.link.run("list scores", call).await?;
        let mut listing = Listing::default();
        for value in rows.list()? {
            let value = Reply::text(value)?;
            match QualityFeedback::parse(&value) {
                Ok(score) => listing.items.push(score),
                Err(error) => listing.malformed.push(Malformed {
                    key: format!("feedback:{}", query.workflow),
                    error,
                }),
            }
        }
        let wants = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|w| w == has);
        listing.items.retain(|score| {
            wants(&query.stage, &score.stage_name) && wants(&query.tier, &score.tier)
        });
        // As the model: newest first, by id downwards, then by stage and tier.
        listing.items.sort_by(|a, b| {
            let place = |score: &QualityFeedback| {
                (
                    Reverse((score.timestamp, score.feedback_id.clone())),
                    score.stage_name.clone(),
                    score.tier.clone(),
                )
            };
            place(a).cmp(&place(b))
        });
        listing
            .items
            .truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
        listing.malformed.extend(self.malformed_scores().await);
        Ok(listing)
    }

    pub(super) async fn clear_scores(
        &self,
        now: Timestamp,
        workflow: &str,
        stage: Option<&str>,
    ) -> StoreResult<u64> {
        self.notice_foreign(now).await?;
        let call = self
            .call(&FEEDBACK_CLEAR, Subject::Feedback)
            .arg(now.as_micros())
            .arg(workflow)
            .arg(stage.unwrap_or_default())
            .arg(u8::from(stage.is_none()));
        self.shared.link.run("clear scores", call).await?.count()
    }
}
