//! Signals: each to one agent is received by exactly one reader; a broadcast once
//! by every agent that asks before it expires, but not by its sender.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::{remembered, seconds};
use crate::coordination::{
    Broadcasted, ENROLMENT_S, GRACE_S, NewSignal, PendingSignal, Sent, SignalCheck, SignalFilter,
};
use crate::json_object::JsonObject;
use crate::record::signal::Signal;
use crate::time::Timestamp;

#[derive(Clone, Debug, Default)]
pub(super) struct Mailbox {
    /// The next place in the order of all signals.
    next: u64,
    /// What was accepted under the ids that are remembered.
    ids: BTreeMap<String, Accepted>,
    /// By the receiver, then by the place in the order.
    mail: BTreeMap<String, BTreeMap<u64, PendingSignal>>,
    /// By the place in the order.
    broadcasts: BTreeMap<u64, Broadcast>,
    deliveries: BTreeMap<Route, Deliveries>,
    /// Until when.
    enrolled: BTreeMap<String, Timestamp>,
}

/// What was accepted under an id.
#[derive(Clone, Debug)]
struct Accepted {
    /// Until when the id is remembered.
    until: Timestamp,
    content: Content,
}

/// What a signal says, to whom and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    signal_type: String,
    source_agent: String,
    target_agent: Option<String>,
    payload: JsonObject,
}

#[derive(Clone, Debug)]
struct Broadcast {
    held: PendingSignal,
    /// Who has received it, or cleared it.
    received_by: BTreeSet<String>,
}

/// Where signals arrive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Route {
    agent_id: String,
    signal_type: String,
}

/// What is known of the deliveries on one route.
#[derive(Clone, Copy, Debug)]
struct Deliveries {
    last: Timestamp,
    slowest_us: u64,
}

impl Mailbox {
    pub(super) fn send(&mut self, now: Timestamp, signal: NewSignal) -> Sent {
        let target = signal.target_agent.clone();
        match self.accept(now, signal, Some(target.clone())) {
            Ok((place, held)) => {
                let expires_at = held.expires_at;
                self.mail.entry(target).or_default().insert(place, held);
                Sent {
                    expires_at,
                    repeated: false,
                    differs: false,
                }
            }
            Err(repeated) => repeated,
        }
    }

    pub(super) fn broadcast(&mut self, now: Timestamp, signal: NewSignal) -> Broadcasted {
        let enrolled = self
            .enrolled
            .iter()
            .filter(|(agent, until)| **until > now && **agent != signal.source_agent)
            .count() as u64;
        let sent = match self.accept(now, signal, None) {
            Ok((place, held)) => {
                let expires_at = held.expires_at;
                let received_by = BTreeSet::new();
                self.broadcasts
                    .insert(place, Broadcast { held, received_by });
                Sent {
                    expires_at,
                    repeated: false,
                    differs: false,
                }
            }
            Err(repeated) => repeated,
        };
        Broadcasted { sent, enrolled }
    }

    /// The place and the signal; or that its id was accepted before.
    fn accept(
        &mut self,
        now: Timestamp,
        signal: NewSignal,
        target_agent: Option<String>,
    ) -> Result<(u64, PendingSignal), Sent> {
        let content = Content {
            signal_type: signal.signal_type.clone(),
            source_agent: signal.source_agent.clone(),
            target_agent: target_agent.clone(),
            payload: signal.payload.clone(),
        };
        let accepted = self.ids.get(&signal.signal_id);
        if let Some(accepted) = accepted.filter(|accepted| accepted.until > now) {
            return Err(Sent {
                expires_at: accepted.until,
                repeated: true,
                differs: accepted.content != content,
            });
        }
        let expires_at = signal.expires_at(now);
        let accepted = Accepted {
            until: expires_at,
            content,
        };
        self.ids.insert(signal.signal_id.clone(), accepted);
        let place = self.next;
        self.next += 1;
        let signal = Signal {
            signal_id: signal.signal_id,
            signal_type: signal.signal_type,
            source_agent: signal.source_agent,
            target_agent,
            payload: signal.payload,
            timestamp: Some(now),
            ttl_seconds: signal.ttl_s.into(),
        };
        let pending = PendingSignal {
            signal,
            expires_at,
            received_by: Vec::new(),
        };
        Ok((place, pending))
    }

    pub(super) fn take(
        &mut self,
        now: Timestamp,
        since: Timestamp,
        filter: &SignalFilter,
    ) -> SignalCheck {
        let Some((place, held)) = self.oldest(now, filter) else {
            return self.nothing(now, since, filter);
        };
        let held = held.clone();
        self.remove(place, &filter.agent_id);
        let sent_at = held.signal.timestamp.unwrap_or(now);
        let took_us = now.as_micros().saturating_sub(sent_at.as_micros());
        let took_us = u64::try_from(took_us).unwrap_or(0);
        let route = Route {
            agent_id: filter.agent_id.clone(),
            signal_type: held.signal.signal_type.clone(),
        };
        let known = self.deliveries.get(&route);
        let known = known.filter(|known| remembered(known.last, now));
        let deliveries = Deliveries {
            last: known.map_or(now, |known| known.last.max(now)),
            slowest_us: known.map_or(took_us, |known| known.slowest_us.max(took_us)),
        };
        self.deliveries.insert(route, deliveries);
        SignalCheck::Delivered(held)
    }

    pub(super) fn check(
        &self,
        now: Timestamp,
        since: Timestamp,
        filter: &SignalFilter,
    ) -> SignalCheck {
        match self.oldest(now, filter) {
            Some((_, held)) => SignalCheck::Pending(held.clone()),
            None => self.nothing(now, since, filter),
        }
    }

