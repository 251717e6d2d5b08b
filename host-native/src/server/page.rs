//! The files of the page, embedded in the binary.

use std::fmt::Write as _;

use axum::http::header;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Page;

const INDEX: &str = "index.html";

/// Shown in place of a page that was not built.
const NO_PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Muster</title>\
    <p>This build of Muster has no page in it. Build the page with <code>cargo xtask web</code>, \
    then build Muster again. The reports are there: \
    <a href=\"api/v1/usage\">api/v1/usage</a>.\n";

pub(super) async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = match uri.path().trim_start_matches('/') {
        "" => INDEX,
        path => path,
    };
    let Some(file) = Page::get(path) else {
        return if path == INDEX {
            (StatusCode::NOT_FOUND, Html(NO_PAGE)).into_response()
        } else {
            (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response()
        };
    };
    let tag = etag(&file.metadata.sha256_hash());
    // Names below assets/ change with their content.
    let caching = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let head = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, caching.to_owned()),
    ];
    if is_unchanged(&headers, &tag) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    let kind = match file.metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    (head, [(header::CONTENT_TYPE, kind)], file.data).into_response()
}

/// A weak tag: the body may be compressed on its way.
pub(super) fn etag(hash: &[u8]) -> String {
    let hex = hash.iter().take(16).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("W/\"{hex}\"")
}

/// Whether the asker already has what bears this tag.
pub(super) fn is_unchanged(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == tag || known.trim() == "*")
}
