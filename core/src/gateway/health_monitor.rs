//! The monitor that looks at the gateway again and again, and what it does about
//! what it finds.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::RestartOutcome;
use super::channel_health::{Channel, MAX_CHANNELS};
use super::clock::{Clock, after, ms_between};
use crate::time::Timestamp;

/// What the monitor does about a gateway that keeps failing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remedy {
    /// It asks the operator. The newer policy.
    #[default]
    OperatorAction,
    /// It restarts the gateway, looks again, and alerts if that did not help. The
    /// older policy.
    AutoRestart,
}

/// Which findings are a failure of the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureRule {
    /// A failed layer without which the gateway cannot answer.
    #[default]
    CriticalLayer,
    /// Any failed layer, so that the list of critical ones has no effect. The peer's
    /// way.
    AnyLayer,
}

/// After which findings a restart is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartRule {
    /// A failed critical layer: what a restart can mend.
    #[default]
    CriticalLayer,
    /// Also a failure that names no critical layer, such as an outage of the model's
    /// provider. The peer's way.
    AlsoWithout,
}

/// Settings of the monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorPolicy {
    /// What is done.
    pub remedy: Remedy,
    /// What is a failure.
    pub failure: FailureRule,
    /// What a restart is tried for.
    pub restart: RestartRule,
    /// Layers without which the gateway cannot answer.
    pub critical_layers: Vec<Box<str>>,
    /// So many checks in a row must fail.
    pub streak: u32,
    /// A row is forgotten when no check comes for this long.
    pub streak_ttl_ms: u64,
    /// Time between two alerts about the gateway.
    pub alert_cooldown_ms: u64,
    /// Time between two alerts about a channel.
    pub channel_cooldown_ms: u64,
    /// Time between two restarts.
    pub restart_cooldown_ms: u64,
    /// How long a restart may take.
    pub restart_ms: u64,
    /// How long to wait after a restart before looking again.
    pub settle_ms: u64,
    /// How long a diagnosis may take.
    pub diagnosis_ms: u64,
}

impl Default for MonitorPolicy {
    fn default() -> Self {
        Self {
            remedy: Remedy::OperatorAction,
            failure: FailureRule::CriticalLayer,
            restart: RestartRule::CriticalLayer,
            critical_layers: ["process", "cli-status", "redis-state"]
                .map(Into::into)
                .into(),
            streak: 2,
            streak_ttl_ms: 6 * 3_600_000,
            alert_cooldown_ms: 1_200_000,
            channel_cooldown_ms: 1_800_000,
            restart_cooldown_ms: 900_000,
            restart_ms: 90_000,
            settle_ms: 6_000,
            diagnosis_ms: 60_000,
        }
    }
}

impl MonitorPolicy {
    /// The peer's monitor as it is now.
    pub fn peer() -> Self {
        Self {
            failure: FailureRule::AnyLayer,
            ..Self::default()
        }
    }

    /// The peer's monitor as it was until it ceased to restart.
    pub fn older_peer() -> Self {
        Self {
            remedy: Remedy::AutoRestart,
            failure: FailureRule::AnyLayer,
            restart: RestartRule::AlsoWithout,
            ..Self::default()
        }
    }
}

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

/// What telemetry says of a channel in the last half hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelProbe {
    /// Events found.
    Counts {
        /// Severe ones.
        severe: u64,
        /// Successes.
        success: u64,
    },
    /// Telemetry could not be asked.
    Unreadable,
}

/// How a channel is, as far as telemetry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProbeStatus {
    /// Nothing is known.
    Unknown,
    /// Things get through.
    Ok,
    /// Things fail.
    Degraded,
    /// Nothing gets through.
    Failed,
}

