//! Signals.

use muster_core::Timestamp;
use muster_core::coordination::{
    Broadcasted, ENROLMENT_S, GRACE_S, Listing, Malformed, NewSignal, PendingSignal, Sent,
    SignalCheck, SignalFilter,
};
use muster_core::record::signal::Signal;
use xxhash_rust::xxh3::Xxh3;

use super::keys::Subject;
use super::reply::Reply;
use super::script::{
    SIGNAL_ALL, SIGNAL_CHECK, SIGNAL_ENROL, SIGNAL_LIST, SIGNAL_SEND, SIGNAL_SLOWEST,
};
use super::{RedisStore, later, time};
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// The box of signals to all.
pub(super) const EVERYONE: &str = "*";

impl RedisStore {
    pub(super) async fn send_signal(&self, now: Timestamp, new: &NewSignal) -> StoreResult<Sent> {
        let target = Some(new.target_agent.as_str());
        Ok(self.post(now, new, target).await?.sent)
    }

    pub(super) async fn broadcast_signal(
        &self,
        now: Timestamp,
        new: &NewSignal,
    ) -> StoreResult<Broadcasted> {
        self.post(now, new, None).await
    }

    async fn post(
        &self,
        now: Timestamp,
        new: &NewSignal,
        target: Option<&str>,
    ) -> StoreResult<Broadcasted> {
        let signal = Signal {
            signal_id: new.signal_id.clone(),
            signal_type: new.signal_type.clone(),
            source_agent: new.source_agent.clone(),
            target_agent: target.map(Into::into),
            payload: new.payload.clone(),
            timestamp: Some(now),
            ttl_seconds: new.ttl_s.into(),
        };
        let inbox = target.unwrap_or(EVERYONE);
        let key = self
            .shared
            .layout
            .signal_key(inbox, &new.signal_type, &new.signal_id);
        let ttl_ms = u64::from(new.ttl_s) * 1000;
        let content = [
            inbox,
            &new.signal_type,
            &new.source_agent,
            new.payload.as_str(),
        ];
        let call = self
            .call(&SIGNAL_SEND, Subject::Signal)
            .arg(now.as_micros())
            .arg(&new.signal_id)
            .arg(inbox)
            .arg(&new.signal_type)
            .arg(&new.source_agent)
            .arg(signal.to_value())
            .arg(new.expires_at(now).as_micros())
            .arg(ttl_ms * 1000)
            .arg(key)
            .arg(self.key_ms(ttl_ms))
            .arg(mark_of(content));
        let reply = self.shared.link.run("send a signal", call).await?;
        let [repeated, expires, enrolled, differs] = reply.parts()?;
        Ok(Broadcasted {
            sent: Sent {
                repeated: repeated.number()? == 1,
                differs: differs.number()? == 1,
                expires_at: time(expires)?,
            },
            enrolled: enrolled.count()?,
        })
    }

    pub(super) async fn take_signal(
        &self,
        now: Timestamp,
        filter: &SignalFilter,
    ) -> StoreResult<SignalCheck> {
        self.look_for(now, filter, true).await
    }

    pub(super) async fn check_signal(
        &self,
        now: Timestamp,
        filter: &SignalFilter,
    ) -> StoreResult<SignalCheck> {
        self.look_for(now, filter, false).await
    }

    async fn look_for(
        &self,
        now: Timestamp,
        filter: &SignalFilter,
        take: bool,
    ) -> StoreResult<SignalCheck> {
        let tried = if take {
            "take a signal"
        } else {
            "check for a signal"
        };
        // Looked once, it is answered: a server so slow that the mark is old again
        // meanwhile would be asked for ever.
        let mut looked = false;
        let (outcome, second, third) = loop {
            let slot = self.shared.link.slot(tried)?;
            let call = self.filtered(&SIGNAL_CHECK, now, filter);
            let call = if take {
                let name = format!("{}:{}", self.shared.process, slot.number);
                call.arg(name).arg(self.ticket())
            } else {
                call.arg("").arg("")
            };
            let reply = self.shared.link.run_in(&slot, tried, call).await?;
            let [outcome, second, third, mark] = reply.parts()?;
            let outcome = outcome.text()?;
            let enough = matches!(outcome.as_str(), "pending" | "delivered");
            if enough || looked || !self.look_again(now, mark.number()?).await? {
                break (outcome, second, third);
            }
            looked = true;
        };
        Ok(match outcome.as_str() {
            "pending" => SignalCheck::Pending(held(second, third, tried)?),
            "delivered" => SignalCheck::Delivered(held(second, third, tried)?),
            "expired" => SignalCheck::Expired(held(second, third, tried)?),
            _ => {
                let last = second.number()?;
                SignalCheck::NeverSeen {
                    observed_since: observed_since(now, third.number_if_any()?),
                    last_delivered_at: (last >= 0)
                        .then(|| Timestamp::from_micros(last).ok())
                        .flatten(),
                }
            }
        })
    }

    pub(super) async fn pending_signals(
        &self,
        now: Timestamp,
        filter: &SignalFilter,
    ) -> StoreResult<Listing<PendingSignal>> {
        self.notice_foreign(now).await?;
        let mut listing = Listing::default();
        let add_rows = |rows: Reply| {
            let mut pairs = rows.pairs()?.into_iter();
            pairs.try_for_each(|(expires, value)| add(&mut listing, expires, value, Vec::new()))
        };
        self.each_page(now, filter, false, add_rows).await?;
        listing.malformed = self.malformed_signals().await;
        Ok(listing)
    }

