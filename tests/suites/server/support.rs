//! A server of the binary, and requests to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use muster_tests::binary::in_home;
use serde_json::Value;
use tempfile::TempDir;

/// How long a condition may take to come about.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/attune")
}

/// A server on a free port, ended with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    pub(crate) user: TempDir,
}

/// What a server answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Server {
    /// A server of the fixtures.
    pub(crate) fn start() -> Self {
        let user = tempfile::tempdir().unwrap();
        let home = fixtures().join("home");
        let project = fixtures().join("project");
        let args = [
            "--home",
            home.to_str().unwrap(),
            "--project",
            project.to_str().unwrap(),
        ];
        Self::start_in(user, &[&["ops"], &args[..]].concat())
    }

    /// A server of nothing, in the home of a user.
    pub(crate) fn start_in(user: TempDir, args: &[&str]) -> Self {
        let mut child = in_home(user.path())
            .args(args)
            .args(["--port", "0", "--no-open", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The first line says the address once it is listened on.
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        let address = said["address"].as_str().unwrap();
        let address = address
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        Self {
            child,
            address,
            user,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    /// A document of the API.
    pub(crate) fn view(&self, name: &str) -> Value {
        let answer = self.get(&format!("/api/v1/{name}"));
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        answer.json()
    }

    /// A document, once it is as it should be.
    pub(crate) fn view_when(&self, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.get(&format!("/api/v1/{name}"));
            if answer.status == 200 && is_so(&answer.json()) {
                return answer.json();
            }
            assert!(begun.elapsed() < DEADLINE, "{name}: {}", answer.text());
            sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(method, path, headers, "")
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut stream = self.open(method, path, headers, body);
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        Answer::parse(&response)
    }

    /// Sends a request and leaves its answer.
    pub(crate) fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> TcpStream {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request.extend(["Host: ", &self.address, "\r\n"]);
        }
        for (name, value) in headers {
            request.extend([*name, ": ", value, "\r\n"]);
        }
        request.extend([
            "Content-Length: ",
            &body.len().to_string(),
            "\r\n\r\n",
            body,
        ]);
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    pub(crate) fn token(&self) -> String {
        let said = self.view("capabilities");
        said["token"].as_str().unwrap().to_owned()
    }

    /// Does an act.
    pub(crate) fn act(&self, name: &str, body: &Value) -> Answer {
        let token = self.token();
        let headers = [
            ("X-Muster-Token", &*token),
            ("Content-Type", "application/json"),
        ];
        self.send(
            "POST",
            &format!("/api/v1/act/{name}"),
            &headers,
            &body.to_string(),
        )
    }

    /// A command of the same user, on the same store.
    pub(crate) fn muster(&self, args: &[&str]) -> Value {
        let output = in_home(self.user.path())
            .args(args)
            .arg("--json")
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    }

    pub(crate) fn end(mut self, signal: &str) -> (Option<i32>, Duration) {
        let begun = Instant::now();
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
        let status = self.child.wait().unwrap();
        (status.code(), begun.elapsed())
    }

    /// Ends it as a crash would, and gives the home back.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.user, tempfile::tempdir().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    fn parse(response: &[u8]) -> Self {
        let split = response
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = std::str::from_utf8(&response[..split]).unwrap();
        let mut lines = head.lines();
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_lowercase(), value.trim().to_owned())
            })
            .collect();
        Self {
            status,
            headers,
            body: response[split + 4..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|_| panic!("{}", self.text()))
    }
}
