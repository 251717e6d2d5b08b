//! The monitor that looks at the gateway again and again, and what it does about
//! what it finds.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::RestartOutcome;
use super::channel_health::{Channel, MAX_CHANNELS};
use super::channel_probe::{ChannelProbe, ProbeStatus};
use super::clock::{Clock, after, ms_between};
use crate::time::Timestamp;

mod policy;

pub use policy::{FailureRule, MonitorPolicy, Remedy, RestartRule};

/// What a diagnosis came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diagnosis<'a> {
    /// It names the layers that failed, if any.
    Done {
        /// Their ids.
        failed: &'a [&'a str],
    },
    /// There was none: it crashed, hung or could not be read.
    Missing,
}

/// Whether alerts of this monitor are switched off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Suppression {
    /// They are not.
    #[default]
    Off,
    /// They are; checks and restarts go on.
    On,
}

/// One check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check<'a> {
    /// The diagnosis.
    pub diagnosis: Diagnosis<'a>,
    /// What telemetry says of channels; empty where it is not asked.
    pub channels: &'a [(Channel, ChannelProbe)],
    /// Channels about which nobody is alerted.
    pub muted: &'a [Channel],
    /// Whether anybody is alerted at all.
    pub suppression: Suppression,
}

/// What the host must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Restart the gateway, then [`HealthMonitor::handle_restarted`].
    Restart,
    /// Diagnose again, then [`HealthMonitor::handle_check`].
    Diagnose,
    /// Write down that the operator is asked to act.
    RequestOperator {
        /// The layers that failed.
        layers: Vec<Box<str>>,
    },
    /// Alert somebody at once.
    AlertGateway {
        /// Checks that failed in a row.
        streak: u32,
        /// The layers that failed.
        layers: Vec<Box<str>>,
    },
    /// Alert somebody, not at once.
    AlertChannels(Vec<(Channel, ProbeStatus)>),
}

/// What is worth recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A check was made.
    Checked {
        /// Nothing is failing that anything is done about.
        success: bool,
        /// Checks that failed in a row.
        streak: u32,
        /// Channels that keep failing.
        actionable: Vec<Channel>,
        /// Channels that keep failing about which nobody is alerted.
        muted: Vec<Channel>,
    },
    /// The restart helped.
    SelfHealed,
    /// The operator is asked to act.
    OperatorActionRequested,
    /// An alert was not sent, because alerts are switched off.
    AlertSuppressed,
}

impl Event {
    /// The action under which telemetry records it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Checked { .. } => "gateway.health.checked",
            Self::SelfHealed => "gateway.health.self-healed",
            Self::OperatorActionRequested => "gateway.health.operator_action.requested",
            Self::AlertSuppressed => "gateway.health.alert.suppressed",
        }
    }
}

/// Why the monitor wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The restart takes too long.
    RestartTimeout,
    /// The gateway has had time to come up.
    Settled,
    /// The diagnosis takes too long.
    DiagnosisTimeout,
}

/// What the monitor remembers from check to check. A host that runs it now and then
/// keeps it in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonitorMemory {
    /// Checks of the gateway that failed in a row.
    pub streak: Streak,
    /// The last alert about the gateway. One that was held back is none.
    pub alerted_at: Option<Timestamp>,
    /// When the operator was last asked to act.
    pub requested_at: Option<Timestamp>,
    /// The last restart.
    pub restarted_at: Option<Timestamp>,
    /// Channels that are failing.
    pub channels: BTreeMap<Channel, ChannelMemory>,
}

/// Failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    /// How many.
    pub count: u32,
    /// The latest.
    pub at: Option<Timestamp>,
}

impl Streak {
    fn add(&mut self, now: Timestamp, ttl_ms: u64) {
        if self.at.is_none_or(|at| ms_between(at, now) >= ttl_ms) {
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.at = Some(now);
    }
}

/// What is remembered of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelMemory {
    /// Checks that failed in a row.
    pub streak: Streak,
    /// The last alert.
    pub alerted_at: Option<Timestamp>,
}

