//! Answers as text for people: plain columns of 80 characters, also in a pipe.

mod compare;
mod csv;
mod models;
mod number;
mod progress;
mod prompt_cache;
mod provenance;
mod routing;
mod savings;
mod style;
mod table;
mod text;
mod time;
mod usage;

pub use compare::{compare, compare_csv};
pub use models::{models, models_csv};
pub use number::{compact, count, duration, percent, percent_change, usd, usd_change};
pub use progress::{Bar, progress_bar};
pub use prompt_cache::{cache_stats, cache_stats_csv};
pub use provenance::provenance;
pub use routing::{routing, routing_csv};
pub use savings::savings;
pub use style::Style;
pub use table::{Align, Table};
pub use text::{lines, plain, shorten, wrap};
pub use time::Zone;
pub use usage::{usage, usage_csv};
