//! What the page may do.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use muster_core::coordination::{Answer, MAX_NAME_BYTES, MIN_ANSWER_LEFT_US, check_name};
use muster_core::to_json;
use muster_core::view::{AnswerOutcome, AnswerRefusal, AnsweredView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::answer::{Refusal, json};
use super::streams::within;
use super::{MAX_BODY_BYTES, Shared, alerts, diagnosis, runner, specs};

/// The acts of this server.
pub(super) const NAMES: [&str; 10] = [
    "approve",
    "reject",
    "cost-refresh",
    "diagnose",
    "diagnosis-schedule",
    "run-start",
    "run-cancel",
    "alert-mute",
    "specs-candidates",
    "spec-dismiss",
];

/// The largest body of an act that takes no bundle.
const MAX_SMALL_BODY_BYTES: usize = 64 << 10;
/// More is no reason.
const MAX_REASON_BYTES: usize = 4096;

/// Does an act; the guard has let it through.
pub(super) async fn act(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match whole(&name, body) {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let done = match &*name {
        "approve" => decide(&shared, true, &body).await,
        "reject" => decide(&shared, false, &body).await,
        "cost-refresh" => refresh_cost(&shared, &body).await,
        "diagnose" => diagnose(&shared, &body).await,
        "diagnosis-schedule" => parse(&body)
            .and_then(|asked| diagnosis::choose(&shared, asked))
            .map(|view| done(&view)),
        "run-start" => start_run(shared, &body).await,
        "run-cancel" => cancel_run(&shared, &body),
        "specs-candidates" => parse(&body)
            .and_then(|asked| specs::enable(&shared, &asked))
            .map(|view| done(&view)),
        "spec-dismiss" => parse(&body)
            .and_then(|asked| specs::dismiss(&shared, asked))
            .map(|view| done(&view)),
        "alert-mute" => parse(&body)
            .and_then(|asked| alerts::mute(&shared, &asked))
            .map(|view| done(&view)),
        name => Err(Refusal::not_found(format!("there is no act {name}"))
            .hint("capabilities lists the acts")),
    };
    done.unwrap_or_else(IntoResponse::into_response)
}

/// The body of an act, if it came in whole and is not too large.
fn whole(name: &str, body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    let (limit, says) = if name == "diagnose" {
        (MAX_BODY_BYTES, "8 MiB")
    } else {
        (MAX_SMALL_BODY_BYTES, "64 KiB")
    };
    let too_large = || {
        let message = format!("the body is larger than {says}");
        Refusal::form(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    match body {
        Ok(body) if body.len() > limit => Err(too_large()),
        Ok(body) => Ok(body),
        Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_large()),
        Err(error) => Err(Refusal::usage(format!("the body: {}", error.body_text()))),
    }
}

/// Reads the body of an act.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refusal::usage(format!("the body: {error}")))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decide {
    request_id: String,
    #[serde(default)]
    reason: String,
    responder: Option<String>,
    #[serde(default)]
    force: bool,
}

async fn decide(shared: &Shared, approved: bool, body: &[u8]) -> Result<Response, Refusal> {
    let asked: Decide = parse(body)?;
    let responder = match asked.responder.filter(|name| !name.is_empty()) {
        Some(responder) => responder,
        None => shared.settings.responder.clone(),
    };
    for (what, name) in [("request_id", &asked.request_id), ("responder", &responder)] {
        check_name(name).map_err(|error| {
            Refusal::usage(format!("{what}: {error}"))
                .hint(format!("a name has 1 to {MAX_NAME_BYTES} bytes"))
        })?;
    }
    if asked.reason.len() > MAX_REASON_BYTES {
        return Err(Refusal::usage(format!(
            "the reason is longer than {MAX_REASON_BYTES} bytes"
        )));
    }
    let store = shared.keeper.store()?;
    let mut min_left_us = 0;
    if !asked.force {
        let row = within(store.approval(shared.clock.now(), &asked.request_id)).await?;
        if row.is_some_and(|row| row.foreign) {
            min_left_us = MIN_ANSWER_LEFT_US;
        }
    }
    let answer = Answer {
        request_id: asked.request_id,
        approved,
        responder,
        reason: asked.reason,
        min_left_us,
    };
    let now = shared.clock.now();
    let decision = within(store.decide(now, &answer)).await?;
    let view = AnsweredView::of(&answer.request_id, &decision, now);
    let status = match (view.outcome, view.refusal) {
        (AnswerOutcome::Taken | AnswerOutcome::Repeated, _) => StatusCode::OK,
        (AnswerOutcome::Refused, Some(AnswerRefusal::Unknown)) => StatusCode::NOT_FOUND,
        (AnswerOutcome::Refused, _) => StatusCode::CONFLICT,
    };
    Ok(json(status, to_json(&view) + "\n"))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn refresh_cost(shared: &Shared, body: &[u8]) -> Result<Response, Refusal> {
    let Nothing {} = parse(body)?;
    Ok(done(&shared.bills.refresh().await?))
}

async fn diagnose(shared: &Shared, body: &[u8]) -> Result<Response, Refusal> {
    let asked = parse(body)?;
    Ok(done(&diagnosis::make(shared, asked).await?))
}

async fn start_run(shared: Arc<Shared>, body: &[u8]) -> Result<Response, Refusal> {
    let asked: runner::StartRun = parse(body)?;
    let started = spawn_blocking(move || runner::start(&shared.runner, &asked)).await;
    let view = started.unwrap_or_else(|_| Err(Refusal::unreachable("the start broke off")))?;
    Ok(done(&view))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelRun {
    run_id: String,
}

fn cancel_run(shared: &Shared, body: &[u8]) -> Result<Response, Refusal> {
    let asked: CancelRun = parse(body)?;
    Ok(done(&runner::cancel(&shared.runner, &asked.run_id)?))
}

fn done<T: Serialize>(view: &T) -> Response {
    json(StatusCode::OK, to_json(view) + "\n")
}
