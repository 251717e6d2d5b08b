//! Reports over HTTP: the same bytes as `--json` prints.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use muster_core::{DEFAULT_RECENT, Timestamp, US_PER_DAY, Window, to_json};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use xxhash_rust::xxh3::xxh3_128;

use super::page::{etag, is_unchanged};
use super::{Settings, Shared};
use crate::error::{Failure, FailureKind};
use crate::files::{empty_window_note, load};

/// More recent calls than this are not sent at once.
const MAX_RECENT: usize = 10_000;

/// The window and the length of a usage report; all of time without any.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UsageParams {
    from: Option<String>,
    to: Option<String>,
    days: Option<u32>,
    recent: Option<usize>,
}

/// Whether the server runs.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// What the page may ask for.
pub(super) async fn capabilities() -> Response {
    #[derive(Serialize)]
    struct Capabilities {
        engine: &'static str,
        views: [&'static str; 1],
        live: bool,
        version: &'static str,
    }
    json(
        StatusCode::OK,
        to_json(&Capabilities {
            engine: "http",
            views: ["usage"],
            live: false,
            version: env!("CARGO_PKG_VERSION"),
        }),
    )
}

/// The usage report.
pub(super) async fn usage(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    params: Result<Query<UsageParams>, QueryRejection>,
) -> Response {
    let params = match params {
        Ok(Query(params)) => params,
        Err(rejection) => return refuse(&Failure::usage(rejection.body_text())),
    };
    match usage_document(shared, params).await {
        Ok(document) => {
            let tag = etag(&xxh3_128(document.as_bytes()).to_be_bytes());
            if is_unchanged(&headers, &tag) {
                return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
            }
            ([(header::ETAG, tag)], json(StatusCode::OK, document)).into_response()
        }
        Err(failure) => refuse(&failure),
    }
}

async fn usage_document(shared: Arc<Shared>, params: UsageParams) -> Result<String, Failure> {
    let mut query = shared.settings.query.clone();
    query.options.window = window(&shared.settings, &params)?;
    query.options.recent = params.recent.unwrap_or(DEFAULT_RECENT).min(MAX_RECENT);
    let permit = shared.readings.acquire().await;
    let read = spawn_blocking(move || {
        let mut telemetry = load(&query, &())?;
        empty_window_note(&mut telemetry);
        Ok(to_json(&telemetry.usage_report()) + "\n")
    })
    .await;
    drop(permit);
    read.unwrap_or_else(|_| Err(Failure::defect("the reading broke off")))
}

fn window(settings: &Settings, params: &UsageParams) -> Result<Window, Failure> {
    let bound = |name: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => Timestamp::parse(text)
            .map(Some)
            .map_err(|error| Failure::usage(format!("{name}={text}: {error}"))),
    };
    let window = Window {
        from: bound("from", &params.from)?,
        to: bound("to", &params.to)?,
    };
    match params.days {
        None => Ok(window),
        Some(days) if window == Window::ALL && days > 0 => Ok(Window::before(
            settings.clock.now(),
            i64::from(days) * US_PER_DAY,
        )),
        Some(_) => Err(Failure::usage(
            "days is a number above zero, and stands without from and to",
        )),
    }
}

fn refuse(failure: &Failure) -> Response {
    let status = match failure.kind {
        FailureKind::Usage => StatusCode::BAD_REQUEST,
        FailureKind::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
        FailureKind::UnusableInput => StatusCode::UNPROCESSABLE_ENTITY,
        FailureKind::Defect | FailureKind::OutputClosed => StatusCode::INTERNAL_SERVER_ERROR,
    };
    json(status, failure.to_json() + "\n")
}

fn json(status: StatusCode, body: String) -> Response {
    (
        status,
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        body,
    )
        .into_response()
}
