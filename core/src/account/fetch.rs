//! Fetching a report: what to ask, what an answer means, when to ask again.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::{AccountError, AccountErrorKind, AccountReport, AccountRows, CostSpan};
use crate::time::{Day, Timestamp, US_PER_SECOND};

/// Days that the report reaches back at the least, today included.
const DAYS: i32 = 30;
/// The most days that the service gives in one page.
const PAGE_DAYS: u32 = 31;
/// More pages than this are no report of some weeks.
const MAX_PAGES: usize = 200;
/// How often one page is asked for.
const MAX_TRIES: u32 = 3;
/// The wait before the second try of a page, in seconds; it doubles.
const RETRY_S: i64 = 1;
/// A service that asks for a longer wait than this is not waited for, in seconds.
const MAX_WAIT_S: i64 = 10;

/// Fetches one report, page by page.
///
/// Ask [`Self::poll_request`] for what to send, tell what came of it by
/// [`Self::handle_response`] or [`Self::handle_failure`], wait until
/// [`Self::poll_timeout`] and call [`Self::handle_timeout`], until
/// [`Self::poll_outcome`] gives the rows or the error.
#[derive(Debug)]
pub struct Fetch {
    span: CostSpan,
    rows: AccountRows,
    /// The bodies that the rows are from.
    pages: Vec<String>,
    /// The token of the page that is asked for; `None` for the first.
    page: Option<String>,
    tries: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    /// A request is to be sent.
    Ready,
    /// A request is under way.
    Sent,
    /// The same page is to be asked for again at this time.
    Waiting(Timestamp),
    /// All is said.
    Done(Option<AccountError>),
}

/// A request to send: GET, with the key in `x-api-key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequest {
    /// The path at the service.
    pub path: &'static str,
    /// Names and values of the query, not yet escaped.
    pub query: Vec<(&'static str, String)>,
}

/// An answer of the service.
#[derive(Clone, Copy, Debug)]
pub struct FetchResponse<'a> {
    /// The status.
    pub status: u16,
    /// The header `retry-after`, where it is a number of seconds.
    pub retry_after_s: Option<i64>,
    /// The body.
    pub body: &'a [u8],
}

impl Fetch {
    /// A fetch of the days that a report as of `now` needs: the last 30 and this month.
    pub fn new(report: AccountReport, now: Timestamp) -> Self {
        Self {
            span: span_of(now),
            rows: AccountRows::new(report),
            pages: Vec::new(),
            page: None,
            tries: 0,
            state: State::Ready,
        }
    }

    /// The days that are asked for.
    pub fn span(&self) -> CostSpan {
        self.span
    }

    /// The request to send now, if there is one.
    pub fn poll_request(&mut self) -> Option<FetchRequest> {
        if !matches!(self.state, State::Ready) {
            return None;
        }
        self.state = State::Sent;
        self.tries += 1;
        let report = self.rows.report();
        let end = Day::from_number(self.span.last.number().saturating_add(1));
        let mut query = alloc::vec![
            ("starting_at", midnight(self.span.first)),
            ("ending_at", midnight(end.unwrap_or(self.span.last))),
            ("bucket_width", "1d".to_owned()),
            ("group_by[]", report.group_by().to_owned()),
            ("limit", PAGE_DAYS.to_string()),
        ];
        if let Some(page) = &self.page {
            query.push(("page", page.clone()));
        }
        Some(FetchRequest {
            path: report.path(),
            query,
        })
    }

    /// Takes the answer to the request that was sent last.
    pub fn handle_response(&mut self, now: Timestamp, response: FetchResponse<'_>) {
        if !matches!(self.state, State::Sent) {
            return;
        }
        if response.status == 200 {
            if let Err(message) = self.take_page(response.body) {
                self.end(AccountErrorKind::BadResponse, message, None);
            }
            return;
        }
        let kind = AccountErrorKind::of_status(response.status);
        let message = match said(response.body) {
            Some(said) => format!(
                "the service answered with status {}: {said}",
                response.status
            ),
            None => format!("the service answered with status {}", response.status),
        };
        self.try_again(now, kind, message, response.retry_after_s);
    }

