//! Liveness of agents in a guest. Times are microseconds since 1970.

pub use crate::bindings::exports::muster::core::liveness::{
    Agent, Assessment, Beat, BeatRun, Interval, LivenessOptions, Transition,
};
pub use crate::bindings::exports::muster::core::types::Wake;

use crate::resource::Held;
use crate::{Sandbox, SandboxError};

impl Sandbox {
    /// The state of an agent at `now`, of which this was known at `seen_at`, from a
    /// guest of its own.
    pub fn assess(
        &self,
        agent: &Agent,
        seen_at: i64,
        now: i64,
        options: LivenessOptions,
    ) -> Result<Assessment, SandboxError> {
        let (mut guest, core) = self.guest()?;
        guest
            .run(|store| {
                core.muster_core_liveness()
                    .call_assess(store, agent, seen_at, now, options)
            })?
            .map_err(SandboxError::Guest)
    }

    /// A guest that watches a fleet with these limits.
    pub fn fleet_watch(&self, options: LivenessOptions) -> Result<FleetWatch, SandboxError> {
        Held::new(self, |core, store| {
            let watch = core.muster_core_liveness().fleet_watch();
            watch.call_constructor(store, options).map(Ok)
        })
        .map(FleetWatch)
    }
}

/// A guest that says when an agent changes its state.
pub struct FleetWatch(Held);

impl FleetWatch {
    /// All that a store knows at `now`.
    pub fn handle_fleet(&mut self, now: i64, agents: &[Agent]) -> Result<(), SandboxError> {
        self.0.call(|core, store, this| {
            let watch = core.muster_core_liveness().fleet_watch();
            watch.call_handle_fleet(store, this, now, agents)
        })
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: i64) -> Result<(), SandboxError> {
        self.0.call(|core, store, this| {
            let watch = core.muster_core_liveness().fleet_watch();
            watch.call_handle_timeout(store, this, now)
        })
    }

    /// The next transition.
    pub fn poll_transition(&mut self) -> Result<Option<Transition>, SandboxError> {
        self.0.ask(|core, store, this| {
            let watch = core.muster_core_liveness().fleet_watch();
            watch.call_poll_transition(store, this)
        })
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&mut self) -> Result<Option<Wake>, SandboxError> {
        self.0.ask(|core, store, this| {
            let watch = core.muster_core_liveness().fleet_watch();
            watch.call_poll_timeout(store, this)
        })
    }

    /// All agents as of the last call, by id.
    pub fn agents(&mut self) -> Result<Vec<(String, Assessment)>, SandboxError> {
        self.0.ask(|core, store, this| {
            let watch = core.muster_core_liveness().fleet_watch();
            watch.call_agents(store, this)
        })
    }
}
