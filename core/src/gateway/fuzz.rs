//! Bodies of fuzz tests of the machines: any bytes are read as a script of inputs
//! at any times, and what must hold is checked after each.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;

use super::batching::{self, BatchPolicy, Batches, Origin};
use super::channel_heal::{
    self, ChannelHeal, ChannelLook, Executor, HealPolicy, HealSettings, Muting,
};
use super::channel_health::{Channel, ChannelAlert, ChannelAlerts, ChannelStatus, MAX_CHANNELS};
use super::command_queue::{self, Admission, CommandQueue, QueuePolicy, TurnOutcome};
use super::console_forward::{Attributor, Content, Forward, OperatorChat};
use super::dedup::{Dedup, DedupPolicy, Incoming, Verdict, normalize};
use super::error_budget::{BudgetPolicy, BudgetVerdict, ErrorBudget};
use super::failure_kind::FailureKind;
use super::fallback::{self, Catalogue, Fallback, FallbackPolicy, Model, Prompt};
use super::health_monitor::{
    self, ChannelProbe, Check, Diagnosis, HealthMonitor, MonitorMemory, MonitorPolicy, Remedy,
    Suppression,
};
use super::heartbeat_gate::{self, GatePolicy, HeartbeatGate, Presence, Route};
use super::model_alerts::{HourOfOperator, ModelAlertPolicy, ModelAlerts};
use super::operator_trace::{Event as TraceEvent, Hindsight, OperatorTraces, TraceId, TraceKind};
use super::poll_lease::{self, Acquired, LeasePolicy, LeaseUse, Ownership, PollLease, Renewed};
use super::pressure::{PressureAlertMemory, PressureAlerts, PressureHealth};
use super::priority::{PriorityPolicy, PriorityQueue, Subject};
use super::redis_mode::{self, ReconnectPolicy, RedisMode, RedisRuntime};
use super::watchdog::{self, FallbackUse, Maintenance, TurnEnd, Watchdog, WatchdogPolicy};
use super::{MessageId, RestartOutcome};
use crate::time::Timestamp;

/// What a machine did wrong.
pub type Fault = String;

/// One line of a script.
#[derive(Clone, Copy)]
struct Step {
    now: Timestamp,
    input: u8,
    argument: u8,
}

/// Three bytes are a step: what to do, with what, and how far the clock moves, back
/// or forth. After 200 steps the script ends.
fn script(bytes: &[u8]) -> impl Iterator<Item = Step> + '_ {
    const MOVES_MS: [i64; 12] = [
        0, 1, 500, 2_000, 10_000, 30_000, 90_000, 300_000, 600_000, 86_400_000, -1_500, -700_000,
    ];
    let mut now = Timestamp::from_seconds(1_800_000_000).unwrap_or(Timestamp::MIN);
    bytes.chunks_exact(3).take(200).map(move |step| {
        let (input, argument, pace) = match step {
            [input, argument, pace] => (*input, *argument, *pace),
            _ => (0, 0, 0),
        };
        now = match pace {
            254 => Timestamp::MIN,
            255 => Timestamp::MAX,
            pace => {
                let ms = MOVES_MS.iter().cycle().nth(usize::from(pace) % 12);
                now.saturating_add_us(ms.map_or(0, |ms| ms * 1000))
            }
        };
        Step {
            now,
            input,
            argument,
        }
    })
}

/// Letters that the ids and sources of a script are made of.
fn letter(argument: u8) -> &'static str {
    match argument % 6 {
        0 => "a",
        1 => "telegram:1",
        2 => "slack:C1",
        3 => "heartbeat",
        4 => "console",
        _ => "",
    }
}

fn holds(truth: bool, what: &str) -> Result<(), Fault> {
    if truth { Ok(()) } else { Err(what.into()) }
}

/// A wake-up that is due and acted on must not be due again at once for ever.
fn settles<W: core::fmt::Debug>(
    now: Timestamp,
    mut timeout: impl FnMut() -> Option<(Timestamp, W)>,
) -> Result<(), Fault> {
    if now == Timestamp::MAX {
        // No time comes after it: every later wake-up is due.
        timeout();
        return Ok(());
    }
    for _ in 0..8 {
        match timeout() {
            Some((due, _)) if due <= now => {}
            _ => return Ok(()),
        }
    }
    Err(format!("still due: {:?}", timeout()))
}

