//! Messages of one person that come shortly after one another become one prompt,
//! and a message that comes while an older one is answered takes its place.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use super::MessageId;
use super::clock::{Clock, after};
use super::dedup::split_preamble;
use crate::time::Timestamp;

/// How long a batch stays open while more and more messages come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchLimit {
    /// At most this long after its first message.
    Milliseconds(u64),
    /// As long as they come. The peer's way.
    Unbounded,
}

/// Settings of the batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchPolicy {
    /// How long to wait for another message; each begins it anew.
    pub window_ms: u64,
    /// How long at most.
    pub limit: BatchLimit,
    /// Messages of a batch; one more closes it.
    pub messages: usize,
    /// Batches that are open; the oldest is closed for one more.
    pub batches: usize,
}

impl Default for BatchPolicy {
    fn default() -> Self {
        Self {
            window_ms: 1_500,
            limit: BatchLimit::Milliseconds(6_000),
            messages: 50,
            batches: 256,
        }
    }
}

impl BatchPolicy {
    /// The peer's batches.
    pub fn peer() -> Self {
        Self {
            limit: BatchLimit::Unbounded,
            ..Self::default()
        }
    }
}

/// What a message carries from its platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// A bot account; people's messages have a number.
    Numbered {
        /// The number, if there is one.
        message: Option<i64>,
    },
    /// Discord; people's messages have an id.
    Discord {
        /// The id, if there is one.
        message: Option<&'a str>,
    },
    /// Slack; people's messages have a kind and a time.
    Slack {
        /// The kind of the event.
        kind: &'a str,
        /// The time that names the message, if there is one.
        ts: Option<&'a str>,
    },
    /// What Slack is watched for passively, and everything else.
    Other,
}

impl Origin<'_> {
    /// Whether it is what a person said in a conversation.
    pub fn is_human_turn(self) -> bool {
        match self {
            Self::Numbered { message } => message.is_some(),
            Self::Discord { message } => message.is_some_and(|id| !id.is_empty()),
            Self::Slack { kind, ts } => {
                matches!(kind, "message" | "mention") && ts.is_some_and(|ts| !ts.is_empty())
            }
            Self::Other => false,
        }
    }
}

/// What the host must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Put this prompt into the queue.
    Enqueue {
        /// Who says it.
        source: Box<str>,
        /// The messages it is made of, oldest first.
        ids: Vec<MessageId>,
        /// The prompt.
        text: String,
    },
    /// Put this prompt into the queue in place of what the source said before: older
    /// prompts of it give way, and its run is aborted.
    Supersede {
        /// Who says it.
        source: Box<str>,
        /// The messages it is made of, oldest first.
        ids: Vec<MessageId>,
        /// The prompt.
        text: String,
    },
}

/// Why the batches want to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A batch is complete.
    Flush,
}

/// The open batches. They remember what is not in the queue yet.
#[derive(Clone, Debug)]
pub struct Batches {
    policy: BatchPolicy,
    clock: Clock,
    open: BTreeMap<Box<str>, Batch>,
    active: Option<Box<str>>,
    actions: VecDeque<Action>,
}

#[derive(Clone, Debug)]
struct Batch {
    began: Timestamp,
    until: Timestamp,
    ids: Vec<MessageId>,
    text: String,
}

/// What stands between two messages of a batch.
pub const FOLLOW_UP: &str = "\n\n[follow-up]\n";

impl Batches {
    /// No batch is open.
    pub fn new(policy: BatchPolicy) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            open: BTreeMap::new(),
            active: None,
            actions: VecDeque::new(),
        }
    }

    /// A message came in.
    pub fn handle_message(
        &mut self,
        now: Timestamp,
        id: MessageId,
        source: &str,
        text: &str,
        origin: Origin<'_>,
    ) {
        let now = self.clock.advance(now);
        if !origin.is_human_turn() {
            self.actions.push_back(Action::Enqueue {
                source: source.into(),
                ids: Vec::from([id]),
                text: text.into(),
            });
            return;
        }
        if self.active.as_deref() == Some(source) {
            let (mut ids, mut merged) = match self.open.remove(source) {
                Some(batch) => (batch.ids, batch.text),
                None => (Vec::new(), String::new()),
            };
            add(&mut ids, &mut merged, id, text);
            self.actions.push_back(Action::Supersede {
                source: source.into(),
                ids,
                text: merged,
            });
            return;
        }
        let (window, limit) = (after(now, self.policy.window_ms), self.policy.limit);
        if let Some(batch) = self.open.get_mut(source) {
            add(&mut batch.ids, &mut batch.text, id, text);
            batch.until = match limit {
                BatchLimit::Milliseconds(ms) => window.min(after(batch.began, ms)),
                BatchLimit::Unbounded => window,
            };
        } else {
            if self.open.len() >= self.policy.batches.max(1) {
                let oldest = self.open.iter().min_by_key(|(_, batch)| batch.began);
                if let Some(oldest) = oldest.map(|(source, _)| source.clone()) {
                    self.flush(&oldest);
                }
            }
            let batch = Batch {
                began: now,
                until: window,
                ids: Vec::from([id]),
                text: text.into(),
            };
            self.open.insert(source.into(), batch);
        }
        let full = self
            .open
            .get(source)
            .is_some_and(|batch| batch.ids.len() >= self.policy.messages);
        if full {
            self.flush(source);
        }
    }

    /// Whose prompt is being answered now.
    pub fn handle_active(&mut self, now: Timestamp, source: Option<&str>) {
        self.clock.advance(now);
        self.active = source.map(Into::into);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        let mut due: Vec<(Timestamp, Box<str>)> = self
            .open
            .iter()
            .filter(|(_, batch)| batch.until <= now)
            .map(|(source, batch)| (batch.until, source.clone()))
            .collect();
        due.sort();
        for (_, source) in due {
            self.flush(&source);
        }
    }

    /// The next thing the host must do.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        let next = self.open.values().map(|batch| batch.until).min()?;
        Some((next, Wake::Flush))
    }

    /// Messages that are not in the queue yet.
    pub fn pending(&self) -> usize {
        self.open.values().map(|batch| batch.ids.len()).sum()
    }

    fn flush(&mut self, source: &str) {
        if let Some((source, batch)) = self.open.remove_entry(source) {
            // The source may have become active since: what it said then has been read.
            let Batch { ids, text, .. } = batch;
            self.actions
                .push_back(Action::Enqueue { source, ids, text });
        }
    }
}

