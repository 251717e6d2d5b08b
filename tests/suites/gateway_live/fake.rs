//! A gateway that is none: files, a process, an endpoint, a model's provider, a cluster,
//! each of which a test can break.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use muster_core::Timestamp;
use muster_tests::redis_server::RedisServer;
use muster_tests::{artefacts, binary};
use redis::Commands as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::{self, Message};

/// What the endpoint does.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// The status document, as text that may be none.
    pub(crate) health: Option<String>,
    /// The status of the HTTP answer.
    pub(crate) code: u16,
    /// What the model's provider answers; `None`: nothing, ever.
    pub(crate) provider: Option<(u16, String)>,
    /// Whether a prompt is answered.
    pub(crate) answers: bool,
    /// What was posted to it.
    pub(crate) posted: Vec<String>,
}

/// A gateway with everything in order.
pub(crate) struct Fake {
    folder: TempDir,
    pub(crate) redis: RedisServer,
    pub(crate) endpoint: Arc<Mutex<Endpoint>>,
    pub(crate) port: u16,
    process: Option<Child>,
    /// Lines of the profile beyond those of every test.
    pub(crate) settings: String,
}

/// A bundle of the fixtures.
pub(crate) fn fixture(name: &str) -> Result<Value> {
    let path = artefacts::tests("fixtures/gateway/bundles").join(format!("{name}.json"));
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

/// The time now, so many seconds ago.
pub(crate) fn ago(seconds: i64) -> Result<String> {
    let us = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)?
        .as_micros();
    let now = Timestamp::from_micros(i64::try_from(us)?)?;
    Ok(now.saturating_add_us(-seconds * 1_000_000).to_string())
}