/// Nothing is lost, nothing is answered twice, one prompt is in work, and memory is
/// bounded; and a queue whose session answers runs empty.
#[doc(hidden)]
pub fn fuzz_command_queue(bytes: &[u8]) -> Result<(), Fault> {
    serve_script(bytes, QueuePolicy::default())
}

fn serve_script(bytes: &[u8], policy: QueuePolicy) -> Result<(), Fault> {
    let policy = QueuePolicy {
        capacity: 12,
        ..policy
    };
    let mut queue = CommandQueue::new(policy);
    let mut world = QueueWorld::default();
    let mut latest = Timestamp::MIN;
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
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

/// The session never moves to a model it is on, and every wake-up settles.
#[doc(hidden)]
pub fn fuzz_fallback(bytes: &[u8]) -> Result<(), Fault> {
    let policy = FallbackPolicy::new(Model::new("a", "big"), Model::new("b", "small"));
    let mut machine = Fallback::new(policy, Catalogue::Known);
    let mut latest = Timestamp::MIN;
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
        let prompt = Prompt(u64::from(argument % 3));
        let result = if argument % 2 == 0 {
            Ok(())
        } else {
            Err("429")
        };
        match input % 11 {
            0 => machine.handle_dispatched(now, prompt),
            1 => machine.handle_first_token(now, prompt),
            2 => machine.handle_activity(now, prompt),
            3 => machine.handle_pause(now),
            4 => machine.handle_resume(now),
            5 => machine.handle_cancel(now),
            6 => machine.handle_turn_end(now, prompt),
            7 => machine.handle_prompt_error(now, u32::from(argument % 5)),
            8 => machine.handle_model_set(now, result),
            9 => machine.handle_probe_answer(now, result),
            _ => settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?,
        }
        while let Some(action) = machine.poll_action() {
            let primary = matches!(&action, fallback::Action::SetModel(m) if &*m.name == "big");
            let back = matches!(&action, fallback::Action::SetModel(m) if &*m.name == "small");
            holds(
                !primary || machine.is_active(),
                "restored without a fallback",
            )?;
            holds(!back || !machine.is_active(), "moved to where it is")?;
        }
        while machine.poll_event().is_some() {}
    }
    Ok(())
}

/// One restart at most, an abort only for a turn that is open, wake-ups settle.
#[doc(hidden)]
pub fn fuzz_watchdog(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = Watchdog::new(WatchdogPolicy::default());
    let mut latest = Timestamp::MIN;
    let (mut restarts, mut prompts, mut aborts) = (0_u32, 0_u32, 0_u32);
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
        match input % 10 {
            0 | 1 => {
                prompts += 1;
                machine.handle_prompt(now, letter(argument));
            }
            2 => machine.handle_turn_start(now),
            3 => machine.handle_message_start(now),
            4 if argument % 2 == 0 => machine.handle_turn_end(now, TurnEnd::Step),
            4 => machine.handle_turn_end(now, TurnEnd::Run),
            5 => machine.handle_abort_failed(now),
            6 => machine.handle_failures(now, u32::from(argument % 5)),
            7 if argument % 2 == 0 => machine.handle_fallback(now, FallbackUse::Inactive),
            7 => machine.handle_fallback(now, FallbackUse::Active { since: None }),
            8 if argument % 2 == 0 => machine.handle_maintenance(now, Maintenance::Active),
            8 => machine.handle_maintenance(now, Maintenance::Idle),
            _ => settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?,
        }
        while let Some(action) = machine.poll_action() {
            match action {
                watchdog::Action::Restart(_) => restarts += 1,
                watchdog::Action::Abort => {
                    aborts += 1;
                    holds(prompts > 0, "aborted without a turn")?;
                }
                watchdog::Action::Release => holds(prompts > 0, "released without a turn")?,
            }
        }
        holds(restarts <= 1, "restarted twice")?;
        holds(
            restarts == 0 || machine.poll_timeout().is_none(),
            "goes on after the restart",
        )?;
        while machine.poll_event().is_some() {}
        let _ = machine.session_health(now);
    }
    holds(aborts <= 200, "aborts without end")
}

