//! In which order messages are served, and which of them become one.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::MessageId;
use super::clock::{Clock, after, ms_between};
use super::dedup::normalize;
use crate::time::Timestamp;

/// How urgent a message is. The first is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Commands and presses of buttons.
    P0,
    /// What people say, and what must be repaired.
    P1,
    /// Heartbeats.
    P2,
    /// Everything else.
    P3,
}

impl Priority {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::P0, Self::P1, Self::P2, Self::P3];

    /// `P0` to `P3`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P0 => "P0",
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// Where people on Slack, Discord and the terminal stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherPeople {
    /// With all people.
    #[default]
    WithPeople,
    /// With the probes, whose messages are merged into a notice. The peer's way.
    WithProbes,
}

/// A message as it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Who sent it.
    pub source: &'a str,
    /// Its text.
    pub prompt: &'a str,
    /// The type of the event it is about, if it is about one.
    pub event: Option<&'a str>,
}

impl Subject<'_> {
    /// How urgent it is.
    pub fn priority(&self, people: OtherPeople) -> Priority {
        let event = self.event.unwrap_or("");
        if self.is_callback() || normalize(self.prompt).body.starts_with('/') {
            Priority::P0
        } else if matches!(self.platform(), "telegram" | "imessage")
            || names(event, "deploy.failed")
            || names(event, "friction-fix")
            || names(self.source, "friction-fix")
        {
            Priority::P1
        } else if self.platform() == "heartbeat" || names(event, "heartbeat") {
            Priority::P2
        } else if self.is_person() && people == OtherPeople::WithPeople {
            Priority::P1
        } else {
            Priority::P3
        }
    }

    /// Whether a person said it.
    pub fn is_person(&self) -> bool {
        self.is_callback()
            || matches!(
                self.platform(),
                "telegram" | "imessage" | "slack" | "discord" | "tui"
            )
    }

    fn is_callback(&self) -> bool {
        self.platform().starts_with("callback")
            || self
                .event
                .is_some_and(|event| event.starts_with("callback"))
    }

    fn platform(&self) -> &str {
        self.source.split(':').next().unwrap_or("")
    }
}

/// Whether a dotted or slashed name ends with this part.
fn names(name: &str, part: &str) -> bool {
    name.strip_suffix(part)
        .is_some_and(|before| before.is_empty() || before.ends_with(['.', '/', ':']))
}

/// Settings of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriorityPolicy {
    /// After so many of the most urgent ones in a row, one of the others is served.
    pub urgent_in_a_row: u32,
    /// Each time it waits this long, a message is one step more urgent.
    pub ageing_ms: u64,
    /// Probes as young as this become one message.
    pub merge_ms: u64,
    /// Messages that wait at most.
    pub capacity: usize,
    /// Where people on other platforms stand.
    pub people: OtherPeople,
}

impl Default for PriorityPolicy {
    fn default() -> Self {
        Self {
            urgent_in_a_row: 3,
            ageing_ms: 300_000,
            merge_ms: 60_000,
            capacity: 10_000,
            people: OtherPeople::WithPeople,
        }
    }
}

impl PriorityPolicy {
    /// The peer's order.
    pub fn peer() -> Self {
        Self {
            people: OtherPeople::WithProbes,
            ..Self::default()
        }
    }
}

/// A message that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The messages it stands for, oldest first: one, unless probes were merged.
    pub ids: Vec<MessageId>,
    /// Who sent the first.
    pub source: Box<str>,
    /// Its text, or the notice about merged probes.
    pub prompt: String,
    /// How urgent it was when it came.
    pub priority: Priority,
}

/// A message for which there is no room. It stays in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Why the queue wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A message becomes more urgent.
    Promote,
}

/// The messages that wait, in order of urgency. They hold what is not served yet.
#[derive(Clone, Debug)]
pub struct PriorityQueue {
    policy: PriorityPolicy,
    clock: Clock,
    /// One line for each priority, each in order of arrival.
    lines: [VecDeque<Waiting>; 4],
    urgent: u32,
    promoted: u64,
}

#[derive(Clone, Debug)]
struct Waiting {
    id: MessageId,
    source: Box<str>,
    prompt: String,
    came: Timestamp,
    priority: Priority,
    is_probe: bool,
    /// When it takes another step.
    step_at: Timestamp,
}