/// Adds a message to a batch: of later ones only what the person said.
fn add(ids: &mut Vec<MessageId>, merged: &mut String, id: MessageId, text: &str) {
    if ids.is_empty() {
        merged.push_str(text);
    } else if !ids.contains(&id) {
        merged.push_str(FOLLOW_UP);
        merged.push_str(without_thread_tag(split_preamble(text).1));
    } else {
        return;
    }
    ids.push(id);
}

/// The text without a `[thread: ..]` at its end.
fn without_thread_tag(text: &str) -> &str {
    let text = text.trim_end();
    match text.rfind("[thread:") {
        Some(at) if text.ends_with(']') && !text[at..text.len() - 1].contains(']') => {
            text[..at].trim_end()
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    const HUMAN: Origin<'static> = Origin::Numbered { message: Some(1) };

    fn say(batches: &mut Batches, ms: i64, id: &str, text: &str) {
        batches.handle_message(at(ms), id.into(), "telegram:1", text, HUMAN);
    }

    #[test]
    fn messages_within_the_window_become_one_prompt() {
        let mut batches = Batches::new(BatchPolicy::default());
        say(&mut batches, 0, "a", "---\nChannel: x\n---\nhello");
        say(
            &mut batches,
            1_000,
            "b",
            "---\nChannel: x\n---\nthere\n[thread: t]",
        );
        assert_eq!(batches.poll_timeout(), Some((at(2_500), Wake::Flush)));
        batches.handle_timeout(at(2_500));
        let Some(Action::Enqueue { ids, text, .. }) = batches.poll_action() else {
            panic!("not enqueued");
        };
        assert_eq!(ids, ["a".into(), "b".into()]);
        assert_eq!(text, "---\nChannel: x\n---\nhello\n\n[follow-up]\nthere");
        assert_eq!(batches.pending(), 0);
    }

    #[test]
    fn whoever_types_on_and_on_is_heard_all_the_same() {
        let first_flush = |policy| {
            let mut batches = Batches::new(policy);
            for n in 0..20 {
                say(&mut batches, n * 1_000, &alloc::format!("{n}"), "x");
                batches.handle_timeout(at(n * 1_000));
                if batches.poll_action().is_some() {
                    return Some(n);
                }
            }
            None
        };
        assert_eq!(first_flush(BatchPolicy::default()), Some(6));
        assert_eq!(first_flush(BatchPolicy::peer()), None);
    }

    #[test]
    fn a_message_to_a_running_answer_takes_its_place_at_once() {
        let mut batches = Batches::new(BatchPolicy::default());
        batches.handle_active(at(0), Some("telegram:1"));
        say(&mut batches, 1, "a", "stop");
        let done = batches.poll_action();
        assert!(matches!(done, Some(Action::Supersede { ids, .. }) if ids == ["a".into()]));
        assert_eq!(batches.poll_timeout(), None);
    }

    #[test]
    fn only_what_people_say_is_batched() {
        for (origin, human) in [
            (Origin::Numbered { message: None }, false),
            (HUMAN, true),
            (Origin::Discord { message: Some("") }, false),
            (Origin::Discord { message: Some("9") }, true),
            (slack("mention", Some("1.2")), true),
            (slack("message", None), false),
            (slack("reaction", Some("1.2")), false),
            (Origin::Other, false),
        ] {
            assert_eq!(origin.is_human_turn(), human, "{origin:?}");
        }
        let mut batches = Batches::new(BatchPolicy::default());
        batches.handle_message(at(0), "a".into(), "cron", "x", Origin::Other);
        assert!(matches!(
            batches.poll_action(),
            Some(Action::Enqueue { .. })
        ));
    }

    fn slack<'a>(kind: &'a str, ts: Option<&'a str>) -> Origin<'a> {
        Origin::Slack { kind, ts }
    }
}
