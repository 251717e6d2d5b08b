//! Answers as text for people: plain columns of 80 characters, also in a pipe.

mod account;
mod agents;
mod approval;
mod bridge;
mod bridge_stats;
mod compare;
mod csv;
mod diagnosis;
mod doctor;
mod feedback;
mod file_tests;
mod gateway;
mod heartbeat;
mod help;
mod models;
mod number;
mod progress;
mod prompt_cache;
mod provenance;
mod routing;
mod savings;
mod signal;
mod sonnet_opus;
mod store;
mod stream;
mod style;
mod table;
mod task_routing;
mod test_status;
mod text;
mod tier1;
mod time;
mod usage;

pub use account::{account_cost, account_usage};
pub use agents::{agents, agents_csv};
pub use approval::{answered, approval_outcome, approvals, swept};
pub use bridge::{flush, live, spool};
pub use bridge_stats::bridge_stats;
pub use compare::{compare, compare_csv};
pub(crate) use diagnosis::age;
pub use diagnosis::{
    Artifact, DiagnosisDetail, artifacts, cause, checked_packs, diagnosis, diagnosis_html,
    diagnosis_markdown, rules,
};
pub use doctor::doctor;
pub use feedback::{quality, rated, ratings, recommendation, scored};
pub use file_tests::{file_tests, file_tests_csv};
pub use gateway::{
    gateway_otel, gateway_queues, gateway_review, gateway_status, gateway_test, monitor_check,
};
pub use heartbeat::{agent, agents_alive, agents_quiet, beat, changes, never_beat};
pub use help::help;
pub use models::{models, models_csv};
pub use number::{compact, count, duration, percent, percent_change, usd, usd_change};
pub use progress::{Bar, progress_bar};
pub use prompt_cache::{cache_stats, cache_stats_csv};
pub use provenance::{counted, none_of, provenance};
pub use routing::{routing, routing_csv};
pub use savings::savings;
pub use signal::{sent, signal_check, signals, span};
pub use sonnet_opus::{sonnet_opus, sonnet_opus_csv};
pub use store::{store, store_check, store_watch};
pub use stream::{event_line, events, gap, streams};
pub use style::Style;
pub use table::{Align, Table};
pub use task_routing::{task_routing, task_routing_csv};
pub use test_status::test_status;
pub use text::{lines, plain, shorten, wrap};
pub use tier1::tier1;
pub use time::Zone;
pub use usage::{usage, usage_csv};
