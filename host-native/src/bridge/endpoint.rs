//! Requests to where entries are collected.

use std::time::{Duration, SystemTime};

use muster_core::Timestamp;
use muster_core::delivery::{Answer, RetryAfter};
use ureq::http::header::{LOCATION, RETRY_AFTER};
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

use crate::error::{Failure, describe};

/// The longest that one request may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Redirects within the endpoint's own address that are followed.
const MAX_REDIRECTS: u32 = 3;
/// So much of an answer is read, for the sake of the connection.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// Where entries are sent to.
#[derive(Debug)]
pub struct Endpoint {
    agent: Agent,
    url: Uri,
    api_key: Option<String>,
    /// What went wrong last, in words.
    trouble: Option<String>,
}

impl Endpoint {
    /// The endpoint at this address, `/ingest` not included. The key goes to this
    /// address alone: a redirect to another one is not followed.
    pub fn new(address: &str, api_key: Option<String>) -> Result<Self, Failure> {
        Self::with_time_limit(address, api_key, TIME_LIMIT)
    }

    /// Like [`Self::new`] with another time limit per request.
    pub fn with_time_limit(
        address: &str,
        api_key: Option<String>,
        limit: Duration,
    ) -> Result<Self, Failure> {
        let url = format!("{}/ingest", address.trim_end_matches('/'));
        let wrong = |why: &str| {
            Failure::usage(format!("the endpoint {address} cannot be used: {why}"))
                .hint("an endpoint looks like https://telemetry.example.com")
        };
        let url: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
        if !matches!(url.scheme_str(), Some("http" | "https")) || url.host().is_none() {
            return Err(wrong("it is no http or https URL"));
        }
        let config = Agent::config_builder()
            .timeout_global(Some(limit))
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            agent: config.new_agent(),
            url,
            api_key,
            trouble: None,
        })
    }

    /// The address that requests go to.
    pub fn url(&self) -> String {
        self.url.to_string()
    }

    /// Whether the key would be readable on its way.
    pub fn exposes_key(&self) -> bool {
        let local = matches!(
            self.url.host(),
            Some("localhost" | "127.0.0.1" | "[::1]" | "::1")
        );
        self.api_key.is_some() && self.url.scheme_str() == Some("http") && !local
    }

    /// What went wrong last, in words.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Sends one body. `now` is what the endpoint's clock is compared with.
    pub fn send(&mut self, body: &str, now: Timestamp) -> Answer {
        let mut url = self.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut response = match self.post(&url, body) {
                Ok(response) => response,
                Err(error) => {
                    self.trouble = Some(match &error {
                        ureq::Error::Io(error) => describe(error),
                        error => error.to_string(),
                    });
                    return match error {
                        ureq::Error::Timeout(_) => Answer::TimedOut,
                        _ => Answer::NoConnection,
                    };
                }
            };
            // The connection can serve again once the answer is read. Its content
            // does not matter, nor does failing to get it.
            let _ = response
                .body_mut()
                .with_config()
                .limit(MAX_ANSWER_BYTES)
                .read_to_vec();
            let code = response.status().as_u16();
            if matches!(code, 307 | 308)
                && let Some(next) = self.same_origin(&response)
            {
                url = next;
                continue;
            }
            self.trouble = match code {
                202 => None,
                300..=399 => Some(moved(&response)),
                _ => Some(response.status().to_string()),
            };
            return Answer::Status {
                code,
                retry_after_us: retry_after(&response, now).map(|asked| asked.wait_us(now)),
            };
        }
        self.trouble = Some("it redirects in a circle".into());
        Answer::Status {
            code: 308,
            retry_after_us: None,
        }
    }

    fn post(&self, url: &Uri, body: &str) -> Result<Response<Body>, ureq::Error> {
        let mut request = self
            .agent
            .post(url)
            .header("Content-Type", "application/json");
        if let Some(key) = &self.api_key {
            request = request.header("x-api-key", key);
        }
        request.send(body)
    }

    /// Where a redirect leads, if that is at the endpoint's own scheme, host and port.
    fn same_origin(&self, response: &Response<Body>) -> Option<Uri> {
        let target = response.headers().get(LOCATION)?.to_str().ok()?;
        let scheme = self.url.scheme_str()?;
        let authority = self.url.authority()?;
        if target.starts_with('/') && !target.starts_with("//") {
            return format!("{scheme}://{authority}{target}").parse().ok();
        }
        let target: Uri = target.parse().ok()?;
        let same = target.scheme_str() == Some(scheme) && target.authority() == Some(authority);
        same.then_some(target)
    }
}

fn moved(response: &Response<Body>) -> String {
    let target = response.headers().get(LOCATION);
    match target.and_then(|target| target.to_str().ok()) {
        Some(target) => format!("it redirects to {target}"),
        None => response.status().to_string(),
    }
}

fn retry_after(response: &Response<Body>, now: Timestamp) -> Option<RetryAfter> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = text.trim().parse() {
        return Some(RetryAfter::Seconds(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let us = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    Some(RetryAfter::At(Timestamp::from_micros(us).unwrap_or(now)))
}
