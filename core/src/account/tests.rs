use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;
use crate::view::{AccountUsage, CostSummary};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn day_of_costs(day: &str, rows: &str) -> String {
    format!(
        r#"{{"starting_at":"{day}T00:00:00Z","ending_at":"2026-11-20T00:00:00Z","results":[{rows}]}}"#
    )
}

fn row(amount: &str, model: &str) -> String {
    format!(
        r#"{{"amount":"{amount}","currency":"USD","cost_type":"tokens","description":"x","model":{model},"workspace_id":null}}"#
    )
}

fn page(days: &[String], next: Option<&str>) -> String {
    let next_page = next.map_or("null".to_string(), |next| format!("\"{next}\""));
    format!(
        r#"{{"data":[{}],"has_more":{},"next_page":{next_page}}}"#,
        days.join(","),
        next.is_some()
    )
}

fn answer(body: &str) -> FetchResponse<'_> {
    FetchResponse {
        status: 200,
        retry_after_s: None,
        body: body.as_bytes(),
    }
}

fn status(status: u16, retry_after_s: Option<i64>) -> FetchResponse<'static> {
    FetchResponse {
        status,
        retry_after_s,
        body: br#"{"type":"error","error":{"type":"x","message":"because"}}"#,
    }
}

/// What one answer to the first request leads to.
fn after(response: FetchResponse<'_>) -> AccountError {
    let now = at("2026-11-20T10:00:00Z");
    let mut fetch = Fetch::new(AccountReport::Cost, now);
    fetch.poll_request().unwrap();
    fetch.handle_response(now, response);
    fetch.poll_outcome().unwrap().unwrap_err()
}

#[test]
fn the_report_reaches_back_thirty_days_and_to_the_first_of_the_month() {
    for (now, first, end) in [
        ("2026-11-20T10:00:00Z", "2026-10-22", "2026-11-21"),
        ("2026-01-31T23:59:59Z", "2026-01-01", "2026-02-01"),
        ("2026-02-28T00:00:00Z", "2026-01-30", "2026-03-01"),
    ] {
        let request = Fetch::new(AccountReport::Cost, at(now))
            .poll_request()
            .unwrap();
        assert_eq!(request.path, "/v1/organizations/cost_report");
        let query: BTreeMap<_, _> = request.query.into_iter().collect();
        assert_eq!(query["starting_at"], format!("{first}T00:00:00Z"));
        assert_eq!(query["ending_at"], format!("{end}T00:00:00Z"));
        assert_eq!(query["limit"], "31");
        assert_eq!(query["group_by[]"], "description");
    }
}

#[test]
fn pages_are_followed_and_added_up_exactly() {
    let now = at("2026-11-20T10:00:00Z");
    let mut fetch = Fetch::new(AccountReport::Cost, now);
    assert!(fetch.poll_outcome().is_none());
    fetch.poll_request().unwrap();
    assert_eq!(fetch.poll_request(), None, "one at a time");
    let first = page(
        &[
            day_of_costs("2026-11-20", &row("10", "\"a\"")),
            day_of_costs("2026-11-14", &row("20.1", "\"b\"")),
        ],
        Some("two"),
    );
    fetch.handle_response(now, answer(&first));
    let request = fetch.poll_request().unwrap();
    assert_eq!(request.query.last(), Some(&("page", "two".to_string())));
    let last = page(
        &[
            day_of_costs("2026-11-13", &row("0.0000001", "null")),
            day_of_costs("2026-11-01", &row("-3", "\"b\"")),
            day_of_costs("2026-10-22", &row("100", "\"b\"")),
            day_of_costs("2026-10-23", ""),
        ],
        None,
    );
    fetch.handle_response(now, answer(&last));
    let span = fetch.span();
    let (pages, rows) = fetch.poll_outcome().unwrap().unwrap();
    assert_eq!(pages, [first, last]);
    let AccountRows::Cost(rows) = rows else {
        panic!("rows of another report");
    };
    let summary = CostSummary::new(&rows, span, now);
    assert_eq!(summary.today_usd.to_string(), "0.1");
    assert_eq!(summary.seven_day_usd.to_string(), "0.301");
    assert_eq!(summary.month_to_date_usd.to_string(), "0.271000001");
    assert_eq!(summary.thirty_day_usd.to_string(), "1.271000001");
    let by_model: Vec<_> = summary
        .by_model
        .iter()
        .map(|share| format!("{} {}", share.name, share.cost_usd))
        .collect();
    assert_eq!(by_model, ["b 1.171", "a 0.1", "(none) 0.000000001"]);
    assert_eq!(summary.by_day.len(), 30, "days without a row are zero");
    assert_eq!(summary.by_day["2026-10-23"].to_string(), "0");
}