/// Who may not poll does not poll, starts and stops alternate, wake-ups settle.
#[doc(hidden)]
pub fn fuzz_poll_lease(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = PollLease::new(LeasePolicy::default());
    let mut latest = Timestamp::MIN;
    let mut polls = false;
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
        match input % 8 {
            0 if argument % 4 == 0 => machine.handle_start(now, LeaseUse::Disabled),
            0 => machine.handle_start(now, LeaseUse::Enabled),
            1 => machine.handle_acquired(
                now,
                match argument % 3 {
                    0 => Acquired::Owned,
                    1 => Acquired::Unavailable,
                    _ => Acquired::Other {
                        owner: letter(argument).into(),
                    },
                },
            ),
            2 => machine.handle_renewed(
                now,
                match argument % 3 {
                    0 => Renewed::Kept,
                    1 => Renewed::Unavailable,
                    _ => Renewed::Lost,
                },
            ),
            3 => machine.handle_poll_started(now),
            4 if argument % 2 == 0 => machine.handle_poll_error(now, "409 getUpdates"),
            4 => machine.handle_poll_error(now, letter(argument)),
            5 if argument % 4 == 0 => machine.handle_shutdown(now),
            _ => settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?,
        }
        while let Some(action) = machine.poll_action() {
            match action {
                poll_lease::Action::StartPolling => polls = true,
                poll_lease::Action::StopPolling => {
                    holds(polls, "stopped what was not started")?;
                    polls = false;
                }
                _ => {}
            }
        }
        let may = matches!(machine.ownership(), Ownership::Owner | Ownership::Fallback);
        holds(may || !polls, "polls without a right to")?;
        holds(
            machine.ownership() != Ownership::Stopped || machine.poll_timeout().is_none(),
            "wakes up after the end",
        )?;
        while machine.poll_event().is_some() {}
    }
    Ok(())
}

/// Alerts and recoveries alternate, and the same pressure is not told again early.
#[doc(hidden)]
pub fn fuzz_pressure_alerts(bytes: &[u8]) -> Result<(), Fault> {
    use super::pressure::PressureAlert;

    let mut machine =
        PressureAlerts::new(PressureAlerts::COOLDOWN_MS, PressureAlertMemory::default());
    let mut latest = Timestamp::MIN;
    let mut told = PressureHealth::Ok;
    for Step { now, input, .. } in script(bytes) {
        latest = latest.max(now);
        match input % 4 {
            0 => machine.handle_health(now, PressureHealth::Ok),
            1 => machine.handle_health(now, PressureHealth::Elevated),
            2 => machine.handle_health(now, PressureHealth::Critical),
            _ => settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?,
        }
        while let Some(alert) = machine.poll_action() {
            match alert {
                PressureAlert::Recovered => {
                    holds(told != PressureHealth::Ok, "recovered from nothing")?;
                    told = PressureHealth::Ok;
                }
                PressureAlert::Raised(health) => {
                    holds(health != PressureHealth::Ok, "alert without pressure")?;
                    told = health;
                }
            }
        }
    }
    Ok(())
}

/// Every message is in exactly one prompt, and every batch closes.
#[doc(hidden)]
pub fn fuzz_batches(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = Batches::new(BatchPolicy {
        messages: 4,
        batches: 2,
        ..BatchPolicy::default()
    });
    let mut latest = Timestamp::MIN;
    let (mut said, mut heard) = (0_usize, BTreeSet::new());
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
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
            _ => settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?,
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
    let mut latest = Timestamp::MIN;
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
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
            _ => settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?,
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
    let mut latest = Timestamp::MIN;
    let (mut came, mut served) = (BTreeSet::new(), BTreeSet::new());
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
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
            _ => settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?,
        }
        holds(machine.len() <= 20, "more is held than there is room for")?;
        holds(
            served.len() + machine.len() == came.len(),
            "a message is lost",
        )?;
    }
    Ok(())
}

/// An answer has a source, and one to somebody is never suppressed as talk to oneself.
#[doc(hidden)]
pub fn fuzz_console_forward(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = Attributor::default();
    let mut latest = Timestamp::MIN;
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
        match input % 5 {
            0 => machine.handle_prompt(now, letter(argument)),
            1 => machine.handle_turn_start(now),
            2 => machine.handle_prompt_done(now),
            3 => machine.handle_turn_end(now),
            _ => settles(latest, || {
                machine.handle_timeout(latest);
                machine.poll_timeout()
            })?,
        }
        let to = machine.attribute(now);
        let forward = Forward::of(OperatorChat::Configured, &to, "x", Content::Own);
        holds(
            !to.is_channel() || forward != Forward::SuppressedByPolicy,
            "an answer to a channel was suppressed",
        )?;
    }
    Ok(())
}

