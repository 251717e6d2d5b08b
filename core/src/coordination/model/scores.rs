//! Quality feedback: scores of stages of workflows, each for a week.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::seconds;
use crate::coordination::{DEFAULT_FEEDBACK_TTL_S, FeedbackQuery};
use crate::record::quality_feedback::QualityFeedback;
use crate::time::Timestamp;

#[derive(Clone, Debug, Default)]
pub(super) struct Scores {
    scores: BTreeMap<Key, Kept>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    workflow: String,
    stage: String,
    tier: String,
    feedback_id: String,
}

#[derive(Clone, Debug)]
struct Kept {
    score: QualityFeedback,
    expires_at: Timestamp,
}

impl Scores {
    pub(super) fn record(&mut self, now: Timestamp, mut score: QualityFeedback) {
        let key = Key {
            workflow: score.workflow_name.clone(),
            stage: score.stage_name.clone(),
            tier: score.tier.clone(),
            feedback_id: score.feedback_id.clone(),
        };
        if self
            .scores
            .get(&key)
            .is_some_and(|kept| kept.expires_at > now)
        {
            return;
        }
        score.timestamp.get_or_insert(now);
        let expires_at = now.saturating_add_us(seconds(DEFAULT_FEEDBACK_TTL_S));
        self.scores.insert(key, Kept { score, expires_at });
    }

    pub(super) fn history(&self, now: Timestamp, query: &FeedbackQuery) -> Vec<QualityFeedback> {
        let wants =
            |wanted: &Option<String>, has: &String| wanted.as_ref().is_none_or(|w| w == has);
        let mut scores: Vec<_> = self
            .scores
            .iter()
            .filter(|(key, kept)| {
                kept.expires_at > now
                    && key.workflow == query.workflow
                    && wants(&query.stage, &key.stage)
                    && wants(&query.tier, &key.tier)
            })
            .map(|(_, kept)| &kept.score)
            .collect();
        scores.sort_by_key(|score| Reverse((score.timestamp, &score.feedback_id)));
        scores.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
        scores.into_iter().cloned().collect()
    }

    pub(super) fn clear(&mut self, now: Timestamp, workflow: &str, stage: Option<&str>) -> u64 {
        let mut cleared = 0;
        self.scores.retain(|key, kept| {
            let goes = key.workflow == workflow && stage.is_none_or(|stage| stage == key.stage);
            cleared += u64::from(goes && kept.expires_at > now);
            !goes
        });
        cleared
    }

    pub(super) fn forget(&mut self, now: Timestamp) {
        self.scores.retain(|_, kept| kept.expires_at > now);
    }
}