/// The health monitor.
#[derive(Clone, Debug)]
pub struct HealthMonitor {
    policy: MonitorPolicy,
    clock: Clock,
    memory: MonitorMemory,
    phase: Phase,
    layers: Vec<Box<str>>,
    suppression: Suppression,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Watching,
    Restarting { until: Timestamp },
    Settling { until: Timestamp },
    Verifying { until: Timestamp },
}

impl HealthMonitor {
    /// A monitor that goes on from what was remembered.
    pub fn new(policy: MonitorPolicy, memory: MonitorMemory) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            memory,
            phase: Phase::Watching,
            layers: Vec::new(),
            suppression: Suppression::Off,
            actions: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// A check was made. While a restart is under way it is not judged: the gateway
    /// is down on purpose.
    pub fn handle_check(&mut self, now: Timestamp, check: Check<'_>) {
        let now = self.clock.advance(now);
        if matches!(
            self.phase,
            Phase::Restarting { .. } | Phase::Settling { .. }
        ) {
            return;
        }
        self.suppression = check.suppression;
        let critical = self.judge(check.diagnosis);
        let failing = match check.diagnosis {
            Diagnosis::Missing => true,
            Diagnosis::Done { failed } => {
                critical || (self.policy.failure == FailureRule::AnyLayer && !failed.is_empty())
            }
        };
        let verifying = matches!(self.phase, Phase::Verifying { .. });
        self.phase = Phase::Watching;
        if failing {
            self.memory.streak.add(now, self.policy.streak_ttl_ms);
            if verifying {
                self.alert(now);
            } else if self.memory.streak.count >= self.policy.streak.max(1) {
                self.act(now, critical, check.diagnosis);
            }
        } else {
            self.memory.streak = Streak::default();
            if verifying {
                self.events.push_back(Event::SelfHealed);
            }
        }
        let (actionable, muted) = self.channels(now, &check);
        self.events.push_back(Event::Checked {
            success: !failing && actionable.is_empty(),
            streak: self.memory.streak.count,
            actionable,
            muted,
        });
    }

    /// The restart was carried out, or could not be.
    pub fn handle_restarted(&mut self, now: Timestamp, outcome: RestartOutcome) {
        let now = self.clock.advance(now);
        if !matches!(self.phase, Phase::Restarting { .. }) {
            return;
        }
        match outcome {
            RestartOutcome::Done => {
                self.phase = Phase::Settling {
                    until: after(now, self.policy.settle_ms),
                };
            }
            RestartOutcome::Failed => {
                self.phase = Phase::Watching;
                self.alert(now);
            }
        }
    }