/// Alerts of a channel alternate; restarts keep their distance and come only where
/// they may.
#[doc(hidden)]
pub fn fuzz_channels(bytes: &[u8]) -> Result<(), Fault> {
    let mut alerts = ChannelAlerts::default();
    let mut heal = ChannelHeal::new(HealSettings::default());
    let mut latest = Timestamp::MIN;
    let mut degraded = BTreeSet::new();
    let mut restarted: BTreeMap<Channel, Timestamp> = BTreeMap::new();
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
        let channel = Channel::from(letter(argument));
        let status = match input % 3 {
            0 => ChannelStatus::Healthy,
            1 => ChannelStatus::Degraded,
            _ => ChannelStatus::Disabled,
        };
        match input / 3 % 3 {
            0 => {
                alerts.handle_status(now, &channel, status);
                let look = ChannelLook {
                    status,
                    policy: HealPolicy::of_status(status),
                    muting: if argument % 16 < 12 {
                        Muting::Loud
                    } else {
                        Muting::Muted
                    },
                    executor: Executor::Able,
                };
                heal.handle_look(now, &channel, look);
            }
            1 if argument % 2 == 0 => heal.handle_restarted(now, &channel, RestartOutcome::Done),
            1 => heal.handle_restarted(now, &channel, RestartOutcome::Failed),
            _ => settles(latest, || {
                heal.handle_timeout(now);
                heal.poll_timeout()
            })?,
        }
        while let Some(alert) = alerts.poll_action() {
            match alert {
                ChannelAlert::Degraded(channel) => {
                    degraded.insert(channel);
                }
                ChannelAlert::Recovered(channel) => {
                    holds(degraded.remove(&channel), "recovered from nothing")?;
                }
            }
        }
        while let Some(action) = heal.poll_action() {
            if let channel_heal::Action::Restart(channel) = action {
                let last = restarted.insert(channel, latest);
                let gap = last.map(|last| latest.as_micros() - last.as_micros());
                holds(
                    gap.is_none_or(|us| us >= 600_000_000),
                    "restarted too early",
                )?;
            }
        }
        holds(restarted.len() <= MAX_CHANNELS, "too many channels")?;
    }
    Ok(())
}

/// A trace ends once and is not open after its time.
#[doc(hidden)]
pub fn fuzz_operator_traces(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = OperatorTraces::default();
    let mut latest = Timestamp::MIN;
    let mut ended = BTreeSet::new();
    for (n, step) in script(bytes).enumerate() {
        let Step {
            now,
            input,
            argument,
        } = step;
        latest = latest.max(now);
        let near = n.saturating_sub(usize::from(argument % 4));
        let id = TraceId(format!("{near}").into());
        match input % 6 {
            0 => {
                let kind = if argument % 2 == 0 {
                    TraceKind::Command
                } else {
                    TraceKind::AgentCommand
                };
                // A number is used for one trace only.
                let id = TraceId(format!("{n}").into());
                let begun = machine.handle_started(now, id, kind, "r");
                holds(begun.is_ok(), "no room for a trace")?;
            }
            1 if argument % 2 == 0 => machine.handle_acknowledged(now, &id, Err("x")),
            1 => machine.handle_acknowledged(now, &id, Ok(())),
            2 => machine.handle_dispatched(now, &id),
            3 => machine.handle_completed(now, &id),
            4 => machine.handle_failed(now, &id, "x"),
            _ => settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?,
        }
        while let Some(event) = machine.poll_event() {
            if let TraceEvent::Changed(id, status) = event
                && status.is_closed()
            {
                holds(ended.insert(id), "a trace ended twice")?;
            }
        }
        holds(
            machine.recent().count() <= OperatorTraces::SHOWN,
            "too many are shown",
        )?;
        let _ = machine.fault(now, Hindsight::default());
        let _ = machine.fault(now, Hindsight::SinceStart);
    }
    Ok(())
}

/// After the end nothing is connected, and a gateway without Redis always tries again.
#[doc(hidden)]
pub fn fuzz_redis_mode(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = RedisRuntime::new(ReconnectPolicy::default());
    let mut latest = Timestamp::MIN;
    let mut started = false;
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
        match input % 7 {
            0 => {
                machine.handle_start(now);
                started = true;
            }
            1 => machine.handle_connected(now),
            2 => machine.handle_connect_failed(now),
            3 => machine.handle_disconnected(now),
            4 if argument % 16 == 0 => machine.handle_shutdown(now),
            _ => settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?,
        }
        let mode = machine.mode();
        while let Some(action) = machine.poll_action() {
            holds(
                mode != RedisMode::Shutdown || action == redis_mode::Action::Disconnect,
                "works on after the end",
            )?;
        }
        let waits = machine.poll_timeout().is_some();
        let settled = matches!(mode, RedisMode::Connected | RedisMode::Shutdown);
        holds(!started || waits != settled, "no way back to Redis")?;
        while let Some(changed) = machine.poll_event() {
            holds(changed.from != changed.to, "changed to what it was")?;
        }
    }
    Ok(())
}

