//! Server-sent events: resume, gaps, and clients that do not read.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Server;

/// One event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

/// A connection that is read event by event.
pub(crate) struct Events(BufReader<TcpStream>);

impl Events {
    pub(crate) fn open(server: &Server, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut reader = BufReader::new(server.open("GET", path, headers, ""));
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.contains("200"), "{line}");
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        Self(reader)
    }
}

impl Iterator for Events {
    type Item = Event;

    /// The next event; chunk sizes and comments are passed over.
    fn next(&mut self) -> Option<Event> {
        let mut event = Event {
            name: "message".into(),
            id: String::new(),
            data: Value::Null,
        };
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => event.name = name.into(),
                Some(("id", id)) => event.id = id.into(),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                _ if line == "\n" && event.data != Value::Null => return Some(event),
                _ => {}
            }
        }
    }
}

fn server() -> Server {
    let server = Server::start_in(tempfile::tempdir().unwrap(), &["ops"]);
    server.view_when("now", |now| now["store"]["state"] == "ok");
    server
}

fn beat(server: &Server, agent: &str) {
    server.muster(&["heartbeat", "beat", "--agent", agent, "--task", "t"]);
}

#[test]
fn a_change_is_told_and_nothing_is_missed_between_connections() {
    let server = server();
    let mut events = Events::open(&server, "/api/v1/events", &[]);
    let hello = events.next().unwrap();
    assert_eq!(hello.name, "hello");
    let version = |hello: &Event| hello.data["versions"]["agents"].as_u64().unwrap();
    let before = version(&hello);
    beat(&server, "builder");
    let told = events.by_ref().find(|event| event.data["view"] == "agents");
    let told = told.unwrap();
    assert!(told.data["version"].as_u64().unwrap() > before);
    assert_eq!(server.view("agents")[0]["agent_id"], "builder");
    drop(events);

    beat(&server, "tester");
    server.view_when("agents", |agents| agents.as_array().unwrap().len() == 2);
    let mut again = Events::open(&server, "/api/v1/events", &[("Last-Event-ID", &told.id)]);
    let hello = again.next().unwrap();
    assert_eq!(hello.name, "hello");
    assert!(again.next().unwrap().name == "message");
    let by_param = format!("/api/v1/events?last_event_id={}", told.id);
    let mut again = Events::open(&server, &by_param, &[]).skip(1);
    assert!(again.any(|event| event.data["view"] == "agents"));
}

#[test]
fn an_id_that_leads_nowhere_is_a_gap() {
    let server = server();
    let epoch = Events::open(&server, "/api/v1/events", &[])
        .next()
        .unwrap()
        .data["epoch"]
        .clone();
    assert_eq!(server.get("/api/v1/events?unknown=1").status, 400);
    let far = format!("{}.999999", epoch.as_str().unwrap());
    for (id, reason) in [
        ("00000000.1", "restarted"),
        (&*far, "unknown_id"),
        ("x", "unknown_id"),
    ] {
        let mut events = Events::open(&server, "/api/v1/events", &[("Last-Event-ID", id)]).skip(1);
        let gap = events.next().unwrap();
        assert_eq!(
            (&*gap.name, &gap.data["reason"]),
            ("gap", &json!(reason)),
            "{id}"
        );
    }
}

#[test]
fn listeners_that_do_not_read_hold_up_nobody_and_not_the_end() {
    let server = server();
    let stalled: Vec<TcpStream> = (0..50)
        .map(|_| server.open("GET", "/api/v1/events", &[], ""))
        .collect();
    for number in 0..20 {
        beat(&server, &format!("agent{number}"));
    }
    server.view_when("agents", |agents| agents.as_array().unwrap().len() == 20);
    let (status, took) = server.end("-TERM");
    assert_eq!(status, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
    drop(stalled);
}
