//! Messages on their way to the session: queue, batches, duplicates, priorities.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;

use super::{Fault, Step, end_of, holds, letter, script};
use crate::gateway::MessageId;
use crate::gateway::batching::{self, BatchPolicy, Batches, Origin};
use crate::gateway::command_queue::{self, Admission, CommandQueue, QueuePolicy, TurnOutcome};
use crate::gateway::dedup::{Dedup, DedupPolicy, Incoming, Verdict, normalize};
use crate::gateway::priority::{PriorityPolicy, PriorityQueue, Subject};
use crate::time::Timestamp;

/// Nothing is lost, nothing is answered twice, one prompt is in work, and memory is
/// bounded; and a queue whose session answers runs empty.
#[doc(hidden)]
pub fn fuzz_command_queue(bytes: &[u8]) -> Result<(), Fault> {
    serve_script(bytes, QueuePolicy::default())
}

pub(super) fn serve_script(bytes: &[u8], policy: QueuePolicy) -> Result<(), Fault> {
    let policy = QueuePolicy {
        capacity: 12,
        ..policy
    };
    let mut queue = CommandQueue::new(policy);
    let mut world = QueueWorld::default();
    for Step {
        now,
        input,
        argument,
        ..
    } in script(bytes)
    {
        let attempt = command_queue::Attempt(u64::from(argument));
        let open = queue.attempt().unwrap_or(attempt);
        match input % 12 {
            0..=2 => world.hand_in(&mut queue, now, world.sent),
            3 => world.hand_in(&mut queue, now, u64::from(argument)),
            4 => queue.handle_busy(now, open),
            5 => queue.handle_turn_end(now, open, TurnOutcome::Answered),
            6 if argument % 2 == 0 => queue.handle_turn_end(now, open, TurnOutcome::Aborted),
            6 => queue.handle_turn_end(now, attempt, TurnOutcome::Failed("x")),
            7 => queue.handle_release(now),
            8 => queue.handle_session_replaced(now),
            9 if argument % 2 == 0 => queue.handle_store_lost(now),
            9 => queue.handle_store_connected(now),
            10 => {
                if let Some(id) = world.asked.pop_first() {
                    world.stored.remove(&id);
                    queue.handle_acked(now, &id);
                }
            }
            _ => queue.handle_timeout(now),
        }
        world.drain(&mut queue)?;
        holds(queue.open() <= 12, "more is held than there is room for")?;
    }
    // The store comes back, the session is replaced and answers everything.
    let latest = end_of(bytes);
    queue.handle_store_connected(latest);
    queue.handle_session_replaced(latest);
    for _ in 0..2_000 {
        world.drain(&mut queue)?;
        while let Some(id) = world.asked.pop_first() {
            world.stored.remove(&id);
            queue.handle_acked(latest, &id);
        }
        if let Some(attempt) = queue.attempt() {
            queue.handle_turn_end(latest, attempt, TurnOutcome::Answered);
        } else if world.fetch {
            world.fetch = false;
            for id in world.stored.clone() {
                world.offer(&mut queue, latest, id);
            }
        } else if world.stored.is_empty() {
            return holds(queue.open() == 0, "an acknowledged message is still held");
        } else {
            queue.handle_timeout(latest);
        }
    }
    Err(format!("never answered: {:?}", world.stored))
}

/// The store and the session as a script has them.
#[derive(Default)]
struct QueueWorld {
    sent: u64,
    stored: BTreeSet<MessageId>,
    asked: BTreeSet<MessageId>,
    sent_once: BTreeMap<MessageId, u32>,
    dispatched: Option<command_queue::Attempt>,
    fetch: bool,
}

impl QueueWorld {
    fn hand_in(&mut self, queue: &mut CommandQueue, now: Timestamp, n: u64) {
        let id = MessageId(format!("{n}").into());
        if n >= self.sent {
            self.sent = n.saturating_add(1);
            self.stored.insert(id.clone());
        }
        if self.stored.contains(&id) {
            self.offer(queue, now, id);
        }
    }

    fn offer(&mut self, queue: &mut CommandQueue, now: Timestamp, id: MessageId) {
        let message = command_queue::Message {
            source: "telegram:1".into(),
            body: id.0.clone(),
            id,
        };
        if queue.handle_message(now, message) == Admission::Full {
            self.fetch = true;
        }
    }

    fn drain(&mut self, queue: &mut CommandQueue) -> Result<(), Fault> {
        self.drain_events(queue)?;
        while let Some(action) = queue.poll_action() {
            match action {
                command_queue::Action::Dispatch { attempt, message } => {
                    holds(
                        self.dispatched.is_none_or(|last| last < attempt),
                        "an attempt has the number of an earlier one",
                    )?;
                    holds(
                        !self.sent_once.contains_key(&message.id),
                        "an answered message was given again",
                    )?;
                    self.dispatched = Some(attempt);
                }
                command_queue::Action::Acknowledge(id) => {
                    holds(
                        self.sent_once.contains_key(&id),
                        "an unanswered message was acknowledged",
                    )?;
                    if self.stored.contains(&id) {
                        self.asked.insert(id);
                    }
                }
                command_queue::Action::Fetch => self.fetch = true,
                command_queue::Action::Abort(_) | command_queue::Action::TellUnanswered { .. } => {}
            }
        }
        Ok(())
    }

