//! Commands that a server runs for its users: which one is next, what is kept of the
//! output, and what a command tells beside it.

mod message;
mod output;
mod queue;

pub use message::{Recommendation, RecommendationKind, side_channel};
pub use output::{KeptLine, KeptOutput, OutputRange, OutputStream};
pub use queue::{EndedBy, QueueAction, RunQueue, RunState};

#[cfg(test)]
mod tests;
