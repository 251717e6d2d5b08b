//! `muster cost` against a service that answers what it is told to.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use anyhow::{Context as _, Result, ensure};
use muster_tests::binary::in_home;
use serde_json::Value;

const KEY: &str = "sk-ant-admin-not-to-be-seen";
const NOW: &str = "2026-11-20T10:00:00Z";

/// What the service does with one request.
#[derive(Clone)]
enum Reply {
    Status(u16, &'static str, String),
    CloseEarly,
}

/// A service of our own.
struct Service {
    address: String,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    /// The heads of the requests.
    requests: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// Gives these answers in turn, and then closes connections.
    fn start(replies: impl IntoIterator<Item = Reply>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let service = Self {
            address: format!("http://{}", listener.local_addr()?),
            replies: Arc::new(Mutex::new(replies.into_iter().collect())),
            requests: Arc::default(),
        };
        let (replies, requests) = (service.replies.clone(), service.requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that breaks off is its own business.
                let _ = serve(stream, &replies, &requests);
            }
        });
        Ok(service)
    }

    fn requests(&self) -> Vec<String> {
        self.requests
            .lock()
            .map_or_else(|_| Vec::new(), |heads| heads.clone())
    }

    fn then(&self, reply: Reply) {
        if let Ok(mut replies) = self.replies.lock() {
            replies.push_back(reply);
        }
    }
}