    fn drain_events(&mut self, queue: &mut CommandQueue) -> Result<(), Fault> {
        while let Some(event) = queue.poll_event() {
            if let command_queue::Event::Sent(id) = event {
                let times = self.sent_once.entry(id).or_default();
                *times += 1;
                holds(*times == 1, "a message was answered twice")?;
            }
        }
        Ok(())
    }
}

/// Every message is in exactly one prompt, and every batch closes.
#[doc(hidden)]
pub fn fuzz_batches(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = Batches::new(BatchPolicy {
        messages: 4,
        batches: 2,
        ..BatchPolicy::default()
    });
    let (mut said, mut heard) = (0_usize, BTreeSet::new());
    for Step {
        now,
        latest,
        input,
        argument,
    } in script(bytes)
    {
        match input % 6 {
            0..=2 => {
                let origin = match argument % 4 {
                    0 => Origin::Other,
                    1 => Origin::Discord { message: Some("7") },
                    _ => Origin::Numbered { message: Some(7) },
                };
                let id = MessageId(format!("{said}").into());
                said += 1;
                machine.handle_message(now, id, letter(argument), "[thread: x]", origin);
            }
            3 if argument % 2 == 0 => machine.handle_active(now, None),
            3 => machine.handle_active(now, Some(letter(argument))),
            _ => settle!(machine, now, latest),
        }
        while let Some(action) = machine.poll_action() {
            let (batching::Action::Enqueue { ids, .. } | batching::Action::Supersede { ids, .. }) =
                action;
            for id in ids {
                holds(heard.insert(id), "a message is in two prompts")?;
            }
        }
        holds(
            machine.pending() <= 8,
            "more is held than there is room for",
        )?;
        holds(heard.len() + machine.pending() == said, "a message is lost")?;
    }
    Ok(())
}

/// No text panics, normalizing twice changes nothing, an entry is never a duplicate
/// of itself, and memory is bounded.
#[doc(hidden)]
pub fn fuzz_dedup(bytes: &[u8], text: &str) -> Result<(), Fault> {
    let once = normalize(text);
    let again = normalize(&once.body);
    holds(
        again.body == once.body || once.body.starts_with("---"),
        "normalizing twice changes the text",
    )?;
    let mut machine = Dedup::new(DedupPolicy {
        capacity: 8,
        ..DedupPolicy::default()
    });
    for Step {
        now,
        latest,
        input,
        argument,
    } in script(bytes)
    {
        let id = MessageId(format!("{}", argument % 16).into());
        let body = format!("{text}, a text of some length: {}", argument % 5);
        let message = Incoming {
            id: &id,
            source: letter(argument),
            platform_id: (argument % 2 == 0).then_some(&*id.0),
            text: &body,
        };
        match input % 3 {
            0 => {
                machine.handle_incoming(now, message);
                let again = machine.handle_incoming(now, message);
                holds(
                    again == Verdict::New || message.platform_id.is_none(),
                    "an entry is a duplicate of itself",
                )?;
            }
            1 if machine.handle_prompt(now, message) == Verdict::New => {
                let again = machine.handle_prompt(now, message);
                holds(again == Verdict::New, "a prompt is a duplicate of itself")?;
            }
            _ => settle!(machine, now, latest),
        }
        holds(machine.remembered() <= 8, "too much is remembered")?;
    }
    Ok(())
}

/// Every message is served once, people's alone, and nothing starves.
#[doc(hidden)]
pub fn fuzz_priority(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = PriorityQueue::new(PriorityPolicy {
        capacity: 20,
        ..PriorityPolicy::default()
    });
    let (mut came, mut served) = (BTreeSet::new(), BTreeSet::new());
    for Step {
        now,
        latest,
        input,
        argument,
    } in script(bytes)
    {
        match input % 5 {
            0..=2 => {
                let id = MessageId(format!("{}", came.len()).into());
                let subject = Subject {
                    source: letter(argument),
                    prompt: if argument % 7 == 0 { "/x" } else { "x" },
                    event: (argument % 11 == 0).then_some("deploy.failed"),
                };
                if machine.handle_message(now, id.clone(), subject).is_ok() {
                    came.insert(id);
                }
            }
            3 => {
                let before = machine.len();
                let Some(taken) = machine.take(now) else {
                    holds(before == 0, "what waits is not served")?;
                    continue;
                };
                let person = Subject {
                    source: &taken.source,
                    prompt: "",
                    event: None,
                }
                .is_person();
                holds(!person || taken.ids.len() == 1, "a person was merged")?;
                for id in taken.ids {
                    holds(served.insert(id), "a message is served twice")?;
                }
            }
            _ => settle!(machine, now, latest),
        }
        holds(machine.len() <= 20, "more is held than there is room for")?;
        holds(
            served.len() + machine.len() == came.len(),
            "a message is lost",
        )?;
    }
    Ok(())
}
