//! Whether a message was here before.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use core::fmt;

use sha2::{Digest as _, Sha256};

use super::MessageId;
use super::clock::{Clock, after, ms_between};
use crate::time::Timestamp;

/// A message as it is compared: what the person said, in single spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normalized {
    /// The text.
    pub body: String,
    /// A preamble that the gateway had put before it was cut off.
    pub stripped_preamble: bool,
}

/// Cuts the preamble off, makes every run of white space one space, and keeps case
/// and thread tags.
pub fn normalize(text: &str) -> Normalized {
    let (preamble, body) = split_preamble(text);
    let mut normalized = String::with_capacity(body.len());
    for word in body.split(is_space).filter(|word| !word.is_empty()) {
        if !normalized.is_empty() {
            normalized.push(' ');
        }
        normalized.push_str(word);
    }
    Normalized {
        body: normalized,
        stripped_preamble: preamble.is_some(),
    }
}

/// The preamble, if there is one, and what follows it. A preamble with nothing after
/// it is none.
pub(super) fn split_preamble(text: &str) -> (Option<&str>, &str) {
    let trimmed = text.trim_matches(is_space);
    if !trimmed.starts_with("---\nChannel:") {
        return (None, trimmed);
    }
    let end = "\n---\n";
    match trimmed.find(end) {
        Some(at) => {
            let (preamble, body) = trimmed.split_at(at.saturating_add(end.len()));
            match body.trim_matches(is_space) {
                "" => (None, trimmed),
                body => (Some(preamble), body),
            }
        }
        None => (None, trimmed),
    }
}

/// White space as the peer's language has it.
fn is_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

/// The SHA-256 of a normalized text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyHash([u8; 32]);

impl BodyHash {
    /// The hash under which the store keeps a message of a source.
    pub fn of_message(source: &str, body: &Normalized) -> Self {
        let mut hash = Sha256::new();
        hash.update(source.as_bytes());
        hash.update(b"\n");
        hash.update(body.body.as_bytes());
        Self(hash.finalize().into())
    }

    /// The hash of the text alone.
    pub fn of_body(body: &Normalized) -> Self {
        Self(Sha256::digest(body.body.as_bytes()).into())
    }
}

impl fmt::Display for BodyHash {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What makes two messages the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sameness {
    /// The platform's own id where there is one; else the text, unless it is short,
    /// as answers are. A message is never a duplicate of itself.
    #[default]
    Identity,
    /// The text: the second "yes" within two minutes is dropped, and a prompt that
    /// failed is a duplicate of itself. The peer's way.
    Text,
}

/// Settings of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DedupPolicy {
    /// How long a text is remembered.
    pub text_ms: u64,
    /// How long a platform's id is remembered.
    pub identity_ms: u64,
    /// How long the ring of a source remembers a text.
    pub ring_ms: u64,
    /// Texts in the ring of a source.
    pub ring_entries: usize,
    /// Texts with fewer characters are never dropped for their text.
    pub short_chars: usize,
    /// What is remembered at most; the oldest gives way.
    pub capacity: usize,
    /// What makes two messages the same.
    pub sameness: Sameness,
}

impl Default for DedupPolicy {
    fn default() -> Self {
        Self {
            text_ms: 30_000,
            identity_ms: 86_400_000,
            ring_ms: 120_000,
            ring_entries: 10,
            short_chars: 16,
            capacity: 20_000,
            sameness: Sameness::Identity,
        }
    }
}

impl DedupPolicy {
    /// The peer's comparison.
    pub fn peer() -> Self {
        Self {
            sameness: Sameness::Text,
            ..Self::default()
        }
    }
}

/// A message as it comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming<'a> {
    /// The id of its entry in the store.
    pub id: &'a MessageId,
    /// Who sent it.
    pub source: &'a str,
    /// What the platform calls it, where it does.
    pub platform_id: Option<&'a str>,
    /// Its text.
    pub text: &'a str,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was not here before, or it was and is still the same entry of the store.
    New,
    /// The platform sent it a second time.
    SameIdentity,
    /// The same text came from the same source a short time ago.
    SameText {
        /// How long ago.
        age_ms: u64,
    },
}