/// Every error is reported or counted, and no window reports more than its budget.
#[doc(hidden)]
pub fn fuzz_error_budget(bytes: &[u8]) -> Result<(), Fault> {
    let policy = BudgetPolicy::default();
    let mut machine = ErrorBudget::new(policy);
    let mut latest = Timestamp::MIN;
    let (mut suppressed, mut summed) = (0_u64, 0_u64);
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
        if input % 4 == 0 {
            settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?;
        } else if machine.handle_error(now, letter(argument)) == BudgetVerdict::Suppress {
            suppressed += 1;
        }
        while let Some(summary) = machine.poll_event() {
            holds(summary.emitted <= 3, "reports more than its budget")?;
            holds(summary.from <= summary.to, "ends before it begins")?;
            summed += summary.suppressed;
        }
        holds(summed <= suppressed, "sums up what was not suppressed")?;
    }
    machine.handle_timeout(latest.saturating_add_us(86_400_000_000));
    if latest < Timestamp::MAX.saturating_add_us(-86_400_000_000) {
        summed += machine.poll_event().map_or(0, |summary| summary.suppressed);
        holds(
            summed == suppressed,
            "a suppressed error is never summed up",
        )?;
    }
    Ok(())
}

/// Restarts and alerts keep their distance under both policies.
#[doc(hidden)]
pub fn fuzz_health_monitor(bytes: &[u8]) -> Result<(), Fault> {
    for remedy in [Remedy::OperatorAction, Remedy::AutoRestart] {
        let policy = MonitorPolicy {
            remedy,
            ..MonitorPolicy::default()
        };
        let mut machine = HealthMonitor::new(policy.clone(), MonitorMemory::default());
        let mut latest = Timestamp::MIN;
        let (mut restarted, mut alerted) = (None, None);
        for Step {
            now,
            input,
            argument,
        } in script(bytes)
        {
            latest = latest.max(now);
            let channels = [(
                Channel::from(letter(argument)),
                ChannelProbe::Counts {
                    severe: u64::from(argument % 8),
                    success: u64::from(argument % 3),
                },
            )];
            let check = Check {
                diagnosis: match argument % 4 {
                    0 => Diagnosis::Missing,
                    1 => Diagnosis::Done { failed: &[] },
                    2 => Diagnosis::Done {
                        failed: &["model-api"],
                    },
                    _ => Diagnosis::Done {
                        failed: &["process"],
                    },
                },
                channels: &channels,
                muted: &[],
                suppression: Suppression::Off,
            };
            match input % 5 {
                0..=1 => machine.handle_check(now, check),
                2 if argument % 2 == 0 => machine.handle_restarted(now, RestartOutcome::Done),
                2 => machine.handle_restarted(now, RestartOutcome::Failed),
                3 => {
                    // The host was started anew with what was remembered.
                    machine = HealthMonitor::new(policy.clone(), machine.memory().clone());
                    machine.handle_timeout(latest);
                }
                _ => settles(latest, || {
                    machine.handle_timeout(now);
                    machine.poll_timeout()
                })?,
            }
            while let Some(action) = machine.poll_action() {
                let last = match action {
                    health_monitor::Action::Restart => {
                        holds(remedy == Remedy::AutoRestart, "restarted unasked")?;
                        restarted.replace(latest).map(|last| (last, 900))
                    }
                    health_monitor::Action::AlertGateway { .. } => {
                        alerted.replace(latest).map(|last| (last, 1_200))
                    }
                    _ => None,
                };
                let early = last.is_some_and(|(last, least_s): (Timestamp, i64)| {
                    latest.as_micros() - last.as_micros() < least_s * 1_000_000
                });
                holds(!early, "acts again too early")?;
            }
            while machine.poll_event().is_some() {}
        }
    }
    Ok(())
}

