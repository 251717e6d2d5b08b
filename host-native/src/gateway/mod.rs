//! Gateways: set-ups, evidence of them, the monitor, and rule packs as people write them.

mod collect;
mod monitor;
mod packs;
mod profile;
mod redact;
mod roundtrip;

pub use collect::{Bundle, Watched, collect};
pub(crate) use collect::{events as otel_events, pending, status_document, transcript};
pub use monitor::{AlertTargets, Looked, MonitorOptions, check};
pub use packs::{Rules, check_pack, pack_json};
pub use profile::{
    BUILT_IN, DEFAULT_PROFILE, FLAGS, LISTS, Manager, NAMED, PATHS, Profile, ProfileSettings,
    TEXTS, VersionSource,
};
pub use redact::redact;
pub use roundtrip::roundtrip;
