//! The dashboard: what a user waits for, from the start of its server on, and what
//! server and page take.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use muster_tests::{artefacts, tool};
use serde_json::Value;

use crate::corpus;
use crate::measure::median;

/// Requests a second beside the view that is computed,
const RATE: u32 = 200;
/// over so many connections.
const CONNECTIONS: u32 = 4;
/// What those ask for.
const ASKED: [&str; 4] = ["now", "agents", "capabilities", "approvals"];
/// The demonstration plays so many times as fast,
const DEMO_SPEED: u32 = 20;
/// and for so long: an hour of it.
const DEMO_LENGTH: Duration = Duration::from_mins(3);
/// How long an answer may take at all.
const LIMIT: Duration = Duration::from_mins(2);

/// Prints the rows. `lines`: how many the usage log has.
pub(crate) fn table(muster: &Path, folder: &Path, lines: u64, rounds: usize) -> Result<()> {
    println!("{:<46} {:>14} {:>12}", "dashboard, median", "", "to reach");
    let home = folder.join("home");
    eprintln!("writing {lines} usage lines ...");
    corpus::write(&home.join("telemetry").join("usage.jsonl"), lines, 0)?;
    starts(muster, folder, rounds)?;
    views(muster, folder, &home, lines, rounds)?;
    demo(muster, folder)?;
    page(muster)
}

fn row(what: &str, measured: &str, goal: &str) {
    println!("{what:<46} {measured:>14} {goal:>12}");
}

/// From the start to the first answer, and what it holds then.
fn starts(muster: &Path, folder: &Path, rounds: usize) -> Result<()> {
    let (mut seconds, mut bytes) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let user = folder.join(format!("start-{round}"));
        fs::create_dir_all(&user)?;
        let begun = Instant::now();
        let server = Server::start(muster, &user, &["ops"])?;
        Connection::open(&server.address)?.view("capabilities")?;
        seconds.push(begun.elapsed().as_secs_f64());
        let mut connection = Connection::open(&server.address)?;
        for view in ASKED {
            connection.view_when_there(view)?;
        }
        bytes.extend(server.resident_bytes());
    }
    row(
        "start to the first answer",
        &millis(median(seconds)),
        "100 ms",
    );
    row("memory after the start", &megabytes(&bytes), "60 MB");
    Ok(())
}

/// The usage of a long log: for the first time, beside other requests, and again.
fn views(muster: &Path, folder: &Path, home: &Path, lines: u64, rounds: usize) -> Result<()> {
    let (mut first, mut next, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        // A user without a cache has no index.
        let user = folder.join(format!("view-{round}"));
        fs::create_dir_all(&user)?;
        let home = home.to_str().context("a path in UTF-8")?;
        let server = Server::start(muster, &user, &["ops", "--home", home, "--project", home])?;
        let is_over = AtomicBool::new(false);
        let (seconds, waits) = thread::scope(|scope| -> Result<(f64, Vec<f64>)> {
            let askers: Vec<_> = (0..CONNECTIONS)
                .map(|_| scope.spawn(|| ask_steadily(&server.address, &is_over)))
                .collect();
            let asked = Instant::now();
            let document = Connection::open(&server.address)
                .and_then(|mut connection| connection.view("usage"));
            let seconds = asked.elapsed().as_secs_f64();
            is_over.store(true, Ordering::Relaxed);
            ensure!(
                document?["totals"]["calls"] == lines,
                "not every line was read"
            );
            let mut waits = Vec::new();
            for asker in askers {
                let of_asker = asker
                    .join()
                    .map_err(|_| anyhow::anyhow!("an asker broke off"))?;
                waits.extend(of_asker?);
            }
            Ok((seconds, waits))
        })?;
        first.push(seconds);
        beside.extend(waits);
        let mut connection = Connection::open(&server.address)?;
        connection.view("usage")?;
        for _ in 0..10 {
            let asked = Instant::now();
            connection.view("usage")?;
            next.push(asked.elapsed().as_secs_f64());
        }
    }
    let millions = lines as f64 / 1e6;
    row(
        &format!("first view of {millions} million usage lines"),
        &millis(median(first)),
        "500 ms",
    );
    row("next view of them", &millis(median(next)), "10 ms");
    beside.sort_by(f64::total_cmp);
    let of = |share: usize| {
        beside
            .get(beside.len() * share / 100)
            .copied()
            .unwrap_or(f64::NAN)
    };
    row(
        &format!("/api meanwhile, {RATE} requests a second, p50"),
        &millis(of(50)),
        "",
    );
    row("  p99", &millis(of(99)), "5 ms");
    Ok(())
}

/// Asks at a steady rate, and gives how long each answer took from the moment when it
/// should have been asked for.
fn ask_steadily(address: &str, is_over: &AtomicBool) -> Result<Vec<f64>> {
    let mut connection = Connection::open(address)?;
    // The store is opened and the connection made before anything counts.
    for view in ASKED {
        connection.view_when_there(view)?;
    }
    let pause = Duration::from_secs(1) * CONNECTIONS / RATE;
    let begun = Instant::now();
    let mut waits = Vec::new();
    for (number, view) in (1..).zip(ASKED.iter().cycle()) {
        let due = begun + pause * number;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        connection.view(view)?;
        waits.push(due.elapsed().as_secs_f64());
    }
    Ok(waits)
}

