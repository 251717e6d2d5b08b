//! Which broken channels are started anew, and which wait for a person.

use alloc::collections::{BTreeMap, VecDeque};

use super::RestartOutcome;
use super::channel_health::{Channel, ChannelStatus, MAX_CHANNELS};
use super::clock::{Clock, after, ms_between};
use super::poll_lease::{LeaseUse, Ownership, Polling};
use crate::time::Timestamp;

/// What helps a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealPolicy {
    /// A new start.
    Restart,
    /// A person.
    Manual,
    /// Nothing is wrong.
    None,
}

impl HealPolicy {
    /// The name in the status document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Manual => "manual",
            Self::None => "none",
        }
    }

    /// What helps a channel that polls.
    pub fn of_polling(
        ownership: Ownership,
        polling: Polling,
        lease: LeaseUse,
        status: ChannelStatus,
    ) -> Self {
        let unleased = ownership == Ownership::Fallback && lease == LeaseUse::Enabled;
        match polling {
            _ if status == ChannelStatus::Disabled => Self::None,
            _ if ownership == Ownership::Passive || unleased => Self::Manual,
            Polling::RetryingConflict => Self::Manual,
            Polling::Retrying | Polling::Stopped => Self::Restart,
            _ if status == ChannelStatus::Degraded => Self::Restart,
            _ => Self::None,
        }
    }

    /// What helps any other channel. One that is not configured needs nothing.
    pub const fn of_status(status: ChannelStatus) -> Self {
        match status {
            ChannelStatus::Degraded => Self::Restart,
            ChannelStatus::Healthy | ChannelStatus::Disabled => Self::None,
        }
    }
}

/// Whether alerts about a channel are muted: somebody is at work on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Muting {
    /// They are not.
    #[default]
    Loud,
    /// They are.
    Muted,
}

/// Whether the host can start the channel anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Executor {
    /// It can.
    #[default]
    Able,
    /// It cannot: the transport belongs to another library, for instance.
    Unable,
}

/// When new starts are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUp {
    /// After this many failures in a row a person is needed.
    AfterFailures(u32),
    /// Never: also what cannot work is tried for ever. The peer's way.
    Never,
}

/// Settings of the healing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealSettings {
    /// So many looks in a row must find a channel degraded.
    pub restart_after: u32,
    /// Time between two new starts.
    pub cooldown_ms: u64,
    /// When to stop.
    pub give_up: GiveUp,
}

impl Default for HealSettings {
    fn default() -> Self {
        Self {
            restart_after: 2,
            cooldown_ms: 600_000,
            give_up: GiveUp::AfterFailures(3),
        }
    }
}

impl HealSettings {
    /// The peer's healing.
    pub fn peer() -> Self {
        Self {
            give_up: GiveUp::Never,
            ..Self::default()
        }
    }
}

/// A look at a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelLook {
    /// How it is.
    pub status: ChannelStatus,
    /// What would help.
    pub policy: HealPolicy,
    /// Whether it is muted.
    pub muting: Muting,
    /// Whether the host could help.
    pub executor: Executor,
}

/// What became of the last new start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStatus {
    /// There was none, or it is over.
    Idle,
    /// It is under way.
    Scheduled,
    /// It was carried out.
    Succeeded,
    /// It could not be carried out.
    Failed,
}

impl AttemptStatus {
    /// The name in the status document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Scheduled => "scheduled",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// What the host must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start the channel anew, then [`ChannelHeal::handle_restarted`].
    Restart(Channel),
    /// Tell the operator that the channel needs a person. Said once.
    AskForRepair(Channel),
}

/// Why the healing wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The cooldown of a channel that is still degraded is over.
    Cooldown,
}

/// How a channel is being healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Healing {
    /// Looks in a row that found it degraded.
    pub streak: u32,
    /// New starts so far.
    pub attempts: u32,
    /// When the last one was.
    pub last_attempt_at: Option<Timestamp>,
    /// What became of it.
    pub last_attempt: AttemptStatus,
    /// New starts that failed, one after the other.
    pub failures: u32,
    /// A person is needed.
    pub needs_repair: bool,
    /// The latest look.
    look: Option<ChannelLook>,
}

