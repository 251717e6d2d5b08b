//! Settings of the command queue.

/// What becomes of a prompt that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It keeps its place and is given again; after some failures it is set aside
    /// until there is another session.
    #[default]
    Redeliver,
    /// It is read from the store again, taken for a duplicate of itself and
    /// acknowledged: lost. The peer's way.
    DropAsOwnDuplicate,
}

/// What becomes of a prompt whose run was aborted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnAbort {
    /// It has failed.
    #[default]
    Fail,
    /// It is recorded as sent; nobody answers it. The peer's way.
    RecordAsSent,
}

/// What the release of a turn whose end was never seen does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnRelease {
    /// The run is aborted and the queue goes on; what comes late is ignored.
    #[default]
    GoOn,
    /// The queue waits on for the call that never returns. The peer's way.
    WaitForCall,
}

/// What the queue does when the store is back after an outage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnReconnect {
    /// Acknowledgements are sent again and unserved messages are read again.
    #[default]
    StartOver,
    /// It waits on for the connection that is gone. The peer's way.
    WaitForOldConnection,
}

/// Settings of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePolicy {
    /// How often a prompt is given again while the session is still busy.
    pub busy_retries: u32,
    /// Time between two tries; doubled after each failure.
    pub retry_ms: u64,
    /// The longest time between two tries.
    pub retry_most_ms: u64,
    /// After this many failures a prompt is set aside.
    pub failures_before_parking: u32,
    /// Messages held at once; further ones stay in the store.
    pub capacity: usize,
    /// From this many on, back-pressure is reported.
    pub pressure_at: usize,
    /// After a failure.
    pub on_failure: OnFailure,
    /// After an abort.
    pub on_abort: OnAbort,
    /// After a release.
    pub on_release: OnRelease,
    /// After an outage of the store.
    pub on_reconnect: OnReconnect,
}

impl Default for QueuePolicy {
    fn default() -> Self {
        Self {
            busy_retries: 3,
            retry_ms: 2_000,
            retry_most_ms: 60_000,
            failures_before_parking: 3,
            capacity: 1_000,
            pressure_at: 20,
            on_failure: OnFailure::default(),
            on_abort: OnAbort::default(),
            on_release: OnRelease::default(),
            on_reconnect: OnReconnect::default(),
        }
    }
}

impl QueuePolicy {
    /// The peer's queue.
    pub fn peer() -> Self {
        Self {
            on_failure: OnFailure::DropAsOwnDuplicate,
            on_abort: OnAbort::RecordAsSent,
            on_release: OnRelease::WaitForCall,
            on_reconnect: OnReconnect::WaitForOldConnection,
            ..Self::default()
        }
    }
}
