//! Taking in records that others wrote.

use muster_core::Timestamp;
use muster_core::coordination::DEFAULT_HEARTBEAT_TTL_S;
use muster_core::record::heartbeat::Heartbeat;
use muster_core::record::quality_feedback::QualityFeedback;
use muster_core::record::signal::Signal;

use super::super::beats::json_text;
use super::super::keys::Subject;
use super::super::reply::Reply;
use super::super::script::{BEAT_ADOPT, SIGNAL_ADOPT};
use super::super::signals::EVERYONE;
use super::super::{RedisStore, later};
use crate::store::StoreResult;

/// A signal at attune's key.
struct FoundSignal {
    key: String,
    value: String,
    signal: Signal,
}

impl RedisStore {
    /// Takes in values by what their keys say they are; how many were new.
    pub(super) async fn adopt(
        &self,
        now: Timestamp,
        values: Vec<(String, String)>,
    ) -> StoreResult<u64> {
        let mut signals = Vec::new();
        let mut adopted = 0;
        for (key, value) in values {
            if let Some(rest) = key.strip_prefix("empathy:heartbeat:") {
                match Heartbeat::parse(&value) {
                    Ok(_) => adopted += u64::from(self.adopt_beat(now, rest, &value).await?),
                    Err(_) => self.note_malformed(&key),
                }
            } else if key.starts_with("empathy:signal:") {
                match Signal::parse(&value) {
                    Ok(signal) => signals.push(FoundSignal { key, value, signal }),
                    Err(_) => self.note_malformed(&key),
                }
            } else if key.starts_with("approval_request:") {
                match self.adopt_request(now, &value).await {
                    Ok(new) => adopted += u64::from(new?),
                    Err(_) => self.note_malformed(&key),
                }
            } else if let Some(request_id) = key.strip_prefix("approval_response:") {
                self.one_approval(now, request_id).await?;
            } else if key.starts_with("feedback:") {
                match QualityFeedback::parse(&value) {
                    Ok(score) => {
                        self.adopt_score(now, &key, &value, score).await?;
                        adopted += 1;
                    }
                    Err(_) => self.note_malformed(&key),
                }
            }
        }
        // The key space has no order; the records have.
        signals.sort_by_key(|found| found.signal.timestamp);
        Ok(adopted + self.adopt_signals(now, &signals).await?)
    }

    async fn adopt_signals(&self, now: Timestamp, signals: &[FoundSignal]) -> StoreResult<u64> {
        if signals.is_empty() {
            return Ok(0);
        }
        let mut call = self
            .call(&SIGNAL_ADOPT, Subject::Signal)
            .arg(now.as_micros());
        for FoundSignal { key, value, signal } in signals {
            let ttl_us = signal.ttl_seconds.saturating_mul(1_000_000);
            call = call
                .arg(key)
                .arg(&signal.signal_id)
                .arg(signal.target_agent.as_deref().unwrap_or(EVERYONE))
                .arg(&signal.signal_type)
                .arg(&signal.source_agent)
                .arg(value)
                .arg(signal.timestamp.unwrap_or(now).as_micros())
                .arg(ttl_us.max(1));
        }
        self.shared
            .link
            .run("take in foreign signals", call)
            .await?
            .count()
    }

    /// Takes in another's beat; whether it is new.
    pub(in super::super) async fn adopt_beat(
        &self,
        now: Timestamp,
        agent_id: &str,
        value: &str,
    ) -> StoreResult<bool> {
        let Ok(beat) = Heartbeat::parse(value) else {
            return Ok(false);
        };
        let call = self
            .call(&BEAT_ADOPT, Subject::Beat)
            .arg(now.as_micros())
            .arg(agent_id)
            .arg(self.shared.layout.beat_key(agent_id))
            .arg(value)
            .arg(beat.metadata.as_str())
            .arg(
                beat.display_name
                    .as_deref()
                    .map_or_else(|| "null".into(), json_text),
            )
            .arg(u8::from(beat.status == "starting"))
            .arg(u8::from(beat.is_final()))
            .arg(beat.last_beat.unwrap_or(now).as_micros())
            .arg(DEFAULT_HEARTBEAT_TTL_S * 1_000_000);
        let reply = self
            .shared
            .link
            .run("take in a foreign heartbeat", call)
            .await?;
        Ok(Reply::number(reply)? == 1)
    }

    async fn adopt_score(
        &self,
        now: Timestamp,
        key: &str,
        value: &str,
        mut score: QualityFeedback,
    ) -> StoreResult<()> {
        let mut ttl = redis::cmd("TTL");
        ttl.arg(key);
        let left = self
            .shared
            .link
            .command("read a time to live", &ttl)
            .await?
            .number()?;
        let Ok(left) = u64::try_from(left) else {
            return Ok(());
        };
        if score.feedback_id.is_empty() {
            // Its key tells them apart.
            score.feedback_id = key.rsplit(':').next().unwrap_or_default().to_owned();
        }
        self.keep_score(now, &score, value, later(now, left), false)
            .await
    }
}
