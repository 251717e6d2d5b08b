//! What every request must fulfil and every response carries.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Refusal;
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

/// The header that the token of this process stands in.
const TOKEN: &str = "x-muster-token";
/// The paths of acts begin with this.
const ACTS: &str = "/api/v1/act/";

/// Lets through requests to this host that read, and acts that bear the token.
pub(super) async fn check(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    // A page of another origin may make its name point here (DNS rebinding); the
    // name then stands in the request.
    if !is_own_host(&shared.settings, request.headers(), request.uri()) {
        return Refusal::misdirected().into_response();
    }
    let is_act = request.uri().path().starts_with(ACTS);
    let allowed = match *request.method() {
        Method::GET | Method::HEAD => !is_act,
        Method::POST => is_act,
        _ => false,
    };
    if !allowed {
        let (allow, says) = if is_act {
            ("POST", "an act is done by POST")
        } else {
            ("GET, HEAD", "this is only read")
        };
        let refusal = Refusal::form(StatusCode::METHOD_NOT_ALLOWED, says);
        return ([(header::ALLOW, allow)], refusal).into_response();
    }
    if is_act && let Err(refusal) = may_act(&shared, request.headers()) {
        return refusal.into_response();
    }
    next.run(request).await
}

/// Whether a request comes from a page of this process, or from a program that knows
/// its token.
fn may_act(shared: &Shared, headers: &HeaderMap) -> Result<(), Refusal> {
    if shared.settings.read_only {
        return Err(Refusal::read_only());
    }
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_foreign = site.is_some_and(|site| site != b"same-origin" && site != b"none")
        || !is_own_origin(&shared.settings, headers);
    if is_foreign {
        return Err(Refusal::forbidden(
            "the request is of a page of another site",
        ));
    }
    let given = headers.get(TOKEN).map_or(&b""[..], HeaderValue::as_bytes);
    if !is_equal(given, shared.token.as_bytes()) {
        return Err(
            Refusal::forbidden("the token is missing, or not that of this process")
                .hint("send the token of /api/v1/capabilities as X-Muster-Token"),
        );
    }
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let message = "the body of an act is application/json";
        return Err(Refusal::form(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    Ok(())
}

/// Whether two texts are equal, in a time that does not tell where they differ.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn is_own_host(settings: &Settings, headers: &HeaderMap, uri: &Uri) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let allowed = |host: &str| is_allowed(settings, host_name(host));
    host.to_str().is_ok_and(allowed) && uri.authority().is_none_or(|it| allowed(it.as_str()))
}

/// Whether every `Origin` that is stated is a page of this host; `null` is none.
fn is_own_origin(settings: &Settings, headers: &HeaderMap) -> bool {
    headers.get_all(header::ORIGIN).iter().all(|origin| {
        let host = origin.to_str().ok().and_then(|it| it.split_once("://"));
        host.is_some_and(|(_, host)| is_allowed(settings, host_name(host)))
    })
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
            .trusted_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::test_settings;

    fn allows(address: &str, host: &str) -> bool {
        let settings = Settings {
            address: address.parse().unwrap(),
            trusted_hosts: vec!["muster.example".into()],
            ..test_settings()
        };
        is_allowed(&settings, host_name(host))
    }

    #[test]
    fn texts_are_equal_or_not() {
        assert!(is_equal(b"abc", b"abc"));
        assert!(!is_equal(b"abc", b"abd") && !is_equal(b"abc", b"ab") && !is_equal(b"", b"a"));
    }

    #[test]
    fn only_pages_of_own_hosts_act() {
        let is_own = |origin: &str| {
            let mut headers = HeaderMap::new();
            headers.append(header::ORIGIN, origin.parse().unwrap());
            is_own_origin(&test_settings(), &headers)
        };
        assert!(is_own_origin(&test_settings(), &HeaderMap::new()));
        for origin in [
            "http://localhost:8765",
            "http://127.0.0.1",
            "http://[::1]:8765",
        ] {
            assert!(is_own(origin), "{origin}");
        }
        for origin in [
            "null",
            "",
            "localhost",
            "https://evil.example",
            "http://localhost.evil.example:8765",
        ] {
            assert!(!is_own(origin), "{origin}");
        }
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
