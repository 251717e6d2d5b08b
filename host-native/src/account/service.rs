//! The connection to the service.

use std::thread;
use std::time::Duration;

use muster_core::account::{AccountError, AccountRows, Fetch, FetchRequest, FetchResponse};
use ureq::Agent;
use ureq::http::Uri;
use ureq::http::header::RETRY_AFTER;

use super::AdminKey;
use crate::clock::Clock;
use crate::error::Failure;

/// The longest that one request may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// A page of a month is some hundred kB.
const MAX_BODY_BYTES: u64 = 32 << 20;
/// The version of the service's interface.
const API_VERSION: &str = "2023-06-01";

/// The service that gives the reports.
#[derive(Debug)]
pub(super) struct Service {
    agent: Agent,
    /// Scheme, host and port.
    origin: String,
}

/// A request without an answer.
struct NoAnswer(String);

impl Service {
    /// The service at this address. A key goes over TLS or stays on this machine.
    pub(super) fn new(address: &str) -> Result<Self, Failure> {
        let refused = |why: &str| {
            Failure::usage(format!("the address {address} of the service: {why}"))
                .hint("name one such as https://api.anthropic.com")
        };
        let origin = address.trim_end_matches('/');
        let uri: Uri = origin.parse().map_err(|_| refused("it is no URL"))?;
        let host = uri.host().unwrap_or_default();
        let is_local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        match uri.scheme_str() {
            Some("https") if !host.is_empty() => {}
            Some("http") if is_local => {}
            Some("http") => return Err(refused("the key must not travel without TLS")),
            _ => return Err(refused("it is no https URL")),
        }
        let agent = Agent::config_builder()
            .timeout_global(Some(TIME_LIMIT))
            // A redirect would carry the key elsewhere.
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self {
            agent,
            origin: origin.to_owned(),
        })
    }

    /// Does what the fetch asks for until it is over.
    pub(super) fn fetch(
        &self,
        fetch: &mut Fetch,
        key: &AdminKey,
        clock: Clock,
    ) -> Result<(Vec<String>, AccountRows), AccountError> {
        loop {
            if let Some(request) = fetch.poll_request() {
                match self.send(&request, key) {
                    Ok((status, retry_after_s, body)) => fetch.handle_response(
                        clock.now(),
                        FetchResponse {
                            status,
                            retry_after_s,
                            body: &body,
                        },
                    ),
                    Err(NoAnswer(why)) => fetch.handle_failure(clock.now(), &why),
                }
            }
            if let Some(outcome) = fetch.poll_outcome() {
                return outcome;
            }
            if let Some(due) = fetch.poll_timeout() {
                let wait_us = due.as_micros().saturating_sub(clock.now().as_micros());
                thread::sleep(Duration::from_micros(u64::try_from(wait_us).unwrap_or(0)));
                // The clock of the command may stand still.
                fetch.handle_timeout(due);
            }
        }
    }

    fn send(
        &self,
        request: &FetchRequest,
        key: &AdminKey,
    ) -> Result<(u16, Option<i64>, Vec<u8>), NoAnswer> {
        let no_answer = |error: ureq::Error| NoAnswer(error.to_string());
        let mut response = self
            .agent
            .get(format!("{}{}", self.origin, request.path))
            .query_pairs(request.query.iter().map(|(name, value)| (*name, value)))
            .header("x-api-key", key.expose())
            .header("anthropic-version", API_VERSION)
            .header("accept", "application/json")
            .call()
            .map_err(no_answer)?;
        let retry_after_s = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let body = response
            .body_mut()
            .with_config()
            .limit(MAX_BODY_BYTES)
            .read_to_vec()
            .map_err(no_answer)?;
        Ok((response.status().as_u16(), retry_after_s, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_over_tls_or_stays_on_the_machine() {
        for good in [
            "https://api.anthropic.com",
            "https://proxy.example:8443/",
            "http://127.0.0.1:9",
            "http://localhost",
            "http://[::1]:80",
        ] {
            assert!(Service::new(good).is_ok(), "{good}");
        }
        for bad in ["http://example.com", "ftp://x", "", "https://", "x y"] {
            assert!(Service::new(bad).is_err(), "{bad}");
        }
    }
}