#[test]
fn tokens_are_added_up() {
    let now = at("2026-11-20T10:00:00Z");
    let mut fetch = Fetch::new(AccountReport::Usage, now);
    assert_eq!(
        fetch.poll_request().unwrap().path,
        "/v1/organizations/usage_report/messages"
    );
    let row = r#"{"model":"m","api_key_id":null,"uncached_input_tokens":81234,"output_tokens":20411,"cache_read_input_tokens":904200,"cache_creation":{"ephemeral_5m_input_tokens":12000,"ephemeral_1h_input_tokens":1},"server_tool_use":{"web_search_requests":3}}"#;
    let body = page(
        &[
            day_of_costs("2026-11-19", row),
            day_of_costs("2026-11-20", &format!("{row},{row}")),
        ],
        None,
    );
    fetch.handle_response(now, answer(&body));
    let span = fetch.span();
    let Some(Ok((_, AccountRows::Usage(rows)))) = fetch.poll_outcome() else {
        panic!("no rows");
    };
    let usage = AccountUsage::new(&rows, span, now);
    assert_eq!(usage.totals.uncached_input_tokens, 3 * 81234);
    assert_eq!(usage.totals.cache_creation_1h_tokens, 3);
    assert_eq!(usage.totals.web_search_requests, 9);
    assert_eq!(usage.by_model["m"], usage.totals);
    assert_eq!(usage.by_day["2026-11-20"].output_tokens, 2 * 20411);
    assert_eq!(usage.by_day["2026-11-18"].output_tokens, 0);
}

#[test]
fn every_status_has_its_kind() {
    use AccountErrorKind::{AuthFailed, Unknown};
    for (code, kind) in [
        (401, AuthFailed),
        (403, AuthFailed),
        (301, Unknown),
        (400, Unknown),
        (404, Unknown),
        (204, Unknown),
    ] {
        let error = after(status(code, None));
        assert_eq!(error.kind, kind, "{code}");
        assert!(
            error.message.contains(&code.to_string()) && error.message.ends_with("because"),
            "{error:?}"
        );
    }
}