/// Why the memory wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Something is forgotten.
    Forget,
}

/// The memory of what came in. It holds what is younger than its time, up to its
/// capacity.
#[derive(Clone, Debug)]
pub struct Dedup {
    policy: DedupPolicy,
    clock: Clock,
    seen: BTreeMap<Key, Seen>,
    /// In the order of being forgotten, one line a lifetime.
    texts: VecDeque<(Timestamp, Key)>,
    identities: VecDeque<(Timestamp, Key)>,
    rings: BTreeMap<Box<str>, VecDeque<Ringed>>,
    forgotten_early: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Text(BodyHash),
    Platform(Box<str>, Box<str>),
}

#[derive(Clone, Debug)]
struct Seen {
    at: Timestamp,
    id: MessageId,
}

#[derive(Clone, Debug)]
struct Ringed {
    at: Timestamp,
    hash: BodyHash,
    id: MessageId,
}

impl Dedup {
    /// An empty memory.
    pub fn new(policy: DedupPolicy) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            seen: BTreeMap::new(),
            texts: VecDeque::new(),
            identities: VecDeque::new(),
            rings: BTreeMap::new(),
            forgotten_early: 0,
        }
    }

    /// A message is about to be written to the store: was it here before?
    pub fn handle_incoming(&mut self, now: Timestamp, message: Incoming<'_>) -> Verdict {
        let now = self.clock.advance(now);
        self.forget(now);
        let body = normalize(message.text);
        let key = match message.platform_id {
            Some(id) => Key::Platform(message.source.into(), id.into()),
            None if self.is_text_compared(&body) => {
                Key::Text(BodyHash::of_message(message.source, &body))
            }
            None => return Verdict::New,
        };
        if let Some(seen) = self.seen.get(&key) {
            return match (&key, seen.id == *message.id) {
                (_, true) if self.policy.sameness == Sameness::Identity => Verdict::New,
                (Key::Platform(..), _) => Verdict::SameIdentity,
                (Key::Text(_), _) => Verdict::SameText {
                    age_ms: ms_between(seen.at, now),
                },
            };
        }
        while self.seen.len() >= self.policy.capacity.max(1) {
            let oldest = self
                .texts
                .pop_front()
                .or_else(|| self.identities.pop_front());
            let Some((_, oldest)) = oldest else { break };
            self.seen.remove(&oldest);
            self.forgotten_early = self.forgotten_early.saturating_add(1);
        }
        match &key {
            Key::Text(_) => &mut self.texts,
            Key::Platform(..) => &mut self.identities,
        }
        .push_back((now, key.clone()));
        let id = message.id.clone();
        self.seen.insert(key, Seen { at: now, id });
        Verdict::New
    }

    /// A message is about to be given to the session: did its source say the same a
    /// short time ago?
    pub fn handle_prompt(&mut self, now: Timestamp, message: Incoming<'_>) -> Verdict {
        let now = self.clock.advance(now);
        self.forget(now);
        let body = normalize(message.text);
        let by_identity = self.policy.sameness == Sameness::Identity;
        if by_identity && (message.platform_id.is_some() || !self.is_text_compared(&body)) {
            return Verdict::New;
        }
        let hash = BodyHash::of_body(&body);
        let ring = self.rings.entry(message.source.into()).or_default();
        let same = ring.iter().find(|ringed| ringed.hash == hash);
        if let Some(same) = same {
            if by_identity && same.id == *message.id {
                return Verdict::New;
            }
            return Verdict::SameText {
                age_ms: ms_between(same.at, now),
            };
        }
        while ring.len() >= self.policy.ring_entries.max(1) {
            ring.pop_front();
        }
        ring.push_back(Ringed {
            at: now,
            hash,
            id: message.id.clone(),
        });
        Verdict::New
    }

    /// Forgets what is old enough.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        self.forget(now);
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        let text = self
            .texts
            .front()
            .map(|(at, _)| after(*at, self.policy.text_ms));
        let identity = self
            .identities
            .front()
            .map(|(at, _)| after(*at, self.policy.identity_ms));
        let ringed = self
            .rings
            .values()
            .filter_map(|ring| ring.front())
            .map(|ringed| after(ringed.at, self.policy.ring_ms));
        let next = ringed.chain(text).chain(identity).min()?;
        Some((next, Wake::Forget))
    }

    /// What is remembered.
    pub fn remembered(&self) -> usize {
        self.seen.len()
    }

    /// What gave way before its time.
    pub const fn forgotten_early(&self) -> u64 {
        self.forgotten_early
    }

    fn is_text_compared(&self, body: &Normalized) -> bool {
        self.policy.sameness == Sameness::Text
            || body
                .body
                .chars()
                .nth(self.policy.short_chars.saturating_sub(1))
                .is_some()
    }

    fn forget(&mut self, now: Timestamp) {
        for (line, life) in [
            (&mut self.texts, self.policy.text_ms),
            (&mut self.identities, self.policy.identity_ms),
        ] {
            while let Some((_, key)) = line.pop_front_if(|(at, _)| after(*at, life) <= now) {
                self.seen.remove(&key);
            }
        }
        let life = self.policy.ring_ms;
        self.rings.retain(|_, ring| {
            while ring
                .pop_front_if(|ringed| after(ringed.at, life) <= now)
                .is_some()
            {}
            !ring.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    fn message<'a>(id: &'a MessageId, platform_id: Option<&'a str>, text: &'a str) -> Incoming<'a> {
        Incoming {
            id,
            source: "telegram:1",
            platform_id,
            text,
        }
    }

    const LONG: &str = "please check the deploy again";

    #[test]
    fn a_short_answer_given_twice_is_two_answers() {
        let (a, b) = ("a".into(), "b".into());
        let verdicts = |policy| {
            let mut dedup = Dedup::new(policy);
            [(&a, "7"), (&b, "8")].map(|(id, platform_id)| {
                dedup.handle_prompt(at(0), message(id, Some(platform_id), "yes"))
            })
        };
        assert_eq!(verdicts(DedupPolicy::default()), [Verdict::New; 2]);
        assert_eq!(
            verdicts(DedupPolicy::peer()),
            [Verdict::New, Verdict::SameText { age_ms: 0 }]
        );
    }

    #[test]
    fn a_prompt_read_again_is_no_duplicate_of_itself() {
        let id = "a".into();
        let verdicts = |policy| {
            let mut dedup = Dedup::new(policy);
            [0, 1_000].map(|ms| dedup.handle_prompt(at(ms), message(&id, None, LONG)))
        };
        assert_eq!(verdicts(DedupPolicy::default()), [Verdict::New; 2]);
        assert_eq!(
            verdicts(DedupPolicy::peer())[1],
            Verdict::SameText { age_ms: 1_000 }
        );
    }

    #[test]
    fn what_the_platform_sends_twice_is_dropped_for_a_day() {
        let (a, b) = ("a".into(), "b".into());
        let mut dedup = Dedup::new(DedupPolicy::default());
        let mut come = |ms, id| dedup.handle_incoming(at(ms), message(id, Some("7"), "yes"));
        assert_eq!(come(0, &a), Verdict::New);
        assert_eq!(come(86_399_999, &b), Verdict::SameIdentity);
        assert_eq!(come(86_400_000, &b), Verdict::New);
    }

    #[test]
    fn texts_are_forgotten_in_time_and_memory_is_bounded() {
        let ids: Vec<MessageId> = ["a", "b", "c"].map(Into::into).into();
        let mut dedup = Dedup::new(DedupPolicy {
            capacity: 2,
            ..DedupPolicy::default()
        });
        let texts = [
            LONG,
            "a second text of some length",
            "a third text of some length",
        ];
        for (id, text) in ids.iter().zip(texts) {
            assert_eq!(
                dedup.handle_incoming(at(0), message(id, None, text)),
                Verdict::New
            );
        }
        assert_eq!((dedup.remembered(), dedup.forgotten_early()), (2, 1));
        assert_eq!(dedup.poll_timeout(), Some((at(30_000), Wake::Forget)));
        dedup.handle_timeout(at(30_000));
        assert_eq!((dedup.remembered(), dedup.poll_timeout()), (0, None));
    }
}
