//! Answers as text for people: plain columns of 80 characters, also in a pipe.

mod number;
mod progress;
mod provenance;
mod style;
mod table;
mod text;
mod time;
mod usage;

pub use number::{compact, count, duration, percent, percent_change, usd, usd_change};
pub use progress::{Bar, progress_bar};
pub use provenance::provenance;
pub use style::Style;
pub use table::{Align, Table};
pub use text::{lines, plain, shorten, wrap};
pub use time::Zone;
pub use usage::usage;