impl ChannelProbe {
    /// The status that the counts tell of.
    pub const fn status(self) -> ProbeStatus {
        match self {
            Self::Unreadable => ProbeStatus::Unknown,
            Self::Counts { severe, success } => {
                if severe >= 6 && success == 0 {
                    ProbeStatus::Failed
                } else if severe >= 3 || (severe > 0 && success == 0) {
                    ProbeStatus::Degraded
                } else if success > 0 {
                    ProbeStatus::Ok
                } else {
                    ProbeStatus::Unknown
                }
            }
        }
    }
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
    /// The last alert about the gateway.
    pub alerted_at: Option<Timestamp>,
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
        let told = self.memory.alerted_at;
        if told.is_some_and(|told| ms_between(told, now) < self.policy.alert_cooldown_ms) {
            return;
        }
        self.memory.alerted_at = Some(now);
        let layers = self.layers.clone();
        if self.policy.remedy == Remedy::OperatorAction {
            self.events.push_back(Event::OperatorActionRequested);
            self.actions.push_back(Action::RequestOperator {
                layers: layers.clone(),
            });
        }
        match self.suppression {
            Suppression::On => self.events.push_back(Event::AlertSuppressed),
            Suppression::Off => self.actions.push_back(Action::AlertGateway {
                streak: self.memory.streak.count,
                layers,
            }),
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
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_seconds(s).unwrap()
    }

