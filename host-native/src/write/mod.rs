//! Writing into the logs of agents, beside other writers.
//!
//! The lock is on the log file itself, so that nothing is added to the folder:
//! who waited for it checks that the path still leads to the file it locked. Any
//! number of Muster processes lose and tear nothing. A writer that takes no lock,
//! as attune does, keeps its own risks; it cannot tear lines written here, because
//! each batch is one write at the end of the file.

mod append;
mod feedback;
mod lock;
mod pseudonym;
mod record;
mod rotate;

pub use append::{AppendOptions, Appended, append};
pub use feedback::{FeedbackWritten, write_votes};
pub use pseudonym::Pseudonyms;
pub use record::{Destination, Recorded, Rejected, record};
pub use rotate::ROTATE_BYTES;
