//! Answers over HTTP: documents, and refusals with their reason.

use axum::http::header;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use muster_core::to_json;
use muster_core::view::ProblemView;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use super::page::{etag, is_unchanged};
use crate::error::{Failure, FailureKind};
use crate::store::StoreError;

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
    hint: Option<String>,
    exit: u8,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, exit: u8, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            hint: None,
            exit,
        }
    }

    /// A parameter or a body makes no sense.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "usage", 2, message)
    }

    /// There is no such thing.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", 1, message)
    }

    /// The asker may not do this.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", 2, message)
    }

    /// This server only reads.
    pub(super) fn read_only() -> Self {
        let message = "this server only reads: it was started with --read-only";
        Self::new(StatusCode::FORBIDDEN, "read_only", 2, message)
            .hint("start it without --read-only")
    }

    /// It cannot be done in this state.
    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", 1, message)
    }

    /// Something needed cannot be reached.
    pub(super) fn unreachable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unreachable", 3, message)
    }

    /// The request is of a form that this server does not take.
    pub(super) fn form(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, "usage", 2, message)
    }

    /// The request is for another host.
    pub(super) fn misdirected() -> Self {
        let message = "this server does not answer to that host name";
        Self::new(StatusCode::MISDIRECTED_REQUEST, "forbidden", 2, message)
            .hint("--trusted-host NAME allows one")
    }

    /// The words of it, for a document.
    pub(super) fn problem(&self) -> ProblemView {
        ProblemView {
            message: self.message.clone(),
            hint: self.hint.clone(),
        }
    }

    /// Adds what to do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let status = match failure.kind {
            FailureKind::Usage => StatusCode::BAD_REQUEST,
            FailureKind::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
            FailureKind::UnusableInput => StatusCode::UNPROCESSABLE_ENTITY,
            FailureKind::Defect | FailureKind::OutputClosed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            status,
            kind: failure.kind.name(),
            exit: failure.exit(),
            message: failure.message,
            hint: failure.hint,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Failure::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Document<'a> {
            error: Body<'a>,
        }
        #[derive(Serialize)]
        struct Body<'a> {
            kind: &'static str,
            message: &'a str,
            hint: Option<&'a str>,
            exit: u8,
        }
        let document = Document {
            error: Body {
                kind: self.kind,
                message: &self.message,
                hint: self.hint.as_deref(),
                exit: self.exit,
            },
        };
        json(self.status, to_json(&document) + "\n")
    }
}

/// A document, or that the asker has it already.
pub(super) fn document(headers: &HeaderMap, document: String) -> Response {
    let tag = etag(&xxh3_128(document.as_bytes()).to_be_bytes());
    if is_unchanged(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    ([(header::ETAG, tag)], json(StatusCode::OK, document)).into_response()
}

/// A body of JSON.
pub(super) fn json(status: StatusCode, body: String) -> Response {
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