    /// Visits page by page what an agent can receive, or what of it was cleared: one
    /// step over a long queue would hold up the server.
    async fn each_page(
        &self,
        now: Timestamp,
        filter: &SignalFilter,
        clear: bool,
        mut visit: impl FnMut(Reply) -> StoreResult<()>,
    ) -> StoreResult<()> {
        let tried = if clear {
            "clear signals"
        } else {
            "list signals"
        };
        let (mut after, mut upto) = (String::new(), String::new());
        loop {
            let call = self
                .filtered(&SIGNAL_LIST, now, filter)
                .arg(u8::from(clear))
                .arg(&after)
                .arg(&upto);
            let reply = self.shared.link.run(tried, call).await?;
            let [rows, next, last] = reply.parts()?;
            visit(rows)?;
            (after, upto) = (next.text()?, last.text()?);
            if after.is_empty() {
                return Ok(());
            }
        }
    }

    pub(super) async fn every_signal(
        &self,
        now: Timestamp,
        expired: bool,
    ) -> StoreResult<Listing<PendingSignal>> {
        self.notice_foreign(now).await?;
        let mut listing = Listing::default();
        let mut after = String::new();
        loop {
            let call = self
                .call(&SIGNAL_ALL, Subject::Signal)
                .arg(now.as_micros())
                .arg(&after)
                .arg(u8::from(expired));
            let reply = self.shared.link.run("list all signals", call).await?;
            let [rows, next] = reply.parts()?;
            for row in rows.list()? {
                let [end, value, receivers] = row.parts()?;
                let receivers = receivers.list()?.into_iter();
                let mut received_by: Vec<String> =
                    receivers.map(Reply::text).collect::<StoreResult<_>>()?;
                received_by.sort_unstable();
                add(&mut listing, end, value, received_by)?;
            }
            after = next.text()?;
            if after.is_empty() {
                listing.malformed = self.malformed_signals().await;
                return Ok(listing);
            }
        }
    }

    pub(super) async fn clear_signals(
        &self,
        now: Timestamp,
        filter: &SignalFilter,
    ) -> StoreResult<u64> {
        // What foreign agents sent before is to go as well.
        self.notice_foreign(now).await?;
        let mut cleared = 0;
        self.each_page(now, filter, true, |count| {
            cleared += count.count()?;
            Ok(())
        })
        .await?;
        Ok(cleared)
    }

    pub(super) async fn enrol_agent(&self, now: Timestamp, agent_id: &str) -> StoreResult<()> {
        let call = self
            .call(&SIGNAL_ENROL, Subject::Signal)
            .arg(now.as_micros())
            .arg(agent_id)
            .arg(later(now, ENROLMENT_S).as_micros());
        self.shared.link.run("enrol an agent", call).await.map(drop)
    }

    pub(super) async fn slowest(
        &self,
        now: Timestamp,
        signal_type: Option<&str>,
    ) -> StoreResult<Option<u64>> {
        let call = self
            .call(&SIGNAL_SLOWEST, Subject::Signal)
            .arg(now.as_micros())
            .arg(signal_type.unwrap_or_default());
        let reply = self.shared.link.run("look up deliveries", call).await?;
        let slowest = reply.number_if_any()?;
        Ok(slowest.and_then(|us| u64::try_from(us).ok()))
    }

    fn filtered<'a>(
        &'a self,
        script: &'a super::script::Script,
        now: Timestamp,
        filter: &SignalFilter,
    ) -> super::link::Call<'a> {
        self.call(script, Subject::Signal)
            .arg(now.as_micros())
            .arg(&filter.agent_id)
            .arg(filter.signal_type.as_deref().unwrap_or_default())
            .arg(filter.source_agent.as_deref().unwrap_or_default())
    }
}

/// Tells what one signal says from what another does.
fn mark_of(content: [&str; 4]) -> String {
    let mut hash = Xxh3::new();
    for part in content {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    format!("{:032x}", hash.digest128())
}

/// Since when the store has been watched, of what is remembered.
fn observed_since(now: Timestamp, since: Option<i64>) -> Option<Timestamp> {
    let grace = i64::try_from(GRACE_S)
        .unwrap_or(i64::MAX)
        .saturating_mul(1_000_000);
    let since = Timestamp::from_micros(since?).ok()?;
    Some(since.max(now.saturating_add_us(-grace)))
}

fn add(
    listing: &mut Listing<PendingSignal>,
    expires: Reply,
    value: Reply,
    received_by: Vec<String>,
) -> StoreResult<()> {
    let value = value.text()?;
    match Signal::parse(&value) {
        Ok(signal) => listing.items.push(PendingSignal {
            signal,
            expires_at: time(expires)?,
            received_by,
        }),
        Err(error) => listing.malformed.push(Malformed { key: value, error }),
    }
    Ok(())
}

/// A signal that a script gave, which was a record when it was taken in.
fn held(expires: Reply, value: Reply, tried: &str) -> StoreResult<PendingSignal> {
    let value = value.text()?;
    let signal = Signal::parse(&value).map_err(|error| {
        StoreError::new(
            StoreErrorKind::Malformed,
            tried,
            format!("the stored signal is malformed: {}", error.kind),
        )
    })?;
    Ok(PendingSignal {
        signal,
        expires_at: time(expires)?,
        received_by: Vec::new(),
    })
}