fn serve(
    mut stream: TcpStream,
    replies: &Mutex<VecDeque<Reply>>,
    requests: &Mutex<Vec<String>>,
) -> Result<()> {
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    while !head.ends_with("\r\n\r\n") {
        ensure!(reader.read_line(&mut head)? > 0, "the head ends early");
    }
    if let Ok(mut requests) = requests.lock() {
        requests.push(head);
    }
    let reply = replies
        .lock()
        .ok()
        .and_then(|mut replies| replies.pop_front());
    if let Some(Reply::Status(status, headers, body)) = reply {
        write!(
            stream,
            "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
    }
    Ok(())
}

fn page(amount: &str, next: Option<&str>) -> Reply {
    let next = next.map_or("null".to_owned(), |next| format!("\"{next}\""));
    ok(format!(
        r#"{{"data":[{{"starting_at":"2026-11-20T00:00:00Z","ending_at":"2026-11-21T00:00:00Z","results":[{{"amount":"{amount}","currency":"USD","cost_type":"tokens","model":"m-1"}}]}}],"has_more":{},"next_page":{next}}}"#,
        next != "null"
    ))
}

fn ok(body: String) -> Reply {
    Reply::Status(200, "", body)
}

fn muster(user: &Path, service: &Service, now: &str, args: &[&str]) -> Result<Output> {
    let output = in_home(user)
        .env("ANTHROPIC_ADMIN_API_KEY", KEY)
        .env("MUSTER_ACCOUNT_URL", &service.address)
        .args(["--now", now, "-v", "cost"])
        .args(args)
        .output()?;
    for text in [&output.stdout, &output.stderr] {
        ensure!(
            !String::from_utf8_lossy(text).contains("not-to-be-seen"),
            "the key is shown"
        );
    }
    Ok(output)
}

fn json(output: &Output, exit: i32) -> Result<Value> {
    ensure!(
        output.status.code() == Some(exit),
        "{:?} {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[test]
fn pages_are_added_up_and_kept_for_a_while() -> Result<()> {
    let user = tempfile::tempdir()?;
    let service = Service::start([page("412.75", Some("p2")), page("30", None)])?;
    let first = json(
        &muster(user.path(), &service, NOW, &["summary", "--json"])?,
        0,
    )?;
    assert_eq!(first["summary"]["today_usd"].to_string(), "4.4275");
    assert_eq!(first["summary"]["by_model"][0]["name"], "m-1");
    assert_eq!(
        first["cache"],
        serde_json::json!({"age_s": 0, "state": "live", "damaged": null})
    );
    assert_eq!(first["error"], Value::Null);
    let requests = service.requests();
    assert_eq!(requests.len(), 2);
    assert!(
        requests[0]
            .starts_with("GET /v1/organizations/cost_report?starting_at=2026-10-22T00%3A00%3A00Z&"),
        "{requests:?}"
    );
    assert!(requests[1].contains("page=p2"), "{requests:?}");
    let head = requests[0].to_ascii_lowercase();
    assert!(head.contains(&format!("x-api-key: {KEY}")), "{head}");
    assert!(head.contains("anthropic-version: 2023-06-01"), "{head}");

    let later = json(
        &muster(
            user.path(),
            &service,
            "2026-11-20T10:14:59Z",
            &["summary", "--json"],
        )?,
        0,
    )?;
    assert_eq!(later["summary"], first["summary"]);
    assert_eq!(later["cache"]["state"], "fresh");
    assert_eq!(later["cache"]["age_s"], 899);
    assert_eq!(service.requests().len(), 2, "nobody was asked");

    service.then(page("500", None));
    let new = json(
        &muster(
            user.path(),
            &service,
            "2026-11-20T10:15:00Z",
            &["summary", "--refresh", "--json"],
        )?,
        0,
    )?;
    assert_eq!(new["summary"]["today_usd"].to_string(), "5");
    // The next day the report of the day before says nothing about today.
    service.then(page("500", None));
    muster(user.path(), &service, "2026-11-21T00:00:01Z", &["summary"])?;
    assert_eq!(service.requests().len(), 4);
    // Nor is it shown to the holder of another key.
    let other = in_home(user.path())
        .env("ANTHROPIC_ADMIN_API_KEY", "sk-ant-other")
        .env("MUSTER_ACCOUNT_URL", &service.address)
        .args(["cost", "summary", "--json", "--now", "2026-11-21T00:00:02Z"])
        .output()?;
    assert_eq!(json(&other, 3)?["summary"], Value::Null);
    Ok(())
}

#[test]
fn an_old_report_is_shown_with_its_age_and_the_reason() -> Result<()> {
    let user = tempfile::tempdir()?;
    let service = Service::start([page("100", None)])?;
    muster(user.path(), &service, NOW, &["summary"])?;
    service.then(Reply::Status(429, "Retry-After: 3600\r\n", "{}".into()));
    let output = muster(
        user.path(),
        &service,
        "2026-11-20T13:00:00Z",
        &["summary", "--json"],
    )?;
    let stale = json(&output, 0)?;
    assert_eq!(stale["summary"]["today_usd"].to_string(), "1");
    assert_eq!(stale["cache"]["state"], "stale");
    assert_eq!(stale["cache"]["age_s"], 3 * 3600);
    assert_eq!(stale["error"]["kind"], "rate_limited");
    assert_eq!(stale["error"]["retry_at"], "2026-11-20T14:00:00Z");
    service.then(Reply::Status(401, "", String::new()));
    let text = muster(user.path(), &service, "2026-11-20T13:00:00Z", &["summary"])?;
    let text = String::from_utf8(text.stdout)?;
    assert!(
        text.contains("Fetched 3 h ago") && text.contains("auth_failed"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    Ok(())
}

#[test]
fn every_odd_answer_has_its_kind_and_status_three() -> Result<()> {
    let five_hundred = Reply::Status(500, "", String::new());
    for (kind, replies) in [
        ("auth_failed", vec![Reply::Status(403, "", String::new())]),
        (
            "rate_limited",
            vec![Reply::Status(429, "Retry-After: 60\r\n", String::new())],
        ),
        (
            "network",
            vec![five_hundred.clone(), five_hundred.clone(), five_hundred],
        ),
        (
            "network",
            vec![Reply::CloseEarly, Reply::CloseEarly, Reply::CloseEarly],
        ),
        (
            "unknown",
            vec![Reply::Status(
                301,
                "Location: http://127.0.0.1:1/\r\n",
                String::new(),
            )],
        ),
        ("bad_response", vec![ok("<html>".into())]),
        ("bad_response", vec![ok("null".into())]),
        (
            "bad_response",
            vec![ok(r#"{"type":"error","error":{"message":"no"}}"#.into())],
        ),
        ("bad_response", vec![page("nan", None)]),
        (
            "bad_response",
            vec![page("1", Some("x")), page("1", Some("x"))],
        ),
    ] {
        let user = tempfile::tempdir()?;
        let count = replies.len();
        let service = Service::start(replies)?;
        // Waiting between tries takes real time: the clock of the command must run.
        let output = in_home(user.path())
            .env("ANTHROPIC_ADMIN_API_KEY", KEY)
            .env("MUSTER_ACCOUNT_URL", &service.address)
            .args(["cost", "summary", "--json"])
            .output()?;
        let answer = json(&output, 3).with_context(|| kind.to_owned())?;
        assert_eq!(answer["error"]["kind"], kind, "{answer}");
        assert_eq!(answer["summary"], Value::Null);
        assert_eq!(answer["cache"]["state"], "none");
        assert_eq!(service.requests().len(), count, "{kind}");
    }
    Ok(())
}

#[test]
fn without_a_usable_key_nothing_is_asked() -> Result<()> {
    let user = tempfile::tempdir()?;
    let service = Service::start([page("100", None)])?;
    let cost = || {
        let mut command = in_home(user.path());
        command
            .env("MUSTER_ACCOUNT_URL", &service.address)
            .args(["cost", "summary"]);
        command
    };
    let output = cost().output()?;
    assert_eq!(output.status.code(), Some(3));
    let text = String::from_utf8(output.stderr)?;
    assert!(
        text.contains("no_key") && text.contains("ANTHROPIC_ADMIN_API_KEY"),
        "{text}"
    );

    let file = user.path().join(".attune/anthropic-admin.env");
    fs::create_dir_all(user.path().join(".attune"))?;
    fs::write(&file, format!("export ANTHROPIC_ADMIN_API_KEY='{KEY}'\n"))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640))?;
    let output = cost().output()?;
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8(output.stderr)?.contains("chmod 600"));
    assert!(service.requests().is_empty());

    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    let output = cost().output()?;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(service.requests().len(), 1);
    let plain = in_home(user.path())
        .env("MUSTER_ACCOUNT_URL", "http://example.com")
        .args(["cost", "usage"])
        .output()?;
    assert_eq!(
        plain.status.code(),
        Some(2),
        "a key does not travel without TLS"
    );
    Ok(())
}

#[test]
fn a_damaged_kept_report_is_put_aside_and_fetched_anew() -> Result<()> {
    let user = tempfile::tempdir()?;
    let service = Service::start([page("100", None), page("200", None)])?;
    muster(user.path(), &service, NOW, &["summary"])?;
    let kept = user.path().join(".cache/muster/account/cost.json");
    let text = fs::read_to_string(&kept)?;
    assert!(!text.contains("not-to-be-seen"));
    fs::write(&kept, &text[..text.len() / 2])?;
    let answer = json(
        &muster(user.path(), &service, NOW, &["summary", "--json"])?,
        0,
    )?;
    assert_eq!(answer["summary"]["today_usd"].to_string(), "2");
    let aside = answer["cache"]["damaged"].as_str().context("it is named")?;
    assert_eq!(fs::read_to_string(aside)?, text[..text.len() / 2]);
    Ok(())
}

#[test]
fn those_who_ask_at_once_cost_one_request() -> Result<()> {
    let user = tempfile::tempdir()?;
    let service = Service::start([page("100", None)])?;
    let children: Vec<_> = (0..6)
        .map(|_| {
            in_home(user.path())
                .env("ANTHROPIC_ADMIN_API_KEY", KEY)
                .env("MUSTER_ACCOUNT_URL", &service.address)
                .args(["cost", "summary", "--json", "--now", NOW])
                .stdout(std::process::Stdio::piped())
                .spawn()
        })
        .collect::<Result<_, _>>()?;
    for mut child in children {
        let mut text = String::new();
        child
            .stdout
            .take()
            .context("a pipe")?
            .read_to_string(&mut text)?;
        assert!(child.wait()?.success());
        let answer: Value = serde_json::from_str(&text)?;
        assert_eq!(answer["summary"]["today_usd"].to_string(), "1");
    }
    assert_eq!(service.requests().len(), 1);
    Ok(())
}

#[test]
fn tokens_are_shown_by_model_and_day() -> Result<()> {
    let user = tempfile::tempdir()?;
    let row = r#"{"model":"m-1","uncached_input_tokens":81234,"output_tokens":20411,"cache_read_input_tokens":904200,"cache_creation":{"ephemeral_5m_input_tokens":12000,"ephemeral_1h_input_tokens":0},"server_tool_use":{"web_search_requests":3}}"#;
    let body = format!(
        r#"{{"data":[{{"starting_at":"2026-11-19T00:00:00Z","results":[{row}]}}],"has_more":false,"next_page":null}}"#
    );
    let service = Service::start([ok(body)])?;
    let answer = json(
        &muster(user.path(), &service, NOW, &["usage", "--json"])?,
        0,
    )?;
    assert_eq!(
        answer["summary"]["by_day"]["2026-11-19"]["output_tokens"],
        20411
    );
    assert_eq!(
        answer["summary"]["by_model"]["m-1"]["web_search_requests"],
        3
    );
    let text = String::from_utf8(muster(user.path(), &service, NOW, &["usage"])?.stdout)?;
    assert!(text.contains("m-1") && text.contains("904k"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    assert!(service.requests()[0].contains("/usage_report/messages?"));
    Ok(())
}