    /// An alert reached nobody: it is sent again at the next check that fails.
    pub fn handle_undelivered(&mut self, alert: &Action) {
        match alert {
            Action::AlertGateway { .. } => self.memory.alerted_at = None,
            Action::AlertChannels(channels) => {
                for (channel, _) in channels {
                    if let Some(known) = self.memory.channels.get_mut(channel) {
                        known.alerted_at = None;
                    }
                }
            }
            Action::Restart | Action::Diagnose | Action::RequestOperator { .. } => {}
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        match self.phase {
            Phase::Settling { until } if until <= now => {
                self.phase = Phase::Verifying {
                    until: after(now, self.policy.diagnosis_ms),
                };
                self.actions.push_back(Action::Diagnose);
            }
            Phase::Restarting { until } | Phase::Verifying { until } if until <= now => {
                self.phase = Phase::Watching;
                self.alert(now);
            }
            _ => {}
        }
    }

    /// The next thing the host must do.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing worth recording.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub const fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        match self.phase {
            Phase::Watching => None,
            Phase::Restarting { until } => Some((until, Wake::RestartTimeout)),
            Phase::Settling { until } => Some((until, Wake::Settled)),
            Phase::Verifying { until } => Some((until, Wake::DiagnosisTimeout)),
        }
    }

    /// What is to be remembered.
    pub const fn memory(&self) -> &MonitorMemory {
        &self.memory
    }

    /// Notes the failed layers and says whether a critical one is among them.
    fn judge(&mut self, diagnosis: Diagnosis<'_>) -> bool {
        let failed = match diagnosis {
            Diagnosis::Done { failed } => failed,
            Diagnosis::Missing => &[],
        };
        self.layers = failed
            .iter()
            .take(MAX_CHANNELS)
            .map(|layer| (*layer).into())
            .collect();
        failed.iter().any(|layer| {
            self.policy
                .critical_layers
                .iter()
                .any(|known| &**known == *layer)
        })
    }

    fn act(&mut self, now: Timestamp, critical: bool, diagnosis: Diagnosis<'_>) {
        let mendable = critical
            || diagnosis == Diagnosis::Missing
            || self.policy.restart == RestartRule::AlsoWithout;
        let rested = self
            .memory
            .restarted_at
            .is_none_or(|last| ms_between(last, now) >= self.policy.restart_cooldown_ms);
        if self.policy.remedy == Remedy::AutoRestart && mendable && rested {
            self.memory.restarted_at = Some(now);
            self.phase = Phase::Restarting {
                until: after(now, self.policy.restart_ms),
            };
            self.actions.push_back(Action::Restart);
        } else {
            self.alert(now);
        }
    }

    fn alert(&mut self, now: Timestamp) {
        let rested = |last: Option<Timestamp>| {
            last.is_none_or(|last| ms_between(last, now) >= self.policy.alert_cooldown_ms)
        };
        let (ask, tell) = (
            rested(self.memory.requested_at),
            rested(self.memory.alerted_at),
        );
        let layers = self.layers.clone();
        if self.policy.remedy == Remedy::OperatorAction && ask {
            self.memory.requested_at = Some(now);
            self.events.push_back(Event::OperatorActionRequested);
            self.actions.push_back(Action::RequestOperator {
                layers: layers.clone(),
            });
        }
        match self.suppression {
            _ if !tell => {}
            // Who switches alerts on again is told at the next check.
            Suppression::On => self.events.push_back(Event::AlertSuppressed),
            Suppression::Off => {
                self.memory.alerted_at = Some(now);
                self.actions.push_back(Action::AlertGateway {
                    streak: self.memory.streak.count,
                    layers,
                });
            }
        }
    }

    /// The channels that keep failing, and those of them that are muted.
    fn channels(&mut self, now: Timestamp, check: &Check<'_>) -> (Vec<Channel>, Vec<Channel>) {
        let (mut actionable, mut muted, mut alerts) = (Vec::new(), Vec::new(), Vec::new());
        for (channel, probe) in check.channels.iter().take(MAX_CHANNELS) {
            let status = probe.status();
            if status < ProbeStatus::Degraded {
                // Unknown ends the row as well: nothing is held against a channel of
                // which nothing is known.
                self.memory.channels.remove(channel);
                continue;
            }
            if !self.memory.channels.contains_key(channel)
                && self.memory.channels.len() >= MAX_CHANNELS
            {
                continue;
            }
            let known = self.memory.channels.entry(channel.clone()).or_default();
            known.streak.add(now, self.policy.streak_ttl_ms);
            if known.streak.count < self.policy.streak.max(1) {
                continue;
            }
            if check.muted.contains(channel) {
                muted.push(channel.clone());
                continue;
            }
            actionable.push(channel.clone());
            let rested = known
                .alerted_at
                .is_none_or(|told| ms_between(told, now) >= self.policy.channel_cooldown_ms);
            if check.suppression == Suppression::Off && rested {
                known.alerted_at = Some(now);
                alerts.push((channel.clone(), status));
            }
        }
        if !alerts.is_empty() {
            self.actions.push_back(Action::AlertChannels(alerts));
        }
        (actionable, muted)
    }
}

#[cfg(test)]
mod tests;
