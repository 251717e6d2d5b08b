//! Changes as server-sent events.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use muster_core::to_json;
use serde::Serialize;
use tokio::sync::watch;

use super::Shared;
use super::answer::Refusal;
use super::params::Params;
use super::versions::Resume;

/// How soon a listener comes back after its connection broke.
const RETRY: Duration = Duration::from_secs(1);
/// How often a comment shows that the connection lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[derive(Serialize)]
struct Hello<'a> {
    epoch: &'a str,
    versions: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Changed {
    view: &'static str,
    version: u64,
}

#[derive(Serialize)]
struct Gap {
    reason: &'static str,
}

/// One who listens.
struct Listener {
    shared: Arc<Shared>,
    changes: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    seen: u64,
    /// At most one event per view.
    waiting: VecDeque<Event>,
}

/// Tells of every change until the listener goes.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let last_id = match last_event_id(&headers, &uri) {
        Ok(last_id) => last_id,
        Err(refusal) => return refusal.into_response(),
    };
    let listener = Listener::new(shared, last_id.as_deref());
    let events = unfold(listener, |mut listener| async {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    sse(events)
}

/// A stream of events that is kept alive.
pub(super) fn sse(
    events: impl futures_util::Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> Response {
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive");
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    headers.insert(
        "x-accel-buffering",
        axum::http::HeaderValue::from_static("no"),
    );
    response
}

/// The id that a listener goes on after.
fn last_event_id(headers: &HeaderMap, uri: &Uri) -> Result<Option<String>, Refusal> {
    let mut params = Params::of(uri)?;
    let given = params.text("last_event_id");
    params.finish()?;
    let header = headers.get("last-event-id");
    let header = header.and_then(|id| id.to_str().ok()).map(str::to_owned);
    Ok(header.or(given))
}

impl Listener {
    fn new(shared: Arc<Shared>, last_id: Option<&str>) -> Self {
        let changes = shared.versions.listen();
        let closing = shared.closing.subscribe();
        let (now, versions) = shared.versions.all();
        let mut waiting = VecDeque::new();
        let resume = shared.versions.resume(last_id);
        let reason = match resume {
            Resume::Restarted => Some("restarted"),
            Resume::Unknown => Some("unknown_id"),
            Resume::Fresh | Resume::After(_) => None,
        };
        let seen = match resume {
            Resume::After(number) => number,
            Resume::Fresh | Resume::Restarted | Resume::Unknown => now,
        };
        let hello = Hello {
            epoch: shared.versions.epoch(),
            versions,
        };
        let hello = Event::default()
            .event("hello")
            .retry(RETRY)
            .id(shared.versions.id(seen))
            .data(to_json(&hello));
        waiting.push_back(hello);
        if let Some(reason) = reason {
            let gap = Event::default().event("gap").data(to_json(&Gap { reason }));
            waiting.push_back(gap);
        }
        Self {
            shared,
            changes,
            closing,
            seen,
            waiting,
        }
    }

    /// The next event; `None` when the server ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            for (number, view, version) in self.shared.versions.after(self.seen) {
                self.seen = number;
                let event = Event::default()
                    .id(self.shared.versions.id(number))
                    .data(to_json(&Changed { view, version }));
                self.waiting.push_back(event);
            }
            if self.waiting.is_empty() {
                tokio::select! {
                    changed = self.changes.changed() => changed.ok()?,
                    _ = self.closing.wait_for(|closing| *closing) => return None,
                }
            }
        }
    }
}
