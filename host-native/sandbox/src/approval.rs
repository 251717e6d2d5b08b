//! Requests for an approval in a guest. Times are microseconds since 1970.

pub use crate::bindings::exports::muster::core::approval::{
    Answer, ApprovalFilter, ApprovalRow, ApprovalState, Decision, NewApproval, Refusal, Requested,
    Response,
};
pub use crate::bindings::exports::muster::core::types::Wake;

use crate::resource::Held;
use crate::{Sandbox, SandboxError};

impl Sandbox {
    /// A guest without requests.
    pub fn approvals(&self) -> Result<Approvals, SandboxError> {
        Held::new(self, |core, store| {
            let approvals = core.muster_core_approval().approvals();
            approvals.call_constructor(store).map(Ok)
        })
        .map(Approvals)
    }
}

/// A guest that holds the requests of a fleet.
pub struct Approvals(Held);

impl Approvals {
    /// Asks.
    pub fn request(&mut self, now: i64, request: &NewApproval) -> Result<Requested, SandboxError> {
        self.0.call(|core, store, this| {
            let approvals = core.muster_core_approval().approvals();
            approvals.call_request(store, this, now, request)
        })
    }

    /// Answers.
    pub fn decide(&mut self, now: i64, answer: &Answer) -> Result<Decision, SandboxError> {
        self.0.call(|core, store, this| {
            let approvals = core.muster_core_approval().approvals();
            approvals.call_decide(store, this, now, answer)
        })
    }

    /// What became of a request.
    pub fn look_up(
        &mut self,
        now: i64,
        request_id: &str,
    ) -> Result<Option<ApprovalRow>, SandboxError> {
        self.0.call(|core, store, this| {
            let approvals = core.muster_core_approval().approvals();
            approvals.call_look_up(store, this, now, request_id)
        })
    }

    /// Requests, oldest first.
    pub fn requests(
        &mut self,
        now: i64,
        filter: &ApprovalFilter,
    ) -> Result<Vec<ApprovalRow>, SandboxError> {
        self.0.call(|core, store, this| {
            let approvals = core.muster_core_approval().approvals();
            approvals.call_requests(store, this, now, filter)
        })
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: i64) -> Result<(), SandboxError> {
        self.0.call(|core, store, this| {
            let approvals = core.muster_core_approval().approvals();
            approvals.call_handle_timeout(store, this, now)
        })
    }

    /// The next request that has timed out.
    pub fn poll_timed_out(&mut self) -> Result<Option<String>, SandboxError> {
        self.0.ask(|core, store, this| {
            let approvals = core.muster_core_approval().approvals();
            approvals.call_poll_timed_out(store, this)
        })
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&mut self) -> Result<Option<Wake>, SandboxError> {
        self.0.ask(|core, store, this| {
            let approvals = core.muster_core_approval().approvals();
            approvals.call_poll_timeout(store, this)
        })
    }
}
