//! A store that tells of every call: what for, what came of it, for how long it
//! holds, and how long it took.

use std::fmt::{self, Display};
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use muster_core::Timestamp;
use muster_core::coordination::{
    AckEvents, Answer, ApprovalFilter, ApprovalRow, ApprovalState, BeatInput, Broadcasted,
    Decision, FeedbackQuery, FleetRow, GroupRead, Listing, NewApproval, NewEvent, NewSignal,
    PendingSignal, RecentQuery, Refusal, Requested, Sent, SignalCheck, SignalFilter, StreamBatch,
    StreamInfo, StreamRead,
};
use muster_core::record::quality_feedback::QualityFeedback;
use muster_core::record::stream_event::{StreamEvent, StreamId};
use muster_core::view::Seconds;

use super::{ForeignWatch, Interest, Store, StoreInfo, StoreResult, Wake, Watch};

/// Where a line about a call goes.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// A store that tells of every call to another.
pub struct TracedStore {
    store: Arc<dyn Store>,
    tell: Tell,
}

impl TracedStore {
    /// Tells of the calls to this store.
    pub fn new(store: Arc<dyn Store>, tell: Tell) -> Self {
        Self { store, tell }
    }

    async fn told<T>(
        &self,
        call: impl Display,
        answer: impl Future<Output = StoreResult<T>>,
        outcome: impl FnOnce(&T) -> String,
    ) -> StoreResult<T> {
        told(&self.tell, call, answer, outcome).await
    }
}

impl fmt::Debug for TracedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

#[async_trait]
impl Store for TracedStore {
    async fn info(&self, now: Timestamp) -> StoreResult<StoreInfo> {
        self.told("info", self.store.info(now), |info| {
            format!("{} {}, {}", info.backend, info.version, info.location)
        })
        .await
    }

    async fn send(&self, now: Timestamp, signal: &NewSignal) -> StoreResult<Sent> {
        let call = format!(
            "send signal {}/{} {}",
            signal.target_agent, signal.signal_type, signal.signal_id
        );
        self.told(call, self.store.send(now, signal), |sent| {
            format!("{}, TTL {} s", sent_or_repeated(sent), signal.ttl_s)
        })
        .await
    }

    async fn broadcast(&self, now: Timestamp, signal: &NewSignal) -> StoreResult<Broadcasted> {
        let call = format!(
            "broadcast signal */{} {}",
            signal.signal_type, signal.signal_id
        );
        self.told(call, self.store.broadcast(now, signal), |broadcast| {
            let what = sent_or_repeated(&broadcast.sent);
            format!(
                "{what}, TTL {} s, {} enrolled",
                signal.ttl_s, broadcast.enrolled
            )
        })
        .await
    }

