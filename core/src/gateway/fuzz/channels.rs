//! Channels, and who is told what.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;

use super::{Fault, Step, holds, letter, script};
use crate::gateway::channel_heal::{
    self, ChannelHeal, ChannelLook, Executor, HealPolicy, HealSettings, Muting,
};
use crate::gateway::channel_health::{
    Channel, ChannelAlert, ChannelAlerts, ChannelStatus, MAX_CHANNELS,
};
use crate::gateway::console_forward::{Attributor, Content, Forward, OperatorChat};
use crate::gateway::heartbeat_gate::{self, GatePolicy, HeartbeatGate, Presence, Route};
use crate::gateway::operator_trace::{
    Event as TraceEvent, Hindsight, OperatorTraces, TraceId, TraceKind,
};
use crate::gateway::poll_lease::{
    self, Acquired, LeasePolicy, LeaseUse, Ownership, PollLease, Renewed,
};
use crate::gateway::{MessageId, RestartOutcome};
use crate::time::Timestamp;

/// Who may not poll does not poll, starts and stops alternate, wake-ups settle.
#[doc(hidden)]
pub fn fuzz_poll_lease(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = PollLease::new(LeasePolicy::default());
    let mut polls = false;
    for Step {
        now,
        latest,
        input,
        argument,
    } in script(bytes)
    {
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
            _ => settle!(machine, now, latest),
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

/// An answer has a source, and one to somebody is never suppressed as talk to oneself.
#[doc(hidden)]
pub fn fuzz_console_forward(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = Attributor::default();
    for Step {
        now,
        latest,
        input,
        argument,
    } in script(bytes)
    {
        match input % 5 {
            0 => machine.handle_prompt(now, letter(argument)),
            1 => machine.handle_turn_start(now),
            2 => machine.handle_prompt_done(now),
            3 => machine.handle_turn_end(now),
            _ => settle!(machine, latest, latest),
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
    let mut degraded = BTreeSet::new();
    let mut restarted: BTreeMap<Channel, Timestamp> = BTreeMap::new();
    for Step {
        now,
        latest,
        input,
        argument,
    } in script(bytes)
    {
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
            _ => settle!(heal, now, latest),
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
    let mut ended = BTreeSet::new();
    for (n, step) in script(bytes).enumerate() {
        let Step {
            now,
            latest,
            input,
            argument,
        } = step;
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
            _ => settle!(machine, now, latest),
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

/// Every message goes to the agent or gets a notice, once.
#[doc(hidden)]
pub fn fuzz_heartbeat_gate(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = HeartbeatGate::new(GatePolicy {
        capacity: 10,
        ..GatePolicy::default()
    });
    let (mut came, mut gone) = (0_usize, BTreeSet::new());
    for (n, step) in script(bytes).enumerate() {
        let Step {
            now, latest, input, ..
        } = step;
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
            _ => settle!(machine, now, latest),
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
