//! The figures that hold where nothing is said.

/// How long `signal wait` waits, in seconds.
pub const DEFAULT_SIGNAL_WAIT_S: u64 = 30;
/// The time between two beats of an agent, in seconds.
pub const DEFAULT_HEARTBEAT_INTERVAL_S: u64 = 10;
/// How long a beat keeps its agent's key, in seconds.
pub const DEFAULT_HEARTBEAT_TTL_S: u64 = 30;
/// The age of a beat from which its agent can be stale, in seconds.
pub const DEFAULT_STALE_S: u64 = 60;
/// About how many entries a stream keeps.
pub const DEFAULT_STREAM_LENGTH: u64 = 10_000;
/// How many entries `stream recent` shows.
pub const DEFAULT_RECENT_EVENTS: u64 = 100;
/// How many entries `stream trim` leaves.
pub const DEFAULT_TRIM_LENGTH: u64 = 1000;
/// How long a blocking read of a stream waits, in milliseconds.
pub const DEFAULT_BLOCK_MS: u64 = 5000;
/// How long quality feedback counts, in seconds: seven days.
pub const DEFAULT_FEEDBACK_TTL_S: u64 = 604_800;

/// How long it is remembered what is over, in seconds: expired signals, decided
/// approvals, agents that beat no more. A day, so that the morning can be told
/// what the night has lost.
pub const GRACE_S: u64 = 86_400;
/// How long an agent counts as enrolled after it has enrolled, in seconds.
pub const ENROLMENT_S: u64 = 86_400;
/// How many arrivals of beats are kept of each agent.
pub const BEAT_HISTORY: usize = 16;
/// A foreign requester looks for its answer once a second: with less than this
/// left, in microseconds, an answer may never be seen.
pub const MIN_ANSWER_LEFT_US: u64 = 1_500_000;