/// What the server of the demonstration holds after an hour of it, with a page that
/// asks again each second.
fn demo(muster: &Path, folder: &Path) -> Result<()> {
    let user = folder.join("demo");
    fs::create_dir_all(&user)?;
    let speed = DEMO_SPEED.to_string();
    let server = Server::start(muster, &user, &["demo", "--speed", &speed])?;
    let mut connection = Connection::open(&server.address)?;
    let end = Instant::now() + DEMO_LENGTH;
    let mut most = 0;
    while Instant::now() < end {
        for view in [
            "now",
            "agents",
            "approvals",
            "decisions",
            "signals",
            "usage",
            "workflow-runs",
        ] {
            connection.view_when_there(view)?;
        }
        most = most.max(server.resident_bytes().unwrap_or(0));
        thread::sleep(Duration::from_secs(1));
    }
    let hours = (DEMO_LENGTH * DEMO_SPEED).as_secs_f64() / 3600.0;
    let measured = if most == 0 {
        "not known here".into()
    } else {
        format!("{:.0} MB", most as f64 / 1e6)
    };
    row(
        &format!("most memory in {hours} hour of the demonstration"),
        &measured,
        "60 MB",
    );
    Ok(())
}

/// What only a browser can tell.
fn page(muster: &Path) -> Result<()> {
    let figures = browser(muster)?;
    let said = |name: &str, unit: &str| match &figures {
        Some(figures) => format!("{} {unit}", figures.get(name).copied().unwrap_or(f64::NAN)),
        None => "no Chromium".into(),
    };
    row("first load of the page", &said("requests", "requests"), "5");
    row("  compressed", &said("kilobytes", "kB"), "250 kB");
    row(
        "10,000 agents scrolled: frame, median",
        &said("frame_ms", "ms"),
        "",
    );
    row("  the longest", &said("longest_frame_ms", "ms"), "");
    Ok(())
}

/// The figures by their names; `None` where Node or Chromium is missing.
fn browser(muster: &Path) -> Result<Option<BTreeMap<String, f64>>> {
    let chromium = std::env::var_os("MUSTER_CHROMIUM");
    let (Some(node), Some(chromium)) = (tool::node(), chromium) else {
        return Ok(None);
    };
    let output = Command::new(node)
        .arg(artefacts::tests("e2e/figures.mjs"))
        .env("MUSTER_BIN", muster)
        .env("MUSTER_CHROMIUM", chromium)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "figures.mjs broke off");
    Ok(Some(serde_json::from_slice(&output.stdout)?))
}

fn millis(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}

fn megabytes(bytes: &[u64]) -> String {
    if bytes.is_empty() {
        return "not known here".into();
    }
    let bytes = bytes.iter().map(|bytes| *bytes as f64).collect();
    format!("{:.0} MB", median(bytes) / 1e6)
}

/// A server on a free port, ended with this value.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts it for a user with this home.
    fn start(muster: &Path, user: &Path, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(muster)
            .args(arguments)
            .args(["--port", "0", "--no-open", "--json"])
            .env_clear()
            .env("HOME", user)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(user)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().context("an output")?;
        BufReader::new(output).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
        let address = said["address"].as_str().context("an address")?;
        let address = address.trim_start_matches("http://").trim_end_matches('/');
        Ok(Self {
            child,
            address: address.to_owned(),
        })
    }

    /// The memory that it holds, where the system tells.
    fn resident_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kibibytes * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        // The demonstration removes its folder at its end.
        let _ = Command::new("kill").args(["-INT", &id]).status();
        let _ = self.child.wait();
    }
}

/// One connection that is used again and again.
struct Connection {
    address: String,
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        Ok(Self {
            address: address.to_owned(),
            stream: BufReader::new(stream),
        })
    }

    /// A document.
    fn view(&mut self, name: &str) -> Result<Value> {
        match self.ask(name)? {
            (200, body) => Ok(serde_json::from_slice(&body)?),
            (status, body) => bail!("{name}: {status} {}", String::from_utf8_lossy(&body)),
        }
    }

    /// A document, once there is one.
    fn view_when_there(&mut self, name: &str) -> Result<Value> {
        let end = Instant::now() + LIMIT;
        loop {
            match self.view(name) {
                Err(error) if Instant::now() > end => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(5)),
                Ok(document) => return Ok(document),
            }
        }
    }

    /// The status and the body of an answer.
    fn ask(&mut self, name: &str) -> Result<(u16, Vec<u8>)> {
        let request = format!(
            "GET /api/v1/{name} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.address
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("{name}: {line}"))?;
        let mut length = None;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(bytes) = header.strip_prefix("content-length: ") {
                length = Some(bytes.parse()?);
            }
        }
        let mut body = vec![0; length.context("no length of the body")?];
        self.stream.read_exact(&mut body)?;
        Ok((status, body))
    }
}