impl PriorityQueue {
    /// Nothing waits.
    pub fn new(policy: PriorityPolicy) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            lines: [const { VecDeque::new() }; 4],
            urgent: 0,
            promoted: 0,
        }
    }

    /// A message came in. One that waits already is not added again.
    pub fn handle_message(
        &mut self,
        now: Timestamp,
        id: MessageId,
        subject: Subject<'_>,
    ) -> Result<Priority, Full> {
        let now = self.clock.advance(now);
        let priority = subject.priority(self.policy.people);
        if self.lines.iter().flatten().any(|waiting| waiting.id == id) {
            return Ok(priority);
        }
        if self.len() >= self.policy.capacity {
            return Err(Full);
        }
        let people_merge = self.policy.people == OtherPeople::WithProbes;
        let waiting = Waiting {
            id,
            source: subject.source.into(),
            prompt: subject.prompt.into(),
            came: now,
            priority,
            is_probe: priority == Priority::P3 && (people_merge || !subject.is_person()),
            step_at: after(now, self.policy.ageing_ms.max(1)),
        };
        self.lines[priority.index()].push_back(waiting);
        Ok(priority)
    }

    /// Serves the next message.
    pub fn take(&mut self, now: Timestamp) -> Option<Served> {
        let now = self.clock.advance(now);
        self.promote(now);
        let urgent = !self.lines[0].is_empty();
        let others = self.lines[1..].iter().any(|line| !line.is_empty());
        let first = if urgent && !(others && self.urgent >= self.policy.urgent_in_a_row) {
            0
        } else {
            1 + self.lines[1..].iter().position(|line| !line.is_empty())?
        };
        self.urgent = if first == 0 {
            self.urgent.saturating_add(1)
        } else {
            0
        };
        let head = self.lines.get_mut(first)?.pop_front()?;
        let mut ids = Vec::from([head.id]);
        let mut prompt = head.prompt;
        let merge_ms = self.policy.merge_ms;
        let is_young =
            |waiting: &Waiting| waiting.is_probe && ms_between(waiting.came, now) <= merge_ms;
        if head.is_probe && ms_between(head.came, now) <= merge_ms {
            let line = &mut self.lines[Priority::P3.index()];
            ids.extend(line.iter().filter(|w| is_young(w)).map(|w| w.id.clone()));
            line.retain(|waiting| !is_young(waiting));
            if ids.len() > 1 {
                prompt = format!("{} probe events suppressed", ids.len());
            }
        }
        Some(Served {
            ids,
            source: head.source,
            prompt,
            priority: head.priority,
        })
    }

    /// Makes more urgent what waits for long.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        self.promote(now);
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        let next = self.lines[1..].iter().flatten().map(|w| w.step_at).min()?;
        Some((next, Wake::Promote))
    }

    /// Messages that wait.
    pub fn len(&self) -> usize {
        self.lines.iter().map(VecDeque::len).sum()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(VecDeque::is_empty)
    }

    /// How often a message became more urgent.
    pub const fn promoted(&self) -> u64 {
        self.promoted
    }

    fn promote(&mut self, now: Timestamp) {
        for index in 1..self.lines.len() {
            let mut rest = VecDeque::new();
            let mut risen = VecDeque::new();
            for mut waiting in core::mem::take(&mut self.lines[index]) {
                if waiting.step_at <= now {
                    waiting.step_at = after(waiting.step_at.max(now), self.policy.ageing_ms.max(1));
                    self.promoted = self.promoted.saturating_add(1);
                    risen.push_back(waiting);
                } else {
                    rest.push_back(waiting);
                }
            }
            self.lines[index] = rest;
            self.lines[index - 1].append(&mut risen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    fn queue(policy: PriorityPolicy, sources: &[&str]) -> PriorityQueue {
        let mut queue = PriorityQueue::new(policy);
        for (n, source) in sources.iter().enumerate() {
            let id = MessageId(format!("{n}").into());
            let subject = Subject {
                source,
                prompt: "x",
                event: None,
            };
            queue.handle_message(at(0), id, subject).unwrap();
        }
        queue
    }

    fn served(queue: &mut PriorityQueue, ms: i64) -> Vec<String> {
        let served = core::iter::from_fn(|| queue.take(at(ms)));
        served
            .map(|s| format!("{} {}", s.source, s.ids.len()))
            .collect()
    }

    #[test]
    fn after_three_urgent_ones_another_is_served() {
        let sources = ["callback_query"; 5]
            .into_iter()
            .chain(["heartbeat", "telegram:1"]);
        let sources: Vec<&str> = sources.collect();
        let mut queue = queue(PriorityPolicy::default(), &sources);
        assert_eq!(
            served(&mut queue, 1),
            [
                "callback_query 1",
                "callback_query 1",
                "callback_query 1",
                "telegram:1 1",
                "callback_query 1",
                "callback_query 1",
                "heartbeat 1"
            ]
        );
    }

    #[test]
    fn w16_people_are_never_merged_into_a_notice_about_probes() {
        let sources = ["slack:C1", "probe", "tui", "probe"];
        assert_eq!(
            served(&mut queue(PriorityPolicy::default(), &sources), 1),
            ["slack:C1 1", "tui 1", "probe 2"]
        );
        assert_eq!(
            served(&mut queue(PriorityPolicy::peer(), &sources), 1),
            ["slack:C1 4"]
        );
    }

    #[test]
    fn what_waits_for_long_becomes_urgent_and_is_not_merged() {
        let mut queue = queue(PriorityPolicy::default(), &["probe", "probe", "telegram:1"]);
        assert_eq!(queue.poll_timeout(), Some((at(300_000), Wake::Promote)));
        for step in 1..=3 {
            queue.handle_timeout(at(step * 300_000));
        }
        assert_eq!(queue.poll_timeout(), None);
        assert_eq!(
            served(&mut queue, 900_000),
            ["telegram:1 1", "probe 1", "probe 1"]
        );
    }

    #[test]
    fn commands_are_found_behind_the_preamble() {
        let subject = |source, prompt, event| Subject {
            source,
            prompt,
            event,
        };
        for (subject, priority) in [
            (
                subject("telegram:1", "---\nChannel: t\n---\n/status", None),
                Priority::P0,
            ),
            (
                subject("gateway", "x", Some("vercel/deploy.failed")),
                Priority::P1,
            ),
            (
                subject("gateway", "x", Some("undeploy.failed.late")),
                Priority::P3,
            ),
            (subject("", "", None), Priority::P3),
        ] {
            assert_eq!(
                subject.priority(OtherPeople::WithPeople),
                priority,
                "{subject:?}"
            );
        }
    }
}
