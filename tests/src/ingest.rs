//! A place that collects telemetry entries, with whatever faults a test asks for.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

/// What the server does with one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// An answer with this status and these further header lines.
    Status(u16, String),
    /// The connection is closed without an answer.
    Close,
    /// The answer begins and does not end before the connection is closed.
    Torn,
    /// There is no answer while the server lives.
    Hang,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method and path.
    pub line: String,
    /// Header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// What was answered.
    pub reply: Reply,
}

/// Decides on a reply from the request's number, from 0, and its body.
type Decide = dyn Fn(usize, &str) -> Reply + Send + Sync;

/// A running server. It stops with the process.
#[derive(Clone)]
pub struct Ingest {
    /// Its address, such as `http://127.0.0.1:4711`.
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Reply {
    /// An answer with this status.
    pub fn status(code: u16) -> Self {
        Self::Status(code, String::new())
    }
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The ids of the entries in the body.
    pub fn ids(&self) -> Vec<String> {
        ids(&self.body)
    }

    /// Whether the entries were taken.
    pub fn was_taken(&self) -> bool {
        matches!(self.reply, Reply::Status(202, _))
    }
}

/// The ids of the entries in a body.
pub fn ids(body: &str) -> Vec<String> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let events = match body.get("events") {
        Some(events) => events.as_array().cloned().unwrap_or_default(),
        None => vec![body],
    };
    let id = |event: &Value| event["insert_id"].as_str().map(str::to_owned);
    events.iter().filter_map(id).collect()
}

impl Ingest {
    /// A server that answers as `decide` says.
    pub fn start(
        decide: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let server = Self {
            url: format!("http://{}", listener.local_addr()?),
            requests: Arc::default(),
        };
        let requests = Arc::clone(&server.requests);
        let decide: Arc<Decide> = Arc::new(decide);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (requests, decide) = (Arc::clone(&requests), Arc::clone(&decide));
                thread::spawn(move || {
                    // A client that goes away is part of the tests.
                    let _ = serve(&stream, &requests, &*decide);
                });
            }
        });
        Ok(server)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The ids of all entries that were taken, in order, repeats included.
    pub fn taken(&self) -> Vec<String> {
        let requests = self.requests();
        let taken = requests.iter().filter(|request| request.was_taken());
        taken.flat_map(Request::ids).collect()
    }
}

fn serve(
    stream: &TcpStream,
    requests: &Mutex<Vec<Request>>,
    decide: &Decide,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let reply = {
            let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
            let reply = decide(requests.len(), &body);
            requests.push(Request {
                line: line.trim_end().to_owned(),
                headers,
                body,
                reply: reply.clone(),
            });
            reply
        };
        let mut out = stream;
        match reply {
            Reply::Status(code, headers) => {
                let text = "{}";
                write!(
                    out,
                    "HTTP/1.1 {code} Said\r\nContent-Length: {}\r\n{headers}\r\n{text}",
                    text.len()
                )?;
            }
            Reply::Close => return Ok(()),
            Reply::Torn => {
                write!(out, "HTTP/1.1 20")?;
                return Ok(());
            }
            Reply::Hang => loop {
                thread::park();
            },
        }
    }
}
