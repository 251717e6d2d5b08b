//! The core's model as a store of one process, for tests and the demo.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use muster_core::Timestamp;
use muster_core::coordination::{
    AckEvents, Answer, ApprovalFilter, ApprovalRow, BeatInput, Broadcasted, Cleared, Decision,
    FeedbackQuery, FleetRow, GroupRead, Listing, Model, NewApproval, NewEvent, NewSignal,
    Operation, Outcome, PendingSignal, RecentQuery, Requested, Sent, SignalCheck, SignalFilter,
    StreamBatch, StreamInfo, StreamRead,
};
use muster_core::record::quality_feedback::QualityFeedback;
use muster_core::record::stream_event::{StreamEvent, StreamId};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::{
    Durability, Interest, Store, StoreError, StoreErrorKind, StoreInfo, StoreResult, Wake, Watch,
};

/// A store that ends with its process.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    model: Arc<Mutex<Model>>,
    changes: watch::Sender<u64>,
    since: Timestamp,
}

impl MemoryStore {
    /// An empty store, from `now` on.
    pub fn new(now: Timestamp) -> Self {
        Self {
            model: Arc::new(Mutex::new(Model::new(now))),
            changes: watch::Sender::new(0),
            since: now,
        }
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        // The model does not panic; if a holder of the lock did, the state is whole.
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, now: Timestamp, operation: Operation) -> Outcome {
        let outcome = self.model().apply(now, operation);
        self.changes.send_modify(|changes| *changes += 1);
        outcome
    }
}

/// The part of an outcome that a call answers with.
macro_rules! answer {
    ($store:expr, $now:expr, $operation:expr, $outcome:path) => {
        match $store.apply($now, $operation) {
            $outcome(answer) => Ok(answer),
            other => Err(mismatch(&other)),
        }
    };
}

fn mismatch(outcome: &Outcome) -> StoreError {
    StoreError::new(
        StoreErrorKind::Malformed,
        "use the store in memory",
        format!("it answers another question: {outcome:?}"),
    )
}