impl Fake {
    /// `None`: there is no Redis on this machine.
    pub(crate) fn start() -> Result<Option<Self>> {
        let Some(redis) = RedisServer::start(&[])? else {
            muster_tests::tool::skip("there is no redis-server");
            return Ok(None);
        };
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let healthy = fixture("healthy-idle")?["evidence"]["status"].clone();
        let refusal = json!({"type": "error", "error": {"type": "authentication_error"}});
        let endpoint = Arc::new(Mutex::new(Endpoint {
            health: Some(healthy.to_string()),
            code: 200,
            provider: Some((401, refusal.to_string())),
            answers: true,
            posted: Vec::new(),
        }));
        let of_thread = Arc::clone(&endpoint);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(std::result::Result::ok) {
                let endpoint = Arc::clone(&of_thread);
                // A client that goes away is part of the tests.
                thread::spawn(move || serve(stream, &endpoint).is_ok());
            }
        });
        let mut fake = Self {
            folder: tempfile::tempdir()?,
            redis,
            endpoint,
            port,
            process: None,
            settings: String::new(),
        };
        fake.fill()?;
        Ok(Some(fake))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        fs::write(self.path(name), text).with_context(|| name.to_owned())
    }

    pub(crate) fn append(&self, name: &str, text: &str) -> Result<()> {
        let before = fs::read_to_string(self.path(name))?;
        self.write(name, &(before + text))
    }

    pub(crate) fn endpoint(&self) -> MutexGuard<'_, Endpoint> {
        self.endpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the status document.
    pub(crate) fn status(&self, change: impl FnOnce(&mut Value)) -> Result<()> {
        let mut endpoint = self.endpoint();
        let mut status = serde_json::from_str(endpoint.health.as_deref().unwrap_or("{}"))?;
        change(&mut status);
        endpoint.health = Some(status.to_string());
        Ok(())
    }

    /// The command line of the process, which no other has.
    fn sleeping(&self) -> String {
        format!("sleep 86399.{}", self.port)
    }

    fn fill(&mut self) -> Result<()> {
        let bundle = fixture("healthy-idle")?;
        let text = |name: &str| bundle["evidence"][name].as_str().unwrap_or("").to_owned();
        fs::create_dir_all(self.path("sessions"))?;
        fs::create_dir_all(self.path("bin"))?;
        self.write("gateway.err", &text("err_log"))?;
        self.write("gateway.log", &text("out_log"))?;
        self.write("gateway.ws.port", &format!("{}\n", self.port))?;
        self.write("otel.jsonl", "")?;
        self.write(
            "trip.ts",
            &format!("export const lastHeartbeatTs = {};\n", millis()?),
        )?;
        let said = |role: &str, at: String, more: Value| {
            let mut message = json!({"role": role, "content": [{"type": "text", "text": "words"}]});
            if let (Some(message), Value::Object(more)) = (message.as_object_mut(), more) {
                message.extend(more);
            }
            json!({"type": "message", "id": "a", "timestamp": at, "message": message})
        };
        let lines = [
            json!({"type": "session", "version": 3, "id": "s-1", "timestamp": ago(100)?}),
            said("user", ago(60)?, json!({})),
            said(
                "assistant",
                ago(50)?,
                json!({"stopReason": "stop", "model": "claude-opus-4-6"}),
            ),
        ];
        let mut text = String::new();
        for line in lines {
            writeln!(text, "{line}")?;
        }
        self.write("sessions/x_s-1.jsonl", &text)?;
        self.write("vm.json", "{\"name\":\"default\",\"status\":\"Running\"}\n")?;
        self.cluster("True", "Running")?;
        let kubectl = format!(
            "#!/bin/sh\nexec cat \"{}/$2.json\"\n",
            self.folder.path().display()
        );
        self.write("bin/kubectl", &kubectl)?;
        fs::set_permissions(self.path("bin/kubectl"), fs::Permissions::from_mode(0o755))?;
        self.run_process()?;
        let mut redis = self.connection()?;
        redis.sadd::<_, _, ()>("joelclaw:gateway:sessions", "gateway")?;
        let config = bundle["evidence"]["config"].to_string();
        redis.set::<_, _, ()>("joelclaw:gateway:config", config)?;
        Ok(())
    }

    pub(crate) fn cluster(&self, ready: &str, redis: &str) -> Result<()> {
        let node =
            json!({"items": [{"status": {"conditions": [{"type": "Ready", "status": ready}]}}]});
        self.write("nodes.json", &node.to_string())?;
        let pod = |name: &str, phase: &str| json!({"metadata": {"name": name}, "status": {"phase": phase}});
        let pods = json!({"items": [pod("redis-0", redis), pod("inngest-0", "Running")]});
        self.write("pods.json", &pods.to_string())
    }

    pub(crate) fn run_process(&mut self) -> Result<()> {
        self.end_process();
        let line = self.sleeping();
        let (program, argument) = line.split_once(' ').context("no argument")?;
        let child = Command::new(program)
            .arg(argument)
            .stdin(Stdio::null())
            .spawn()?;
        self.write("gateway.pid", &format!("{}\n", child.id()))?;
        self.process = Some(child);
        Ok(())
    }

    pub(crate) fn end_process(&mut self) {
        if let Some(mut child) = self.process.take() {
            // An error says that it has ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn connection(&self) -> Result<redis::Connection> {
        Ok(redis::Client::open(self.redis.url())?.get_connection()?)
    }

    /// How many changes Redis has seen.
    pub(crate) fn changes(&self) -> Result<String> {
        let info: String = redis::cmd("INFO")
            .arg("persistence")
            .query(&mut self.connection()?)?;
        let line = info
            .lines()
            .find(|line| line.starts_with("rdb_changes_since_last_save"));
        line.map(str::to_owned).context("no count of changes")
    }

    fn profile(&self) -> String {
        let at = |name: &str| self.path(name).display().to_string();
        format!(
            "[gateway.profile.fake]\nbase = \"joelclaw\"\nprocess = \"{}\"\npid_file = \"{}\"\n\
             tripwire = \"{}\"\nerr_log = \"{}\"\nout_log = \"{}\"\ntranscripts = \"{}\"\n\
             session_file = \"{}\"\nport_file = \"{}\"\notel_file = \"{}\"\nredis = \"{}\"\n\
             model_api_url = \"http://127.0.0.1:{}/model\"\nvm_command = [\"cat\", \"{}\"]\n\
             without = [\"launchd\"]\ntimeout_s = 4\n{}",
            self.sleeping(),
            at("gateway.pid"),
            at("trip.ts"),
            at("gateway.err"),
            at("gateway.log"),
            at("sessions"),
            at("gateway.session"),
            at("gateway.ws.port"),
            at("otel.jsonl"),
            self.redis.url(),
            self.port,
            at("vm.json"),
            self.settings,
        )
    }

    /// `muster gateway ... --profile fake`.
    pub(crate) fn muster(&self, args: &[&str]) -> Result<Output> {
        self.write("fake.toml", &self.profile())?;
        let bin = self.path("bin");
        let path = std::env::var("PATH").unwrap_or_default();
        binary::in_home(self.folder.path())
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("COLUMNS", "80")
            .arg("gateway")
            .args(args)
            .args(["--profile", "fake", "--config"])
            .arg(self.path("fake.toml"))
            .output()
            .context("muster does not start")
    }

    /// The diagnosis as JSON.
    pub(crate) fn diagnosis(&self, more: &[&str]) -> Result<Value> {
        let mut args = vec!["diagnose", "--json"];
        args.extend(more);
        let output = self.muster(&args)?;
        serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.end_process();
    }
}

