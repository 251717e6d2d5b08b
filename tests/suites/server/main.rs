//! The dashboard server of the binary over real HTTP: routes, headers, bytes, acts,
//! events, and its end.
#![allow(clippy::unwrap_used)]

mod acts;
mod config;
mod demo;
mod events;
mod read_only;
mod runner;
mod support;

use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use muster_tests::binary::in_home;
use muster_tests::tool::skip;
use serde_json::Value;

use support::{Server, fixtures};

#[test]
fn the_report_has_the_bytes_of_the_command() {
    let server = Server::start();
    let user = tempfile::tempdir().unwrap();
    for (query, args) in [
        ("", &["--all"][..]),
        ("?recent=3", &["--all", "--limit", "3"]),
        (
            "?from=2026-11-01T00:00:00Z&to=2026-11-08T00:00:00Z",
            &[
                "--from",
                "2026-11-01T00:00:00Z",
                "--to",
                "2026-11-08T00:00:00Z",
            ],
        ),
    ] {
        let answer = server.get(&format!("/api/v1/usage{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let output = in_home(user.path())
            .args(["telemetry", "show", "--json", "--home"])
            .arg(fixtures().join("home"))
            .arg("--project")
            .arg(fixtures().join("project"))
            .args(args)
            .output()
            .unwrap();
        assert_eq!(
            answer.text(),
            std::str::from_utf8(&output.stdout).unwrap(),
            "{query}"
        );

        let tag = answer.header("etag").unwrap();
        let again = server.ask(
            "GET",
            &format!("/api/v1/usage{query}"),
            &[("If-None-Match", tag)],
        );
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    for query in [
        "?days=0",
        "?days=x",
        "?from=soon",
        "?unknown=1",
        "?days=1&from=2026-11-01",
        "?from=2026-11-08T00:00:00Z&to=2026-11-01T00:00:00Z",
        "?from=2026-11-08T00:00:00Z&to=2026-11-08T00:00:00Z",
    ] {
        let answer = server.get(&format!("/api/v1/usage{query}"));
        assert_eq!(answer.status, 400, "{query}");
        let error: Value = serde_json::from_str(answer.text()).unwrap();
        assert_eq!(error["error"]["kind"], "usage", "{query}");
    }
    let days = server.get("/api/v1/usage?days=7");
    let report: Value = serde_json::from_str(days.text()).unwrap();
    assert!(report["window"]["from"].is_string());
}

#[test]
fn it_says_what_it_can_and_that_it_runs() {
    let server = Server::start();
    assert_eq!(server.get("/healthz").text(), "ok\n");
    let said: Value = serde_json::from_str(server.get("/api/v1/capabilities").text()).unwrap();
    assert_eq!(said["engine"], "http");
    let names = said["views"].as_array().unwrap();
    for view in ["now", "agents", "approvals", "usage", "runs", "specs"] {
        assert!(names.contains(&view.into()), "{view}");
    }
    assert_eq!(
        (&said["live"], &said["read_only"]),
        (&true.into(), &false.into())
    );
    assert_eq!(said["token"].as_str().unwrap().len(), 64);
    // Every view that is named is there, and described.
    let api: Value = serde_json::from_str(server.get("/api/v1/openapi.json").text()).unwrap();
    for view in names {
        let path = format!("/api/v1/{}", view.as_str().unwrap());
        assert!(api["paths"][&path].is_object(), "{path}");
        let answer = server.get(&path);
        let status = answer.status;
        // Some need a parameter, and the account needs a key.
        assert!(
            matches!(status, 200 | 400 | 503),
            "{path}: {status} {}",
            answer.text()
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{path}"
        );
    }
    for act in said["acts"].as_array().unwrap() {
        let path = format!("/api/v1/act/{}", act.as_str().unwrap());
        assert!(api["paths"][&path].is_object(), "{path}");
    }
    let figures = server.get("/metrics");
    assert!(
        figures.text().contains("muster_agents{state=\"alive\"} 0"),
        "{}",
        figures.text()
    );
    assert_eq!(server.get("/api/v1/nothing").status, 404);
    assert_eq!(server.get("/../../etc/passwd").status, 404);
    assert_eq!(server.get("/..%2f..%2fetc%2fpasswd").status, 404);
}

#[test]
fn the_page_is_in_the_binary() {
    let server = Server::start();
    let page = server.get("/");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/dist/index.html");
    if !built.is_file() {
        assert_eq!(page.status, 404);
        assert!(page.text().contains("cargo xtask web"), "{}", page.text());
        skip("the page is not built: cargo xtask web");
        return;
    }
    assert_eq!(page.status, 200);
    assert_eq!(page.body, std::fs::read(built).unwrap());
    let tag = page.header("etag").unwrap();
    assert_eq!(
        server.ask("GET", "/", &[("If-None-Match", tag)]).status,
        304
    );
    let script = page
        .text()
        .split('"')
        .find(|part| part.contains("assets/index") && part.contains(".js"))
        .unwrap()
        .trim_start_matches("./")
        .to_owned();
    let script = server.get(&format!("/{script}"));
    assert_eq!(script.status, 200);
    assert!(
        script
            .header("cache-control")
            .unwrap()
            .contains("immutable")
    );
    let packed = server.ask("GET", "/", &[("Accept-Encoding", "gzip")]);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
}

#[test]
fn every_answer_carries_the_guarding_headers() {
    let server = Server::start();
    for (method, path, headers, status) in [
        ("GET", "/", &[][..], None),
        ("GET", "/api/v1/usage", &[], Some(200)),
        ("HEAD", "/api/v1/usage", &[], Some(200)),
        ("POST", "/api/v1/usage", &[], Some(405)),
        ("DELETE", "/", &[], Some(405)),
        ("GET", "/nothing", &[], Some(404)),
        ("GET", "/", &[("Host", "evil.example")], Some(421)),
        (
            "GET",
            "/",
            &[("Host", "evil.example:80"), ("Host", "127.0.0.1")],
            Some(421),
        ),
        ("GET", "http://evil.example/", &[], Some(421)),
        ("GET", "/healthz", &[("Host", "localhost:1")], Some(200)),
        ("GET", "/healthz", &[("Host", "[::1]:1")], Some(200)),
    ] {
        let answer = server.ask(method, path, headers);
        if let Some(status) = status {
            assert_eq!(answer.status, status, "{method} {path} {headers:?}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("'wasm-unsafe-eval'"));
        assert!(policy.contains("worker-src 'self' blob:") && !policy.contains("unsafe-inline"));
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn a_port_that_is_taken_is_status_three() {
    let server = Server::start();
    let port = server.address.rsplit(':').next().unwrap();
    let user = tempfile::tempdir().unwrap();
    let output = in_home(user.path())
        .args(["ops", "--no-open", "--json", "--port", port])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(error["error"]["hint"].as_str().unwrap().contains("--port"));
}

#[test]
fn it_ends_soon_when_asked_to() {
    for signal in ["-INT", "-TERM"] {
        let server = Server::start();
        // A connection that says nothing does not hold it up.
        let _idle = TcpStream::connect(&server.address).unwrap();
        let (status, took) = server.end(signal);
        assert_eq!(status, Some(0), "{signal}");
        assert!(took < Duration::from_secs(2), "{signal}: {took:?}");
    }
}
