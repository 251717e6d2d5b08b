//! Log files: where they are, and reading them fast.

mod discover;
mod lines;
mod places;
mod read;
mod telemetry;

pub use discover::{Discovered, LogFile, discover, named_files};
pub use lines::for_each_line;
pub use places::{Places, PlacesError};
pub use read::{Scanned, check_regular, open_log, scan_file};
pub use telemetry::{LogQuery, LogSelection, Progress, empty_window_note, load};