    async fn take(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<SignalCheck> {
        let call = format!("take signal {}", of_filter(filter));
        let answer = self.store.take(now, filter);
        self.told(call, answer, |check| of_check(check, now)).await
    }

    async fn check(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<SignalCheck> {
        let call = format!("check signal {}", of_filter(filter));
        let answer = self.store.check(now, filter);
        self.told(call, answer, |check| of_check(check, now)).await
    }

    async fn signals(
        &self,
        now: Timestamp,
        filter: &SignalFilter,
    ) -> StoreResult<Listing<PendingSignal>> {
        let call = format!("list signals {}", of_filter(filter));
        self.told(call, self.store.signals(now, filter), listed)
            .await
    }

    async fn all_signals(
        &self,
        now: Timestamp,
        expired: bool,
    ) -> StoreResult<Listing<PendingSignal>> {
        let what = if expired { "expired" } else { "all" };
        let answer = self.store.all_signals(now, expired);
        self.told(format!("list {what} signals"), answer, listed)
            .await
    }

    async fn clear(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<u64> {
        let call = format!("clear signals {}", of_filter(filter));
        self.told(call, self.store.clear(now, filter), |n| {
            format!("{n} removed")
        })
        .await
    }

    async fn enrol(&self, now: Timestamp, agent_id: &str) -> StoreResult<()> {
        let call = format!("enrol agent {agent_id}");
        self.told(call, self.store.enrol(now, agent_id), |()| "done".into())
            .await
    }

    async fn slowest_delivery(
        &self,
        now: Timestamp,
        signal_type: Option<&str>,
    ) -> StoreResult<Option<u64>> {
        let call = format!(
            "slowest delivery of signals {}",
            signal_type.unwrap_or("of any type")
        );
        let answer = self.store.slowest_delivery(now, signal_type);
        self.told(call, answer, |slowest| match slowest {
            Some(us) => format!("{} s", Seconds(*us)),
            None => "none known".into(),
        })
        .await
    }

    async fn beat(&self, now: Timestamp, beat: &BeatInput) -> StoreResult<()> {
        let call = format!("beat agent {}", beat.agent_id);
        self.told(call, self.store.beat(now, beat), |()| {
            format!("{}, TTL {} s", beat.status, beat.ttl_s)
        })
        .await
    }

    async fn fleet(&self, now: Timestamp) -> StoreResult<Listing<FleetRow>> {
        self.told("list agents", self.store.fleet(now), listed)
            .await
    }

    async fn agent(&self, now: Timestamp, agent_id: &str) -> StoreResult<Option<FleetRow>> {
        let call = format!("look at agent {agent_id}");
        self.told(call, self.store.agent(now, agent_id), |row| match row {
            Some(row) => format!("{}, {}", row.beat.status, ttl_left(now, row.expires_at)),
            None => "not known".into(),
        })
        .await
    }

    async fn request(&self, now: Timestamp, request: &NewApproval) -> StoreResult<Requested> {
        let call = format!("request approval {}", request.request_id);
        self.told(call, self.store.request(now, request), |requested| {
            let what = if requested.repeated {
                "known already"
            } else {
                "requested"
            };
            format!("{what}, {}", ttl_left(now, requested.deadline))
        })
        .await
    }

    async fn decide(&self, now: Timestamp, answer: &Answer) -> StoreResult<Decision> {
        let call = format!("answer approval {}", answer.request_id);
        self.told(
            call,
            self.store.decide(now, answer),
            |decision| match decision {
                Decision::Taken(row) => format!("taken, {}", ttl_left(now, row.deadline)),
                Decision::Repeated(_) => "answered the same before".into(),
                Decision::Refused(Refusal::Unknown) => "refused: not known".into(),
                Decision::Refused(Refusal::AlreadyDecided(_)) => "refused: answered before".into(),
                Decision::Refused(Refusal::DeadlinePassed(_)) => "refused: timed out".into(),
                Decision::Refused(Refusal::TooLate { left_us, .. }) => {
                    format!("refused: {} s left", Seconds(*left_us))
                }
            },
        )
        .await
    }

    async fn approval(&self, now: Timestamp, request_id: &str) -> StoreResult<Option<ApprovalRow>> {
        let call = format!("look at approval {request_id}");
        self.told(
            call,
            self.store.approval(now, request_id),
            |row| match row {
                Some(row) => match &row.state {
                    ApprovalState::Pending => format!("pending, {}", ttl_left(now, row.deadline)),
                    ApprovalState::Answered(answer) if answer.approved => "approved".into(),
                    ApprovalState::Answered(_) => "rejected".into(),
                    ApprovalState::TimedOut => "timed out".into(),
                },
                None => "not known".into(),
            },
        )
        .await
    }

    async fn approvals(
        &self,
        now: Timestamp,
        filter: &ApprovalFilter,
    ) -> StoreResult<Listing<ApprovalRow>> {
        let answer = self.store.approvals(now, filter);
        self.told("list approvals", answer, listed).await
    }

    async fn sweep(&self, now: Timestamp) -> StoreResult<Vec<String>> {
        self.told("sweep approvals", self.store.sweep(now), |swept| {
            format!("{} timed out", swept.len())
        })
        .await
    }

    async fn publish(&self, now: Timestamp, event: &NewEvent) -> StoreResult<StreamId> {
        let call = format!("publish event {}", event.event_type);
        self.told(call, self.store.publish(now, event), ToString::to_string)
            .await
    }

    async fn read(&self, now: Timestamp, read: &StreamRead) -> StoreResult<Vec<StreamBatch>> {
        let call = format!("read events {}", read.types().collect::<Vec<_>>().join(" "));
        self.told(call, self.store.read(now, read), |batches| {
            of_batches(batches)
        })
        .await
    }

    async fn read_group(&self, now: Timestamp, read: &GroupRead) -> StoreResult<Vec<StreamBatch>> {
        let call = format!(
            "read events {} as {}/{}",
            read.event_types.join(" "),
            read.group,
            read.consumer
        );
        let answer = self.store.read_group(now, read);
        self.told(call, answer, |batches| of_batches(batches)).await
    }

    async fn ack(&self, now: Timestamp, events: &AckEvents) -> StoreResult<u64> {
        let call = format!(
            "acknowledge events {} of {}",
            events.event_type, events.group
        );
        self.told(call, self.store.ack(now, events), |n| format!("{n} done"))
            .await
    }

    async fn recent(
        &self,
        now: Timestamp,
        query: &RecentQuery,
    ) -> StoreResult<Listing<StreamEvent>> {
        let call = format!("newest events {}", query.event_type);
        self.told(call, self.store.recent(now, query), listed).await
    }

    async fn streams(&self, now: Timestamp) -> StoreResult<Vec<StreamInfo>> {
        self.told("list streams", self.store.streams(now), |streams| {
            format!("{} found", streams.len())
        })
        .await
    }

    async fn trim(&self, now: Timestamp, event_type: &str, max_len: u64) -> StoreResult<u64> {
        let call = format!("trim events {event_type}");
        let answer = self.store.trim(now, event_type, max_len);
        self.told(call, answer, |n| format!("{n} removed")).await
    }

    async fn delete(&self, now: Timestamp, event_type: &str) -> StoreResult<u64> {
        let call = format!("delete events {event_type}");
        let answer = self.store.delete(now, event_type);
        self.told(call, answer, |n| format!("{n} removed")).await
    }

    async fn feedback(&self, now: Timestamp, score: &QualityFeedback) -> StoreResult<()> {
        let call = format!(
            "keep score {}/{}/{}",
            score.workflow_name, score.stage_name, score.tier
        );
        self.told(call, self.store.feedback(now, score), |()| "done".into())
            .await
    }

    async fn feedback_history(
        &self,
        now: Timestamp,
        query: &FeedbackQuery,
    ) -> StoreResult<Listing<QualityFeedback>> {
        let call = format!("list scores {}", query.workflow);
        let answer = self.store.feedback_history(now, query);
        self.told(call, answer, listed).await
    }

    async fn clear_feedback(
        &self,
        now: Timestamp,
        workflow: &str,
        stage: Option<&str>,
    ) -> StoreResult<u64> {
        let call = format!("clear scores {workflow}");
        let answer = self.store.clear_feedback(now, workflow, stage);
        self.told(call, answer, |n| format!("{n} removed")).await
    }

    fn foreign_watch(&self) -> StoreResult<Option<ForeignWatch>> {
        self.store.foreign_watch()
    }

    async fn watch(&self, interest: Interest) -> StoreResult<Box<dyn Watch>> {
        let call = format!("watch {interest:?}");
        let watch = self
            .told(call, self.store.watch(interest), |_| "watching".into())
            .await?;
        Ok(Box::new(TracedWatch {
            watch,
            tell: self.tell.clone(),
        }))
    }
}

/// A watch that tells when it wakes.
struct TracedWatch {
    watch: Box<dyn Watch>,
    tell: Tell,
}

#[async_trait]
impl Watch for TracedWatch {
    async fn changed(&mut self, until: Option<tokio::time::Instant>) -> StoreResult<Wake> {
        told(&self.tell, "wait", self.watch.changed(until), |wake| {
            let woken = *wake == Wake::Changed;
            if woken { "woken" } else { "time is up" }.into()
        })
        .await
    }
}

async fn told<T>(
    tell: &Tell,
    call: impl Display,
    answer: impl Future<Output = StoreResult<T>>,
    outcome: impl FnOnce(&T) -> String,
) -> StoreResult<T> {
    let began = Instant::now();
    let answer = answer.await;
    let ms = began.elapsed().as_secs_f64() * 1000.0;
    let outcome = match &answer {
        Ok(answer) => outcome(answer),
        Err(error) => format!("{}: {}", error.kind.name(), error.happened),
    };
    tell(&format!("store: {call}: {outcome}, {ms:.1} ms"));
    answer
}

fn listed<T>(listing: &Listing<T>) -> String {
    match listing.malformed.len() {
        0 => format!("{} found", listing.items.len()),
        bad => format!("{} found, {bad} malformed", listing.items.len()),
    }
}

fn sent_or_repeated(sent: &Sent) -> &'static str {
    if sent.repeated {
        "known already"
    } else {
        "sent"
    }
}

fn of_filter(filter: &SignalFilter) -> String {
    let any = |name: &Option<String>| name.as_deref().unwrap_or("*").to_owned();
    let from = match &filter.source_agent {
        Some(source) => format!(" from {source}"),
        None => String::new(),
    };
    format!("{}/{}{from}", filter.agent_id, any(&filter.signal_type))
}

fn of_check(check: &SignalCheck, now: Timestamp) -> String {
    let told = |what: &str, signal: &PendingSignal| {
        format!(
            "{what} {}, {}",
            signal.signal.signal_id,
            ttl_left(now, signal.expires_at)
        )
    };
    match check {
        SignalCheck::Pending(signal) => told("pending", signal),
        SignalCheck::Delivered(signal) => told("delivered", signal),
        SignalCheck::Expired(signal) => format!(
            "expired {} at {}",
            signal.signal.signal_id, signal.expires_at
        ),
        SignalCheck::NeverSeen { .. } => "never seen".into(),
    }
}

fn of_batches(batches: &[StreamBatch]) -> String {
    let events: usize = batches.iter().map(|batch| batch.events.len()).sum();
    let gaps = batches.iter().filter(|batch| batch.gap.is_some()).count();
    match gaps {
        0 => format!("{events} events"),
        gaps => format!("{events} events, {gaps} gaps"),
    }
}

fn ttl_left(now: Timestamp, until: Timestamp) -> String {
    format!("TTL {} s left", Seconds::between(now, until))
}