    fn check<'a>(failed: &'a [&'a str]) -> Check<'a> {
        Check {
            diagnosis: Diagnosis::Done { failed },
            channels: &[],
            muted: &[],
            suppression: Suppression::Off,
        }
    }

    fn actions(monitor: &mut HealthMonitor) -> Vec<Action> {
        core::iter::from_fn(|| monitor.poll_action()).collect()
    }

    fn monitor(policy: MonitorPolicy) -> HealthMonitor {
        HealthMonitor::new(policy, MonitorMemory::default())
    }

    fn restarting() -> MonitorPolicy {
        MonitorPolicy {
            remedy: Remedy::AutoRestart,
            ..MonitorPolicy::default()
        }
    }

    #[test]
    fn the_second_failure_in_a_row_asks_the_operator_and_not_again_for_a_while() {
        let mut monitor = monitor(MonitorPolicy::default());
        let mut told = Vec::new();
        for s in [0, 900, 1_800, 2_100, 2_700] {
            monitor.handle_check(at(s), check(&["redis-state", "error-log"]));
            if !actions(&mut monitor).is_empty() {
                told.push(s);
            }
        }
        assert_eq!(told, [900, 2_100]);
    }

    #[test]
    fn w27_a_failed_side_layer_is_no_failure_of_the_gateway() {
        let streak = |policy| {
            let mut monitor = monitor(policy);
            monitor.handle_check(at(0), check(&["model-api"]));
            monitor.memory().streak.count
        };
        assert_eq!(streak(MonitorPolicy::default()), 0);
        assert_eq!(streak(MonitorPolicy::peer()), 1);
    }

    #[test]
    fn an_outage_of_the_provider_is_no_reason_to_restart() {
        let done = |policy| {
            let mut monitor = monitor(policy);
            for s in [0, 900] {
                monitor.handle_check(at(s), check(&["model-api"]));
            }
            actions(&mut monitor)
        };
        assert_eq!(done(restarting()), []);
        assert_eq!(done(MonitorPolicy::older_peer()), [Action::Restart]);
    }

    #[test]
    fn a_restart_is_looked_at_after_six_seconds_and_told_only_if_it_did_not_help() {
        for helped in [true, false] {
            let mut monitor = monitor(restarting());
            for s in [0, 900] {
                monitor.handle_check(at(s), check(&["process"]));
            }
            assert_eq!(actions(&mut monitor), [Action::Restart]);
            // A check while the gateway is down on purpose is not held against it.
            monitor.handle_check(at(905), check(&["process"]));
            monitor.handle_restarted(at(910), RestartOutcome::Done);
            assert_eq!(monitor.poll_timeout(), Some((at(916), Wake::Settled)));
            monitor.handle_timeout(at(916));
            assert_eq!(actions(&mut monitor), [Action::Diagnose]);
            let failed: &[&str] = if helped { &[] } else { &["process"] };
            monitor.handle_check(at(920), check(failed));
            let alert = Action::AlertGateway {
                streak: 3,
                layers: ["process".into()].into(),
            };
            let expected = if helped {
                Vec::new()
            } else {
                Vec::from([alert])
            };
            assert_eq!(actions(&mut monitor), expected);
            let healed =
                core::iter::from_fn(|| monitor.poll_event()).any(|e| e == Event::SelfHealed);
            assert_eq!(healed, helped);
        }
    }

    #[test]
    fn restarts_have_a_cooldown_and_one_that_hangs_is_told() {
        let mut monitor = monitor(restarting());
        for s in [0, 900] {
            monitor.handle_check(at(s), check(&["process"]));
        }
        monitor.handle_timeout(at(990));
        monitor.handle_check(at(1_000), check(&["process"]));
        let done = actions(&mut monitor);
        assert!(matches!(
            done[..],
            [Action::Restart, Action::AlertGateway { .. }]
        ));
        monitor.handle_check(at(1_800), check(&["process"]));
        assert_eq!(actions(&mut monitor), [Action::Restart]);
    }

    #[test]
    fn channels_have_a_row_a_cooldown_and_a_mute_of_their_own() {
        let telegram = Channel::from("telegram");
        let slack = Channel::from("slack");
        let bad = ChannelProbe::Counts {
            severe: 6,
            success: 0,
        };
        let channels = [(telegram.clone(), bad), (slack.clone(), bad)];
        let muted = [slack.clone()];
        let mut monitor = monitor(MonitorPolicy::default());
        let mut alerts = Vec::new();
        for s in [0, 900, 1_800, 2_700, 3_600] {
            let check = Check {
                channels: &channels,
                muted: &muted,
                ..check(&[])
            };
            monitor.handle_check(at(s), check);
            alerts.extend(actions(&mut monitor).into_iter().map(|action| (s, action)));
        }
        let alert = Action::AlertChannels([(telegram.clone(), ProbeStatus::Failed)].into());
        assert_eq!(alerts, [(900, alert.clone()), (2_700, alert)]);
        let last = core::iter::from_fn(|| monitor.poll_event()).last();
        let expected = Event::Checked {
            success: false,
            streak: 0,
            actionable: [telegram].into(),
            muted: [slack].into(),
        };
        assert_eq!(last, Some(expected));
    }

    #[test]
    fn suppression_keeps_alerts_back_and_the_row_outlives_a_restart_of_the_monitor() {
        let mut first = monitor(MonitorPolicy::default());
        first.handle_check(at(0), check(&["process"]));
        let mut second = HealthMonitor::new(MonitorPolicy::default(), first.memory().clone());
        let quiet = Check {
            suppression: Suppression::On,
            ..check(&["process"])
        };
        second.handle_check(at(900), quiet);
        let layers = Vec::from(["process".into()]);
        assert_eq!(actions(&mut second), [Action::RequestOperator { layers }]);
        // After six hours without a check the row begins anew.
        let mut third = HealthMonitor::new(MonitorPolicy::default(), second.memory().clone());
        third.handle_check(at(900 + 6 * 3_600), check(&["process"]));
        assert_eq!(third.memory().streak.count, 1);
    }

    #[test]
    fn counts_have_a_status() {
        let status = |severe, success| ChannelProbe::Counts { severe, success }.status();
        for (severe, success, expected) in [
            (0, 0, ProbeStatus::Unknown),
            (0, 1, ProbeStatus::Ok),
            (1, 0, ProbeStatus::Degraded),
            (2, 1, ProbeStatus::Ok),
            (3, 9, ProbeStatus::Degraded),
            (5, 0, ProbeStatus::Degraded),
            (6, 0, ProbeStatus::Failed),
            (6, 1, ProbeStatus::Degraded),
        ] {
            assert_eq!(status(severe, success), expected, "{severe} {success}");
        }
        assert_eq!(ChannelProbe::Unreadable.status(), ProbeStatus::Unknown);
    }
}