/// Every message goes to the agent or gets a notice, once.
#[doc(hidden)]
pub fn fuzz_heartbeat_gate(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = HeartbeatGate::new(GatePolicy {
        capacity: 10,
        ..GatePolicy::default()
    });
    let mut latest = Timestamp::MIN;
    let (mut came, mut gone) = (0_usize, BTreeSet::new());
    for (n, step) in script(bytes).enumerate() {
        let Step { now, input, .. } = step;
        latest = latest.max(now);
        match input % 6 {
            0 => machine.handle_presence(now, Presence::Present),
            1 => machine.handle_presence(now, Presence::Absent),
            2 => machine.handle_presence(now, Presence::Unreadable),
            3 | 4 => {
                let id = MessageId(format!("{n}").into());
                match machine.handle_message(now, id.clone()) {
                    Route::Agent => {
                        came += 1;
                        gone.insert(id);
                    }
                    Route::Held => came += 1,
                    Route::Full => holds(machine.held() == 10, "full before it is")?,
                }
            }
            _ => settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?,
        }
        while let Some(action) = machine.poll_action() {
            if let heartbeat_gate::Action::Deliver(ids) | heartbeat_gate::Action::SendNotice(ids) =
                action
            {
                for id in ids {
                    holds(gone.insert(id), "a message went out twice")?;
                }
            }
        }
        holds(gone.len() + machine.held() == came, "a message is lost")?;
        while machine.poll_event().is_some() {}
    }
    Ok(())
}

/// The same failure is not told again early, nobody is woken at night, and memory is
/// bounded by what is young.
#[doc(hidden)]
pub fn fuzz_model_alerts(bytes: &[u8], error: &str) -> Result<(), Fault> {
    let mut machine = ModelAlerts::new(ModelAlertPolicy::default());
    let mut latest = Timestamp::MIN;
    for Step {
        now,
        input,
        argument,
    } in script(bytes)
    {
        latest = latest.max(now);
        match input % 4 {
            0 => machine.handle_failure(now, letter(argument), error, u32::from(argument)),
            1 => machine.handle_swap(now, FailureKind::of_text(error), HourOfOperator::Day),
            2 => {
                while machine.poll_action().is_some() {}
                machine.handle_swap(now, FailureKind::Timeout, HourOfOperator::Night);
                holds(machine.poll_action().is_none(), "told at night")?;
            }
            _ => settles(latest, || {
                machine.handle_timeout(now);
                machine.poll_timeout()
            })?,
        }
        while machine.poll_action().is_some() {}
        while machine.poll_event().is_some() {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..600)
    }

    /// One property test for each body.
    macro_rules! hold_for_any_script {
        ($($test:ident: $body:ident,)*) => {
            proptest! {
                $(
                    #[test]
                    fn $test(bytes in bytes()) {
                        prop_assert_eq!($body(&bytes), Ok(()));
                    }
                )*
            }
        };
    }

    hold_for_any_script! {
        command_queue: fuzz_command_queue,
        fallback: fuzz_fallback,
        watchdog: fuzz_watchdog,
        poll_lease: fuzz_poll_lease,
        pressure_alerts: fuzz_pressure_alerts,
        batches: fuzz_batches,
        priority: fuzz_priority,
        console_forward: fuzz_console_forward,
        channels: fuzz_channels,
        operator_traces: fuzz_operator_traces,
        redis_mode: fuzz_redis_mode,
        error_budget: fuzz_error_budget,
        health_monitor: fuzz_health_monitor,
        heartbeat_gate: fuzz_heartbeat_gate,
    }

    /// A message comes, and then one more thing happens to it.
    #[test]
    fn what_the_queue_of_the_peer_loses_is_noticed() {
        let (come, fail, lost) = ([0, 0, 0], [6, 1, 0], [9, 0, 0]);
        let first_attempt_fails = [come, fail].concat();
        for (script, fault) in [
            (
                first_attempt_fails,
                "an unanswered message was acknowledged",
            ),
            ([come, lost].concat(), "never answered: {MessageId(\"0\")}"),
        ] {
            assert_eq!(
                serve_script(&script, QueuePolicy::peer()),
                Err(fault.into())
            );
            assert_eq!(serve_script(&script, QueuePolicy::default()), Ok(()));
        }
    }

    proptest! {
        #[test]
        fn dedup(bytes in bytes(), text in "(---\nChannel:)?[ a-c\n-]{0,20}") {
            prop_assert_eq!(fuzz_dedup(&bytes, &text), Ok(()));
        }

        #[test]
        fn model_alerts(bytes in bytes(), error in ".{0,20}|429|timeout") {
            prop_assert_eq!(fuzz_model_alerts(&bytes, &error), Ok(()));
        }
    }
}