    pub(super) fn pending(&self, now: Timestamp, filter: &SignalFilter) -> Vec<PendingSignal> {
        let held = self.matching(filter);
        in_order(held.filter(|(_, held)| held.expires_at > now))
    }

    pub(super) fn all(&self, now: Timestamp, expired: bool) -> Vec<PendingSignal> {
        let mail = self.mail.values().flatten();
        let mail = mail.map(|(place, held)| (*place, held.clone()));
        let broadcasts = self.broadcasts.iter();
        let broadcasts = broadcasts
            .filter(|(_, broadcast)| !expired || broadcast.received_by.is_empty())
            .map(|(place, broadcast)| {
                let received_by = broadcast.received_by.iter().cloned().collect();
                let held = PendingSignal {
                    received_by,
                    ..broadcast.held.clone()
                };
                (*place, held)
            });
        let all: BTreeMap<u64, PendingSignal> = mail
            .chain(broadcasts)
            .filter(|(_, held)| {
                if expired {
                    is_tombstone(held, now)
                } else {
                    held.expires_at > now
                }
            })
            .collect();
        all.into_values().collect()
    }

    pub(super) fn clear(&mut self, now: Timestamp, filter: &SignalFilter) -> u64 {
        let places: Vec<u64> = self
            .matching(filter)
            .filter(|(_, held)| held.expires_at > now)
            .map(|(place, _)| place)
            .collect();
        for place in &places {
            self.remove(*place, &filter.agent_id);
        }
        places.len() as u64
    }

    pub(super) fn enrol(&mut self, now: Timestamp, agent_id: String) {
        let until = now.saturating_add_us(seconds(ENROLMENT_S));
        self.enrolled.insert(agent_id, until);
    }

    pub(super) fn slowest(&self, now: Timestamp, signal_type: Option<&str>) -> Option<u64> {
        self.deliveries
            .iter()
            .filter(|(route, known)| {
                remembered(known.last, now)
                    && signal_type.is_none_or(|wanted| wanted == route.signal_type)
            })
            .map(|(_, known)| known.slowest_us)
            .max()
    }

    pub(super) fn forget(&mut self, now: Timestamp) {
        self.ids.retain(|_, accepted| accepted.until > now);
        for mail in self.mail.values_mut() {
            mail.retain(|_, held| remembered(held.expires_at, now));
        }
        self.mail.retain(|_, mail| !mail.is_empty());
        self.broadcasts
            .retain(|_, broadcast| remembered(broadcast.held.expires_at, now));
        self.deliveries
            .retain(|_, known| remembered(known.last, now));
        self.enrolled.retain(|_, until| *until > now);
    }

    /// What one agent has not received and the filter lets through, expired or not.
    fn matching<'a>(
        &'a self,
        filter: &SignalFilter,
    ) -> impl Iterator<Item = (u64, &'a PendingSignal)> {
        let agent = &filter.agent_id;
        let mail = self.mail.get(agent).into_iter().flatten();
        let broadcasts = self.broadcasts.iter().filter(|(_, broadcast)| {
            !broadcast.received_by.contains(agent) && broadcast.held.signal.source_agent != *agent
        });
        mail.map(|(place, held)| (*place, held))
            .chain(broadcasts.map(|(place, broadcast)| (*place, &broadcast.held)))
            .filter(|(_, held)| {
                let wants = |wanted: &Option<String>, has: &String| {
                    wanted.as_ref().is_none_or(|wanted| wanted == has)
                };
                wants(&filter.signal_type, &held.signal.signal_type)
                    && wants(&filter.source_agent, &held.signal.source_agent)
            })
    }

    fn oldest(&self, now: Timestamp, filter: &SignalFilter) -> Option<(u64, &PendingSignal)> {
        self.matching(filter)
            .filter(|(_, held)| held.expires_at > now)
            .min_by_key(|(place, _)| *place)
    }

    fn nothing(&self, now: Timestamp, since: Timestamp, filter: &SignalFilter) -> SignalCheck {
        let expired = self
            .matching(filter)
            .filter(|(_, held)| is_tombstone(held, now))
            .max_by_key(|(place, held)| (held.expires_at, *place));
        if let Some((_, held)) = expired {
            return SignalCheck::Expired(held.clone());
        }
        let last = self
            .deliveries
            .iter()
            .filter(|(route, known)| {
                remembered(known.last, now)
                    && route.agent_id == filter.agent_id
                    && filter
                        .signal_type
                        .as_ref()
                        .is_none_or(|wanted| *wanted == route.signal_type)
            })
            .map(|(_, known)| known.last)
            .max();
        SignalCheck::NeverSeen {
            observed_since: Some(since.max(now.saturating_add_us(-seconds(GRACE_S)))),
            last_delivered_at: last,
        }
    }

    /// Takes a signal out of what one agent can receive.
    fn remove(&mut self, place: u64, agent_id: &str) {
        if let Some(broadcast) = self.broadcasts.get_mut(&place) {
            broadcast.received_by.insert(agent_id.into());
        } else if let Some(mail) = self.mail.get_mut(agent_id) {
            mail.remove(&place);
        }
    }
}

/// Whether it has expired and is still remembered.
fn is_tombstone(held: &PendingSignal, now: Timestamp) -> bool {
    held.expires_at <= now && remembered(held.expires_at, now)
}

fn in_order<'a>(held: impl Iterator<Item = (u64, &'a PendingSignal)>) -> Vec<PendingSignal> {
    let ordered: BTreeMap<u64, &PendingSignal> = held.collect();
    ordered.into_values().cloned().collect()
}
