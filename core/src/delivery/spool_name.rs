//! Names of the files of a spool.
//!
//! `telemetry-<day of the start>-<id>.json` waits to be sent; the same with
//! `.flushed.json` was sent and is kept, with `.quarantined.json` set aside.

use alloc::string::{String, ToString};
use core::fmt;

use crate::time::Day;

const PREFIX: &str = "telemetry-";
/// Bytes of a day, `YYYY-MM-DD`.
const DAY_BYTES: usize = 10;
/// The longest id that a name may have, in bytes.
const MAX_ID_BYTES: usize = 128;

/// The name of an entry's file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpoolName {
    /// The UTC day on which the entry's command started.
    pub day: Day,
    /// The entry's id.
    pub id: String,
    /// What the name says of the entry.
    pub state: SpoolState,
}

/// What the name of a file says of its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpoolState {
    /// It waits to be sent.
    Pending,
    /// It was sent and is kept.
    Flushed,
    /// It was set aside because it cannot be sent.
    Quarantined,
}

impl SpoolState {
    /// What comes after the id.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Pending => ".json",
            Self::Flushed => ".flushed.json",
            Self::Quarantined => ".quarantined.json",
        }
    }
}

impl SpoolName {
    /// The name of a new entry's file; `None` if its id has characters that do
    /// not belong into a name, such as a slash, or is too long.
    pub fn new(day: Day, id: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let fits = !id.is_empty() && id.len() <= MAX_ID_BYTES && id.bytes().all(plain);
        fits.then(|| Self {
            day,
            id: id.to_string(),
            state: SpoolState::Pending,
        })
    }

    /// Reads the name of a file; `None` for what is no entry of a spool.
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(PREFIX)?;
        let (day, rest) = rest.split_at_checked(DAY_BYTES)?;
        let day = Day::parse(day).ok()?;
        let rest = rest.strip_prefix('-')?;
        let states = [
            SpoolState::Flushed,
            SpoolState::Quarantined,
            SpoolState::Pending,
        ];
        let (id, state) = states
            .into_iter()
            .find_map(|state| Some((rest.strip_suffix(state.suffix())?, state)))?;
        let name = Self::new(day, id)?;
        Some(Self { state, ..name })
    }

    /// The same entry's file in another state.
    #[must_use]
    pub fn with_state(&self, state: SpoolState) -> Self {
        Self {
            state,
            ..self.clone()
        }
    }
}

impl fmt::Display for SpoolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = self.state.suffix();
        write!(f, "{PREFIX}{}-{}{suffix}", self.day, self.id)
    }
}
