//! When somebody is told that a channel is broken, or works again.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};

use super::clock::Clock;
use crate::time::Timestamp;

/// The name of a channel, such as `telegram`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel(pub Box<str>);

impl From<&str> for Channel {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

/// Channels that a machine remembers at most.
pub const MAX_CHANNELS: usize = 64;

/// How a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelStatus {
    /// It is not configured.
    Disabled,
    /// It works.
    Healthy,
    /// It does not work as it should.
    Degraded,
}

impl ChannelStatus {
    /// The name in the status document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
        }
    }
}

/// What somebody is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelAlert {
    /// It does not work as it should.
    Degraded(Channel),
    /// It works again.
    Recovered(Channel),
}

/// The alerts of all channels. A channel that is switched off and on again in between
/// has not recovered.
#[derive(Clone, Debug, Default)]
pub struct ChannelAlerts {
    clock: Clock,
    channels: BTreeMap<Channel, Known>,
    actions: VecDeque<ChannelAlert>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    status: ChannelStatus,
    since: Timestamp,
}

impl ChannelAlerts {
    /// A channel was looked at. The first [`MAX_CHANNELS`] are followed.
    pub fn handle_status(&mut self, now: Timestamp, channel: &Channel, status: ChannelStatus) {
        let now = self.clock.advance(now);
        let before = self.channels.get(channel).map(|known| known.status);
        if before == Some(status) || (before.is_none() && self.channels.len() >= MAX_CHANNELS) {
            return;
        }
        let known = Known { status, since: now };
        self.channels.insert(channel.clone(), known);
        match (before, status) {
            (_, ChannelStatus::Degraded) => {
                self.actions
                    .push_back(ChannelAlert::Degraded(channel.clone()));
            }
            (Some(ChannelStatus::Degraded), ChannelStatus::Healthy) => {
                self.actions
                    .push_back(ChannelAlert::Recovered(channel.clone()));
            }
            _ => {}
        }
    }

    /// The next thing to tell.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<ChannelAlert> {
        self.actions.pop_front()
    }

    /// How a channel is, and since when.
    pub fn status(&self, channel: &Channel) -> Option<(ChannelStatus, Timestamp)> {
        let known = self.channels.get(channel)?;
        Some((known.status, known.since))
    }
}
