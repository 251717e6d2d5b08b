//! Log files: where they are, and reading them fast.

mod decoded;
mod discover;
mod follow;
mod lines;
mod places;
mod read;
mod state;
mod telemetry;
mod text;

pub use decoded::DecodedFiles;
pub use discover::{Discovered, LogFile, discover, named_files};
pub use follow::{Follower, Turn};
pub use lines::for_each_line;
pub use places::{Places, PlacesError};
pub use read::{Scanned, check_regular, open_log, scan_file};
pub(crate) use read::{line_start_after, scan_range};
pub use state::LogsState;
pub(crate) use telemetry::side_by_side;
pub use telemetry::{LogQuery, LogSelection, Progress, empty_window_note, load};
pub use text::{read_text, text_of};