const UNKNOWN: Healing = Healing {
    streak: 0,
    attempts: 0,
    last_attempt_at: None,
    last_attempt: AttemptStatus::Idle,
    failures: 0,
    needs_repair: false,
    look: None,
};

/// The healing of all channels.
#[derive(Clone, Debug)]
pub struct ChannelHeal {
    settings: HealSettings,
    clock: Clock,
    channels: BTreeMap<Channel, Healing>,
    actions: VecDeque<Action>,
}

impl ChannelHeal {
    /// Nothing is known of any channel.
    pub fn new(settings: HealSettings) -> Self {
        Self {
            settings,
            clock: Clock::default(),
            channels: BTreeMap::new(),
            actions: VecDeque::new(),
        }
    }

    /// A channel was looked at. The first [`MAX_CHANNELS`] are followed.
    pub fn handle_look(&mut self, now: Timestamp, channel: &Channel, look: ChannelLook) {
        let now = self.clock.advance(now);
        if !self.channels.contains_key(channel) && self.channels.len() >= MAX_CHANNELS {
            return;
        }
        let healing = self.channels.entry(channel.clone()).or_insert(UNKNOWN);
        healing.look = Some(look);
        if look.status == ChannelStatus::Degraded {
            healing.streak = healing.streak.saturating_add(1);
        } else {
            healing.streak = 0;
            healing.failures = 0;
            healing.needs_repair = false;
            if healing.last_attempt == AttemptStatus::Scheduled {
                healing.last_attempt = AttemptStatus::Idle;
            }
        }
        self.act(now, channel);
    }

    /// The host started a channel anew, or could not.
    pub fn handle_restarted(&mut self, now: Timestamp, channel: &Channel, outcome: RestartOutcome) {
        let now = self.clock.advance(now);
        let Some(healing) = self.channels.get_mut(channel) else {
            return;
        };
        if healing.last_attempt != AttemptStatus::Scheduled {
            return;
        }
        match outcome {
            RestartOutcome::Done => {
                healing.last_attempt = AttemptStatus::Succeeded;
                healing.failures = 0;
            }
            RestartOutcome::Failed => {
                healing.last_attempt = AttemptStatus::Failed;
                healing.failures = healing.failures.saturating_add(1);
            }
        }
        self.act(now, channel);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        let all: alloc::vec::Vec<Channel> = self.channels.keys().cloned().collect();
        for channel in all {
            self.act(now, &channel);
        }
    }

