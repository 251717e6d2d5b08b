//! Trust in votes, each answer from a guest of its own.

pub use crate::bindings::exports::muster::core::confidence::{Candidate, Rating, TimedVote, Votes};

use crate::{Sandbox, SandboxError};

impl Sandbox {
    /// Votes that all count the same.
    pub fn count_votes(&self, good: u64, bad: u64) -> Result<Votes, SandboxError> {
        let (mut guest, core) = self.guest()?;
        guest.run(|store| core.muster_core_confidence().call_count(store, good, bad))
    }

    /// Votes that lose half their weight in `half_life_us` microseconds.
    pub fn decay_votes(
        &self,
        votes: &[TimedVote],
        now: i64,
        half_life_us: u64,
    ) -> Result<Votes, SandboxError> {
        let (mut guest, core) = self.guest()?;
        guest
            .run(|store| {
                core.muster_core_confidence()
                    .call_decay(store, votes, now, half_life_us)
            })?
            .map_err(SandboxError::Guest)
    }

    /// What votes come to.
    pub fn rate_votes(&self, votes: Votes) -> Result<Rating, SandboxError> {
        let (mut guest, core) = self.guest()?;
        guest.run(|store| core.muster_core_confidence().call_rate(store, votes))
    }

    /// Puts the best first.
    pub fn rank(&self, candidates: &[Candidate]) -> Result<Vec<Candidate>, SandboxError> {
        let (mut guest, core) = self.guest()?;
        guest.run(|store| core.muster_core_confidence().call_rank(store, candidates))
    }
}