#[test]
fn another_shape_is_an_error_and_not_zero() {
    let day = |rows: &str| page(&[day_of_costs("2026-11-20", rows)], None);
    for body in [
        String::new(),
        "<html>".into(),
        "null".into(),
        "[]".into(),
        "\"text\"".into(),
        r#"{"error":{"message":"x"}}"#.into(),
        r#"{"data":{}}"#.into(),
        r#"{"data":[5]}"#.into(),
        r#"{"data":[{"results":[]}]}"#.into(),
        r#"{"data":[{"starting_at":5,"results":[]}]}"#.into(),
        r#"{"data":[{"starting_at":"soon","results":[]}]}"#.into(),
        r#"{"data":[{"starting_at":"2026-11-20T00:00:00Z","results":{}}]}"#.into(),
        r#"{"data":[],"has_more":true}"#.into(),
        r#"{"data":[],"has_more":true,"next_page":null}"#.into(),
        day(&row("nan", "null")),
        day(&row("", "null")),
        day(&row("1,5", "null")),
        day(&row("99999999999999999999999", "null")),
        day(r#"{"amount":5,"currency":"USD"}"#),
        day(r#"{"currency":"USD"}"#),
        day(&row("5", "null").replace("USD", "EUR")),
    ] {
        let error = after(answer(&body));
        assert_eq!(error.kind, AccountErrorKind::BadResponse, "{body}");
        assert!(!error.message.is_empty());
    }
    let error = after(FetchResponse {
        status: 200,
        retry_after_s: None,
        body: b"\xff",
    });
    assert_eq!(error.kind, AccountErrorKind::BadResponse);
}

#[test]
fn what_may_pass_is_tried_three_times() {
    let mut now = at("2026-11-20T10:00:00Z");
    let mut fetch = Fetch::new(AccountReport::Cost, now);
    for wait_s in [1, 2] {
        fetch.poll_request().unwrap();
        fetch.handle_response(now, status(503, None));
        let due = fetch.poll_timeout().unwrap();
        assert_eq!(due, now.saturating_add_us(wait_s * 1_000_000));
        fetch.handle_timeout(now);
        assert_eq!(fetch.poll_request(), None, "too early");
        now = due;
        fetch.handle_timeout(now);
    }
    fetch.poll_request().unwrap();
    fetch.handle_failure(now, "timed out");
    let error = fetch.poll_outcome().unwrap().unwrap_err();
    assert_eq!(error.kind, AccountErrorKind::Network);
    assert_eq!(error.message, "no answer from the service: timed out");
}

#[test]
fn a_short_wait_is_waited_for_and_a_long_one_told() {
    let now = at("2026-11-20T10:00:00Z");
    let mut fetch = Fetch::new(AccountReport::Cost, now);
    fetch.poll_request().unwrap();
    fetch.handle_response(now, status(429, Some(7)));
    assert_eq!(fetch.poll_timeout(), Some(now.saturating_add_us(7_000_000)));
    let error = after(status(429, Some(3600)));
    assert_eq!(error.kind, AccountErrorKind::RateLimited);
    assert_eq!(error.retry_at, Some(at("2026-11-20T11:00:00Z")));
}

#[test]
fn pages_that_lead_nowhere_end() {
    let now = at("2026-11-20T10:00:00Z");
    let mut fetch = Fetch::new(AccountReport::Cost, now);
    let again = page(&[], Some("same"));
    for _ in 0..2 {
        fetch.poll_request().unwrap();
        fetch.handle_response(now, answer(&again));
    }
    let error = fetch.poll_outcome().unwrap().unwrap_err();
    assert_eq!(error.kind, AccountErrorKind::BadResponse);

    let mut fetch = Fetch::new(AccountReport::Cost, now);
    let mut pages = 0;
    while fetch.poll_request().is_some() {
        pages += 1;
        fetch.handle_response(now, answer(&page(&[], Some(&pages.to_string()))));
    }
    assert_eq!(pages, 200);
    assert!(fetch.poll_outcome().unwrap().is_err());
}

#[test]
fn a_kept_report_is_read_back() {
    let saved = SavedReport {
        fetched_at: at("2026-11-20T10:00:00.5Z"),
        span: Fetch::new(AccountReport::Cost, at("2026-11-20T10:00:00Z")).span(),
        account: "a\"b".into(),
        pages: alloc::vec![
            page(&[day_of_costs("2026-11-20", &row("10", "null"))], Some("x")),
            page(&[day_of_costs("2026-11-19", &row("5", "null"))], None),
        ],
    };
    let text = saved.to_text();
    let (read, rows) = SavedReport::parse(AccountReport::Cost, &text).unwrap();
    assert_eq!(read, saved);
    assert!(matches!(rows, AccountRows::Cost(rows) if rows.len() == 2));
    for damaged in [
        "",
        "{}",
        &text[..text.len() / 2],
        &text.replace("report\":1", "report\":2"),
        &text.replace("\"amount\":\"10\"", "\"amount\":10"),
        &text.replace("2026-10-22", "soon"),
    ] {
        assert!(SavedReport::parse(AccountReport::Cost, damaged).is_err());
    }
}

proptest! {
    #[test]
    fn no_answers_break_it(
        steps in prop::collection::vec((0..5_u8, 200..600_u16, any::<Option<i64>>(), ".{0,40}"), 0..40),
    ) {
        let mut now = at("2026-11-20T10:00:00Z");
        let mut fetch = Fetch::new(AccountReport::Usage, now);
        for (step, status, retry_after_s, body) in steps {
            match step {
                0 => { let _ = fetch.poll_request(); }
                1 => fetch.handle_response(now, FetchResponse { status, retry_after_s, body: body.as_bytes() }),
                2 => fetch.handle_failure(now, &body),
                3 => { now = fetch.poll_timeout().unwrap_or(now); fetch.handle_timeout(now); }
                _ => { let _ = fetch.poll_outcome(); }
            }
        }
    }
}