fn millis() -> Result<u128> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(since.as_millis())
}

fn serve(mut stream: TcpStream, endpoint: &Mutex<Endpoint>) -> Result<()> {
    let state = || {
        let endpoint = endpoint.lock().unwrap_or_else(PoisonError::into_inner);
        endpoint.clone()
    };
    let mut seen = [0; 4096];
    // The head of a request comes in one piece.
    let length = stream.peek(&mut seen)?;
    let head = String::from_utf8_lossy(&seen[..length]).to_lowercase();
    if head.contains("upgrade: websocket") {
        return converse(stream, state().answers);
    }
    let mut body = String::new();
    let mut head_bytes = Vec::new();
    let mut byte = [0; 1];
    while !head_bytes.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head_bytes.push(byte[0]);
    }
    if let Some(length) = head.split("content-length: ").nth(1) {
        let length: u64 = length.split("\r\n").next().unwrap_or("0").parse()?;
        (&stream).take(length).read_to_string(&mut body)?;
    }
    let now = state();
    let answer = if head.starts_with("get /health") {
        now.health.map(|health| (now.code, health))
    } else if head.starts_with("post /model") {
        now.provider
    } else {
        let mut endpoint = endpoint.lock().unwrap_or_else(PoisonError::into_inner);
        endpoint.posted.push(body);
        Some((200, "{}".to_owned()))
    };
    match answer {
        Some((code, text)) => {
            write!(
                stream,
                "HTTP/1.1 {code} Said\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                text.len()
            )?;
        }
        // Until the client goes away.
        None => while stream.read(&mut byte)? == 1 {},
    }
    Ok(())
}

/// Answers a prompt with the words that it holds.
fn converse(stream: TcpStream, answers: bool) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let mut socket = tungstenite::accept(stream)?;
    loop {
        let Message::Text(text) = socket.read()? else {
            continue;
        };
        if !answers {
            continue;
        }
        let frame: Value = serde_json::from_str(&text)?;
        let prompt = frame["text"].as_str().unwrap_or("");
        for part in prompt.split_inclusive(' ') {
            let delta = json!({"type": "text_delta", "delta": part});
            socket.send(Message::text(delta.to_string()))?;
        }
    }
}

/// A folder on which nothing answers.
pub(crate) fn silent() -> Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Whether a file is there, with its text.
pub(crate) fn text_of(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
