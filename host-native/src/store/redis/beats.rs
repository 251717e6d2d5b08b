//! Heartbeats.

use muster_core::coordination::{BeatInput, BeatRun, FleetRow, GRACE_S, Listing, Malformed};
use muster_core::record::heartbeat::Heartbeat;
use muster_core::{JsonObject, Timestamp};

use super::keys::Subject;
use super::reply::Reply;
use super::script::BEAT_LIST;
use super::{RedisStore, later, time};
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// How the stored form of a beat without metadata and name ends.
const TAIL: &str = "{}, \"display_name\": null}";

/// What stands in the store of one agent.
enum Found {
    Row(Box<FleetRow>),
    /// Another's beat, which is not taken in yet.
    Foreign(Foreign),
    Nothing,
}

/// A value at attune's key that Muster did not write.
struct Foreign {
    agent_id: String,
    value: String,
}

impl RedisStore {
    pub(super) async fn put_beat(&self, now: Timestamp, beat: &BeatInput) -> StoreResult<()> {
        let record = Heartbeat {
            agent_id: beat.agent_id.clone(),
            status: beat.status.clone(),
            progress: beat.progress,
            current_task: beat.current_task.clone(),
            last_beat: Some(now),
            metadata: JsonObject::default(),
            display_name: None,
        };
        // Metadata and name are put in by the script, which knows the last ones.
        let value = record.to_value();
        let head = value.strip_suffix(TAIL).unwrap_or(&value);
        let name = beat.display_name.as_deref().map(json_text);
        let ttl_ms = u64::from(beat.ttl_s) * 1000;
        let metadata = beat.metadata.as_ref().map(JsonObject::as_str);
        self.queue_beat([
            beat.agent_id.clone(),
            head.to_owned(),
            metadata.unwrap_or_default().to_owned(),
            name.unwrap_or_default(),
            u8::from(beat.status == "starting").to_string(),
            u8::from(record.is_final()).to_string(),
            now.as_micros().to_string(),
            later(now, beat.ttl_s.into()).as_micros().to_string(),
            self.shared.layout.beat_key(&beat.agent_id),
            self.key_ms(ttl_ms).to_string(),
            (ttl_ms + GRACE_S * 1000).to_string(),
        ])
        .await
    }

    pub(super) async fn fleet_rows(&self, now: Timestamp) -> StoreResult<Listing<FleetRow>> {
        self.notice_foreign(now).await?;
        let (mut listing, foreign) = self.beat_pages(now).await?;
        if !foreign.is_empty() {
            for beat in foreign {
                self.adopt_beat(now, &beat.agent_id, &beat.value).await?;
            }
            (listing, _) = self.beat_pages(now).await?;
        }
        listing
            .items
            .sort_by(|a, b| a.beat.agent_id.cmp(&b.beat.agent_id));
        Ok(listing)
    }

    async fn beat_pages(&self, now: Timestamp) -> StoreResult<(Listing<FleetRow>, Vec<Foreign>)> {
        let mut listing = Listing::default();
        let mut foreign = Vec::new();
        let mut after = String::new();
        loop {
            let [rows, next] = self.beat_page(now, &after, "").await?.parts()?;
            for reply in rows.list()? {
                match found(reply, self.shared.options.foreign) {
                    Ok(Found::Row(row)) => listing.items.push(*row),
                    Ok(Found::Foreign(beat)) => foreign.push(beat),
                    Ok(Found::Nothing) => {}
                    Err(error) => listing.malformed.push(error),
                }
            }
            after = next.text()?;
            if after.is_empty() {
                listing.malformed.extend(self.malformed_beats().await);
                return Ok((listing, foreign));
            }
        }
    }

    async fn beat_page(&self, now: Timestamp, after: &str, one: &str) -> StoreResult<Reply> {
        let call = self
            .call(&BEAT_LIST, Subject::Beat)
            .arg(now.as_micros())
            .arg(after)
            .arg(one);
        self.shared.link.run("list heartbeats", call).await
    }

    pub(super) async fn one_agent(
        &self,
        now: Timestamp,
        agent_id: &str,
    ) -> StoreResult<Option<FleetRow>> {
        for _ in 0..2 {
            let [rows, _next] = self.beat_page(now, "", agent_id).await?.parts()?;
            let Some(reply) = rows.list()?.into_iter().next() else {
                return Ok(None);
            };
            match found(reply, self.shared.options.foreign) {
                Ok(Found::Row(row)) => return Ok(Some(*row)),
                Ok(Found::Nothing) => return Ok(None),
                Ok(Found::Foreign(beat)) => {
                    self.adopt_beat(now, &beat.agent_id, &beat.value).await?;
                }
                Err(malformed) => {
                    return Err(StoreError::new(
                        StoreErrorKind::Malformed,
                        format!("read the heartbeat of {agent_id}"),
                        format!(
                            "{} holds no heartbeat: {}",
                            malformed.key, malformed.error.kind
                        ),
                    ));
                }
            }
        }
        Ok(None)
    }
}

fn found(reply: Reply, foreign: bool) -> Result<Found, Malformed> {
    // A script answers in one form: what does not fit it is no row.
    let Ok([agent, value, arrivals, expires, age, at_key, since, longest]) = reply.parts() else {
        return Ok(Found::Nothing);
    };
    let text = |reply: Reply| reply.text().unwrap_or_default();
    let (agent_id, value, at_key) = (text(agent), text(value), text(at_key));
    if foreign && !at_key.is_empty() && at_key != value {
        return match Heartbeat::parse(&at_key) {
            Ok(_) => Ok(Found::Foreign(Foreign {
                agent_id,
                value: at_key,
            })),
            Err(error) => Err(Malformed {
                key: format!("empathy:heartbeat:{agent_id}"),
                error,
            }),
        };
    }
    if value.is_empty() {
        return Ok(Found::Nothing);
    }
    let beat = Heartbeat::parse(&value).map_err(|error| Malformed {
        key: format!("empathy:heartbeat:{agent_id}"),
        error,
    })?;
    let arrivals = text(arrivals)
        .split(',')
        .filter_map(|at| Timestamp::from_micros(at.parse().ok()?).ok())
        .collect();
    Ok(Found::Row(Box::new(FleetRow {
        beat,
        arrivals,
        run: time(since).ok().map(|since| BeatRun {
            since,
            longest_us: longest.count().unwrap_or(0),
        }),
        expires_at: time(expires).unwrap_or(Timestamp::MIN),
        age_by_store_us: age.count().ok(),
    })))
}

/// A name as JSON, in the form of the first writer.
pub(super) fn json_text(text: &str) -> String {
    JsonObject::parse(&format!("{{\"n\":{}}}", serde_json::Value::from(text)))
        .ok()
        .and_then(|object| {
            let inner = object.as_str().strip_prefix("{\"n\": ")?;
            inner.strip_suffix('}').map(str::to_owned)
        })
        .unwrap_or_else(|| "null".into())
}