    /// The next thing the host must do.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        let due = self.channels.values().filter_map(|healing| {
            let at = after(healing.last_attempt_at?, self.settings.cooldown_ms);
            self.wants_restart(healing).then_some(at)
        });
        Some((due.min()?, Wake::Cooldown))
    }

    /// How a channel is being healed.
    pub fn healing(&self, channel: &Channel) -> Option<Healing> {
        self.channels.get(channel).copied()
    }

    /// Whether a new start is wanted, as soon as the cooldown allows.
    fn wants_restart(&self, healing: &Healing) -> bool {
        let given_up = match self.settings.give_up {
            GiveUp::AfterFailures(most) => healing.failures >= most,
            GiveUp::Never => false,
        };
        healing.streak >= self.settings.restart_after.max(1)
            && !given_up
            && healing.look.is_some_and(|look| {
                look.policy == HealPolicy::Restart
                    && look.muting == Muting::Loud
                    && look.executor == Executor::Able
            })
    }

    fn act(&mut self, now: Timestamp, channel: &Channel) {
        let Some(healing) = self.channels.get(channel) else {
            return;
        };
        let wanted = self.wants_restart(healing);
        let rested = healing
            .last_attempt_at
            .is_none_or(|last| ms_between(last, now) >= self.settings.cooldown_ms);
        let degraded = healing.streak >= self.settings.restart_after.max(1);
        let Some(healing) = self.channels.get_mut(channel) else {
            return;
        };
        if wanted && rested {
            healing.attempts = healing.attempts.saturating_add(1);
            healing.last_attempt_at = Some(now);
            healing.last_attempt = AttemptStatus::Scheduled;
            self.actions.push_back(Action::Restart(channel.clone()));
        } else if degraded && !wanted && !healing.needs_repair {
            healing.needs_repair = true;
            self.actions
                .push_back(Action::AskForRepair(channel.clone()));
        } else if wanted {
            healing.needs_repair = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    const BROKEN: ChannelLook = ChannelLook {
        status: ChannelStatus::Degraded,
        policy: HealPolicy::Restart,
        muting: Muting::Loud,
        executor: Executor::Able,
    };

    fn actions(heal: &mut ChannelHeal) -> Vec<Action> {
        core::iter::from_fn(|| heal.poll_action()).collect()
    }

    /// Looks every thirty seconds for two hours at a channel that no start helps.
    fn hopeless(settings: HealSettings, look: ChannelLook) -> (usize, usize) {
        let slack = Channel::from("slack");
        let mut heal = ChannelHeal::new(settings);
        let mut all = Vec::new();
        for n in 0..240 {
            heal.handle_look(at(n * 30_000), &slack, look);
            for action in actions(&mut heal) {
                if action == Action::Restart(slack.clone()) {
                    heal.handle_restarted(at(n * 30_000), &slack, RestartOutcome::Failed);
                }
                all.push(action);
            }
            all.extend(actions(&mut heal));
        }
        let restarts = all.iter().filter(|a| matches!(a, Action::Restart(_)));
        (restarts.clone().count(), all.len() - restarts.count())
    }

    #[test]
    fn w25_what_no_start_helps_is_given_to_a_person_and_not_tried_for_ever() {
        assert_eq!(hopeless(HealSettings::default(), BROKEN), (3, 1));
        assert_eq!(hopeless(HealSettings::peer(), BROKEN), (12, 0));
        let unable = ChannelLook {
            executor: Executor::Unable,
            ..BROKEN
        };
        assert_eq!(hopeless(HealSettings::default(), unable), (0, 1));
    }

    #[test]
    fn the_cooldown_wakes_it_without_another_look() {
        let slack = Channel::from("slack");
        let mut heal = ChannelHeal::new(HealSettings::default());
        heal.handle_look(at(0), &slack, BROKEN);
        heal.handle_look(at(1), &slack, BROKEN);
        heal.handle_restarted(at(2), &slack, RestartOutcome::Done);
        assert_eq!(heal.poll_timeout(), Some((at(600_001), Wake::Cooldown)));
        heal.handle_timeout(at(600_001));
        assert_eq!(actions(&mut heal).len(), 2);
    }

    #[test]
    fn the_help_for_a_poller_depends_on_who_polls() {
        let help = |ownership, polling, lease| {
            HealPolicy::of_polling(ownership, polling, lease, ChannelStatus::Degraded)
        };
        let (on, off) = (LeaseUse::Enabled, LeaseUse::Disabled);
        let table = [
            (Ownership::Passive, Polling::Stopped, on, HealPolicy::Manual),
            (Ownership::Fallback, Polling::Active, on, HealPolicy::Manual),
            (
                Ownership::Fallback,
                Polling::Retrying,
                off,
                HealPolicy::Restart,
            ),
            (
                Ownership::Owner,
                Polling::RetryingConflict,
                on,
                HealPolicy::Manual,
            ),
            (Ownership::Owner, Polling::Retrying, on, HealPolicy::Restart),
            (
                Ownership::Stopped,
                Polling::Stopped,
                on,
                HealPolicy::Restart,
            ),
            (Ownership::Owner, Polling::Active, on, HealPolicy::Restart),
        ];
        for (ownership, polling, lease, policy) in table {
            assert_eq!(
                help(ownership, polling, lease),
                policy,
                "{ownership:?} {polling:?}"
            );
        }
        let fine = HealPolicy::of_polling(
            Ownership::Owner,
            Polling::Active,
            on,
            ChannelStatus::Healthy,
        );
        assert_eq!(fine, HealPolicy::None);
        assert_eq!(
            HealPolicy::of_status(ChannelStatus::Disabled),
            HealPolicy::None
        );
    }
}