    /// Takes that the request that was sent last got no answer, and why.
    pub fn handle_failure(&mut self, now: Timestamp, reason: &str) {
        if matches!(self.state, State::Sent) {
            let message = format!("no answer from the service: {reason}");
            self.try_again(now, AccountErrorKind::Network, message, None);
        }
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match self.state {
            State::Waiting(at) => Some(at),
            State::Ready | State::Sent | State::Done(_) => None,
        }
    }

    /// Lets the time come that was waited for.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if matches!(self.state, State::Waiting(at) if at <= now) {
            self.state = State::Ready;
        }
    }

    /// The bodies and the rows, or why there are none; `None` while it goes on. Rows of the
    /// pages before an error are not given: a part of a sum is no sum.
    pub fn poll_outcome(&mut self) -> Option<Result<(Vec<String>, AccountRows), AccountError>> {
        let State::Done(error) = &mut self.state else {
            return None;
        };
        Some(if let Some(error) = error.take() {
            Err(error)
        } else {
            let empty = AccountRows::new(self.rows.report());
            Ok((
                core::mem::take(&mut self.pages),
                core::mem::replace(&mut self.rows, empty),
            ))
        })
    }

    fn take_page(&mut self, body: &[u8]) -> Result<(), String> {
        let body = core::str::from_utf8(body).map_err(|_| "the body is no UTF-8".to_owned())?;
        let next = self.rows.add_page(body)?;
        self.pages.push(body.to_owned());
        if next.is_some() && next == self.page {
            return Err("next_page names the page that it stands in".to_owned());
        }
        if next.is_some() && self.pages.len() >= MAX_PAGES {
            return Err(format!("more than {MAX_PAGES} pages"));
        }
        self.tries = 0;
        self.state = if next.is_some() {
            State::Ready
        } else {
            State::Done(None)
        };
        self.page = next;
        Ok(())
    }

    fn try_again(
        &mut self,
        now: Timestamp,
        kind: AccountErrorKind,
        message: String,
        retry_after_s: Option<i64>,
    ) {
        let wait_s = retry_after_s.unwrap_or_else(|| RETRY_S << (self.tries - 1).min(8));
        let at = now.saturating_add_us(wait_s.max(0).saturating_mul(US_PER_SECOND));
        if kind.is_passing() && self.tries < MAX_TRIES && wait_s <= MAX_WAIT_S {
            self.state = State::Waiting(at);
        } else {
            self.end(kind, message, retry_after_s.map(|_| at));
        }
    }

    fn end(&mut self, kind: AccountErrorKind, message: String, retry_at: Option<Timestamp>) {
        self.state = State::Done(Some(AccountError {
            kind,
            message,
            retry_at,
        }));
    }
}

/// The last 30 days, and this month where it is longer: on the 31st it is.
fn span_of(now: Timestamp) -> CostSpan {
    let last = now.day();
    let of_month = i32::try_from(last.civil().2).unwrap_or(DAYS);
    let days = of_month.max(DAYS);
    CostSpan {
        first: Day::from_number(last.number().saturating_sub(days - 1)).unwrap_or(last),
        last,
    }
}

fn midnight(day: Day) -> String {
    format!("{day}T00:00:00Z")
}

/// What the service says is wrong, in its own form of an error.
fn said(body: &[u8]) -> Option<String> {
    let body = core::str::from_utf8(body).ok()?;
    let error = crate::json::Fields::parse(body)
        .ok()?
        .get("error")
        .ok()??
        .object()
        .ok()?;
    let message = error.get("message").ok()??.text().ok()?;
    let shown: String = message
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    (!shown.is_empty()).then_some(shown)
}
