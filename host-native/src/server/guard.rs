//! What every request must fulfil and every response carries.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Settings, Shared};

/// The page runs its own scripts and the core, and nothing else.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Adds the headers that every response carries.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lets through requests that read, to a host that is this one.
pub(super) async fn check(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    // A page of another origin may make its name point here (DNS rebinding); the
    // name then stands in the request.
    if !is_own_host(&shared.settings, request.headers(), request.uri()) {
        return (
            StatusCode::MISDIRECTED_REQUEST,
            "This server does not answer to that host name. --allow-host NAME allows one.\n",
        )
            .into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "GET, HEAD")],
            "This server only reads.\n",
        )
            .into_response();
    }
    next.run(request).await
}

fn is_own_host(settings: &Settings, headers: &HeaderMap, uri: &Uri) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let allowed = |host: &str| is_allowed(settings, host_name(host));
    host.to_str().is_ok_and(allowed) && uri.authority().is_none_or(|it| allowed(it.as_str()))
}

/// The host without its port and brackets.
fn host_name(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn is_allowed(settings: &Settings, name: &str) -> bool {
    if let Ok(ip) = name.parse::<IpAddr>() {
        let own = settings.address.ip();
        // An address cannot be made to point elsewhere, as a name can.
        return ip.is_loopback() || ip == own || own.is_unspecified();
    }
    name.eq_ignore_ascii_case("localhost")
        || settings
            .allowed_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::files::{LogQuery, LogSelection, Places};

    fn allows(address: &str, host: &str) -> bool {
        let settings = Settings {
            address: address.parse().unwrap(),
            allowed_hosts: vec!["muster.example".into()],
            query: LogQuery {
                selection: LogSelection::Places(Places::default()),
                needed: Vec::new(),
                also: Vec::new(),
                options: muster_core::ReadOptions::default(),
                strict: false,
                index: None,
            },
            clock: Clock::default(),
        };
        is_allowed(&settings, host_name(host))
    }

    #[test]
    fn only_own_hosts_are_answered() {
        for host in [
            "localhost",
            "LOCALHOST:8765",
            "127.0.0.1:8765",
            "[::1]:8765",
            "muster.example:80",
        ] {
            assert!(allows("127.0.0.1:8765", host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "127.0.0.1.evil.example",
        ] {
            assert!(!allows("127.0.0.1:8765", host), "{host}");
        }
        assert!(allows("10.0.0.1:8765", "10.0.0.1:8765"));
        assert!(allows("0.0.0.0:8765", "10.0.0.1:8765"));
        assert!(!allows("0.0.0.0:8765", "evil.example"));
    }
}
