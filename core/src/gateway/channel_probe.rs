//! What telemetry says of the channels, event by event.

use alloc::vec::Vec;

use super::channel_health::Channel;
use crate::diagnose::{OtelEvidence, OtelReader};
use crate::time::Timestamp;

/// Older events say nothing of a channel, in microseconds.
const WINDOW_US: i64 = 30 * 60 * 1_000_000;

/// A channel, and the ends of the actions by which its telemetry tells how it is.
struct Known {
    channel: &'static str,
    severe: &'static [&'static str],
    success: &'static [&'static str],
}

/// The channels of the gateway.
const CHANNELS: [Known; 4] = [
    Known {
        channel: "telegram",
        severe: &[
            "start_failed",
            "send.failed",
            "send_media.failed",
            "send_media.fallback_failed",
        ],
        success: &["started", "send.completed", "message.received"],
    },
    Known {
        channel: "discord",
        severe: &[
            "start_failed",
            "error",
            "send.failed",
            "send.channel_fetch_failed",
        ],
        success: &["started", "send.completed", "dm.received"],
    },
    Known {
        channel: "imessage",
        severe: &[
            "send.failed",
            "send.not_connected",
            "socket.error",
            "socket.heal.failed",
        ],
        success: &[
            "started",
            "send.completed",
            "message.received",
            "socket.connected",
        ],
    },
    Known {
        channel: "slack",
        severe: &["start_failed", "error", "send.failed", "send_media.failed"],
        success: &["started", "send.completed", "message.received"],
    },
];

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

impl ProbeStatus {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
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

/// What telemetry, as lines of JSON, says of each channel at a time. `None`: telemetry
/// could not be asked.
pub fn probe_channels(lines: Option<&[u8]>, now: Timestamp) -> Vec<(Channel, ChannelProbe)> {
    let read = lines.map(|lines| {
        let mut reader = OtelReader::default();
        reader.push(lines);
        reader.finish()
    });
    CHANNELS
        .iter()
        .map(|known| {
            let probe = match &read {
                // Lines, and none of them an event: it is something else.
                Some(read) if read.lines > 0 && read.skipped == read.lines => {
                    ChannelProbe::Unreadable
                }
                Some(read) => count(known, read, now),
                None => ChannelProbe::Unreadable,
            };
            (Channel::from(known.channel), probe)
        })
        .collect()
}

fn count(known: &Known, read: &OtelEvidence, now: Timestamp) -> ChannelProbe {
    let from = now.saturating_add_us(-WINDOW_US);
    let (mut severe, mut success) = (0, 0);
    for event in &read.events {
        if event.at < from || event.at > now {
            continue;
        }
        let Some(action) = of_channel(known.channel, &event.component, &event.action) else {
            continue;
        };
        severe += u64::from(known.severe.contains(&action));
        success += u64::from(known.success.contains(&action));
    }
    ChannelProbe::Counts { severe, success }
}

/// The end of an action of this channel: `telegram.channel.start_failed` of any component,
/// or `send.failed` of the component `telegram-channel`.
fn of_channel<'a>(channel: &str, component: &str, action: &'a str) -> Option<&'a str> {
    let named = action
        .strip_prefix(channel)
        .and_then(|rest| rest.strip_prefix('.'));
    let own = component
        .strip_prefix(channel)
        .is_some_and(|rest| matches!(rest, "" | "-channel"));
    let end = named.or(own.then_some(action))?;
    Some(end.strip_prefix("channel.").unwrap_or(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_seconds(s).unwrap()
    }

    fn probe(lines: &str, channel: &str) -> ChannelProbe {
        let probes = probe_channels(Some(lines.as_bytes()), at(10_000));
        let found = probes.into_iter().find(|(name, _)| *name.0 == *channel);
        found.map(|(_, probe)| probe).unwrap()
    }

    #[test]
    fn events_of_the_last_half_hour_count_for_their_channel() {
        let lines = r#"{"timestamp":8199000,"component":"telegram-channel","action":"telegram.send.failed"}
{"timestamp":8200000,"component":"telegram-channel","action":"telegram.channel.start_failed"}
{"timestamp":9000000,"component":"telegram-channel","action":"send_media.fallback_failed"}
{"timestamp":9100000,"component":"telegram-channel","action":"telegram.channel.started"}
{"timestamp":9200000,"component":"telegram-channel","action":"telegram.channel.retry_scheduled"}
{"timestamp":9300000,"component":"slack-channel","action":"slack.channel.error"}
{"timestamp":9400000,"component":"daemon","action":"send.failed"}
{"timestamp":9500000,"component":"imessage-channel","action":"imessage.socket.connected"}
{"timestamp":9999000,"component":"telegrams","action":"message.received"}
{"timestamp":10001000,"component":"slack-channel","action":"slack.channel.error"}
"#;
        for (channel, severe, success, status) in [
            ("telegram", 2, 1, ProbeStatus::Ok),
            ("slack", 1, 0, ProbeStatus::Degraded),
            ("imessage", 0, 1, ProbeStatus::Ok),
            ("discord", 0, 0, ProbeStatus::Unknown),
        ] {
            let found = probe(lines, channel);
            assert_eq!(found, ChannelProbe::Counts { severe, success }, "{channel}");
            assert_eq!(found.status(), status, "{channel}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_nothing_of_a_channel() {
        assert_eq!(probe("<html>\n", "slack"), ChannelProbe::Unreadable);
        let none = probe_channels(None, at(0));
        assert_eq!(none.len(), CHANNELS.len());
        assert!(
            none.iter()
                .all(|(_, probe)| *probe == ChannelProbe::Unreadable)
        );
        let silent = probe("", "slack");
        assert_eq!(silent.status(), ProbeStatus::Unknown);
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