fn done(outcome: &Outcome) -> StoreResult<()> {
    match outcome {
        Outcome::Done => Ok(()),
        other => Err(mismatch(other)),
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn info(&self, _now: Timestamp) -> StoreResult<StoreInfo> {
        Ok(StoreInfo {
            backend: "memory",
            location: "this process".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            durability: Durability::Memory,
            observed_since: Some(self.since),
            notes: Vec::new(),
        })
    }

    async fn send(&self, now: Timestamp, signal: &NewSignal) -> StoreResult<Sent> {
        answer!(self, now, Operation::Send(signal.clone()), Outcome::Sent)
    }

    async fn broadcast(&self, now: Timestamp, signal: &NewSignal) -> StoreResult<Broadcasted> {
        let operation = Operation::Broadcast(signal.clone());
        answer!(self, now, operation, Outcome::Broadcasted)
    }

    async fn take(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<SignalCheck> {
        answer!(self, now, Operation::Take(filter.clone()), Outcome::Check)
    }

    async fn check(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<SignalCheck> {
        answer!(self, now, Operation::Check(filter.clone()), Outcome::Check)
    }

    async fn signals(
        &self,
        now: Timestamp,
        filter: &SignalFilter,
    ) -> StoreResult<Listing<PendingSignal>> {
        let operation = Operation::Signals(filter.clone());
        answer!(self, now, operation, Outcome::Signals)
    }

    async fn all_signals(
        &self,
        now: Timestamp,
        expired: bool,
    ) -> StoreResult<Listing<PendingSignal>> {
        let operation = Operation::AllSignals { expired };
        answer!(self, now, operation, Outcome::Signals)
    }

    async fn clear(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<u64> {
        let operation = Operation::Clear(filter.clone());
        answer!(self, now, operation, Outcome::Cleared).map(|Cleared(count)| count)
    }

    async fn enrol(&self, now: Timestamp, agent_id: &str) -> StoreResult<()> {
        let agent_id = agent_id.into();
        done(&self.apply(now, Operation::Enrol { agent_id }))
    }

    async fn slowest_delivery(
        &self,
        now: Timestamp,
        signal_type: Option<&str>,
    ) -> StoreResult<Option<u64>> {
        let signal_type = signal_type.map(Into::into);
        let operation = Operation::SlowestDelivery { signal_type };
        answer!(self, now, operation, Outcome::Slowest)
    }

    async fn beat(&self, now: Timestamp, beat: &BeatInput) -> StoreResult<()> {
        done(&self.apply(now, Operation::Beat(beat.clone())))
    }

    async fn fleet(&self, now: Timestamp) -> StoreResult<Listing<FleetRow>> {
        answer!(self, now, Operation::Fleet, Outcome::Fleet)
    }

    async fn agent(&self, now: Timestamp, agent_id: &str) -> StoreResult<Option<FleetRow>> {
        let agent_id = agent_id.into();
        answer!(self, now, Operation::Agent { agent_id }, Outcome::Agent)
    }

    async fn request(&self, now: Timestamp, request: &NewApproval) -> StoreResult<Requested> {
        let operation = Operation::Request(request.clone());
        answer!(self, now, operation, Outcome::Requested)
    }

    async fn decide(&self, now: Timestamp, answer: &Answer) -> StoreResult<Decision> {
        let operation = Operation::Decide(answer.clone());
        answer!(self, now, operation, Outcome::Decision)
    }

    async fn approval(&self, now: Timestamp, request_id: &str) -> StoreResult<Option<ApprovalRow>> {
        let request_id = request_id.into();
        let operation = Operation::Approval { request_id };
        answer!(self, now, operation, Outcome::Approval)
    }

    async fn approvals(
        &self,
        now: Timestamp,
        filter: &ApprovalFilter,
    ) -> StoreResult<Listing<ApprovalRow>> {
        let operation = Operation::Approvals(filter.clone());
        answer!(self, now, operation, Outcome::Approvals)
    }

    async fn sweep(&self, now: Timestamp) -> StoreResult<Vec<String>> {
        answer!(self, now, Operation::Sweep, Outcome::Swept)
    }

    async fn publish(&self, now: Timestamp, event: &NewEvent) -> StoreResult<StreamId> {
        let operation = Operation::Publish(event.clone());
        answer!(self, now, operation, Outcome::Published)
    }

    async fn read(&self, now: Timestamp, read: &StreamRead) -> StoreResult<Vec<StreamBatch>> {
        answer!(self, now, Operation::Read(read.clone()), Outcome::Batches)
    }

    async fn read_group(&self, now: Timestamp, read: &GroupRead) -> StoreResult<Vec<StreamBatch>> {
        let operation = Operation::ReadGroup(read.clone());
        answer!(self, now, operation, Outcome::Batches)
    }

    async fn ack(&self, now: Timestamp, events: &AckEvents) -> StoreResult<u64> {
        let operation = Operation::Ack(events.clone());
        answer!(self, now, operation, Outcome::Cleared).map(|Cleared(count)| count)
    }

    async fn recent(
        &self,
        now: Timestamp,
        query: &RecentQuery,
    ) -> StoreResult<Listing<StreamEvent>> {
        answer!(self, now, Operation::Recent(query.clone()), Outcome::Events)
    }

    async fn streams(&self, now: Timestamp) -> StoreResult<Vec<StreamInfo>> {
        answer!(self, now, Operation::Streams, Outcome::Streams)
    }

    async fn trim(&self, now: Timestamp, event_type: &str, max_len: u64) -> StoreResult<u64> {
        let event_type = event_type.into();
        let operation = Operation::Trim {
            event_type,
            max_len,
        };
        answer!(self, now, operation, Outcome::Cleared).map(|Cleared(count)| count)
    }

    async fn delete(&self, now: Timestamp, event_type: &str) -> StoreResult<u64> {
        let event_type = event_type.into();
        let operation = Operation::Delete { event_type };
        answer!(self, now, operation, Outcome::Cleared).map(|Cleared(count)| count)
    }

    async fn feedback(&self, now: Timestamp, score: &QualityFeedback) -> StoreResult<()> {
        done(&self.apply(now, Operation::Feedback(score.clone())))
    }

    async fn feedback_history(
        &self,
        now: Timestamp,
        query: &FeedbackQuery,
    ) -> StoreResult<Listing<QualityFeedback>> {
        let operation = Operation::FeedbackHistory(query.clone());
        answer!(self, now, operation, Outcome::Scores)
    }

    async fn clear_feedback(
        &self,
        now: Timestamp,
        workflow: &str,
        stage: Option<&str>,
    ) -> StoreResult<u64> {
        let operation = Operation::ClearFeedback {
            workflow: workflow.into(),
            stage: stage.map(Into::into),
        };
        answer!(self, now, operation, Outcome::Cleared).map(|Cleared(count)| count)
    }

    async fn watch(&self, _interest: Interest) -> StoreResult<Box<dyn Watch>> {
        Ok(Box::new(MemoryWatch(self.changes.subscribe())))
    }
}

struct MemoryWatch(watch::Receiver<u64>);

#[async_trait]
impl Watch for MemoryWatch {
    async fn changed(&mut self, until: Option<Instant>) -> StoreResult<Wake> {
        // The sender may be gone: then nothing changes any more.
        let change = async {
            if self.0.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let Some(until) = until else {
            change.await;
            return Ok(Wake::Changed);
        };
        Ok(match timeout_at(until, change).await {
            Ok(()) => Wake::Changed,
            Err(_) => Wake::Deadline,
        })
    }
}
