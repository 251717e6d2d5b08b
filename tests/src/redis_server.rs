//! A Redis server of one test, on a port of its own.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; it ends when dropped.
#[derive(Debug)]
pub struct RedisServer {
    child: Option<Child>,
    port: u16,
    folder: TempDir,
    settings: Vec<String>,
}

impl RedisServer {
    /// Starts a server with settings such as `["--appendonly", "yes"]`; by default it
    /// keeps nothing. `None` says that there is no server on this machine.
    ///
    /// # Errors
    ///
    /// The server does not come up.
    pub fn start(settings: &[&str]) -> io::Result<Option<Self>> {
        if !is_installed() {
            return Ok(None);
        }
        let mut server = Self {
            child: None,
            port: free_port()?,
            folder: tempfile::tempdir()?,
            settings: settings.iter().map(ToString::to_string).collect(),
        };
        for _ in 0..5 {
            match server.run() {
                Ok(()) => return Ok(Some(server)),
                // Another process may have taken the port.
                Err(_) => server.port = free_port()?,
            }
        }
        server.run().map(|()| Some(server))
    }

    /// Starts a Sentinel on a file of settings, which it rewrites. `None` says that
    /// there is no server on this machine.
    ///
    /// # Errors
    ///
    /// It does not come up.
    pub fn start_sentinel(settings: &str) -> io::Result<Option<Self>> {
        if !is_installed() {
            return Ok(None);
        }
        let mut server = Self {
            child: None,
            port: free_port()?,
            folder: tempfile::tempdir()?,
            settings: vec![settings.into(), "--sentinel".into()],
        };
        server.run().map(|()| Some(server))
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where it keeps its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its process.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Kills it without a word, as by `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error says that it has ended.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again, on the same port and files.
    ///
    /// # Errors
    ///
    /// The server does not come up.
    pub fn run(&mut self) -> io::Result<()> {
        self.kill();
        let is_sentinel = self.settings.iter().any(|setting| setting == "--sentinel");
        let mut command = Command::new(program());
        // A file of settings comes first.
        if is_sentinel {
            command.args(&self.settings);
        }
        command
            .args(["--port", &self.port.to_string()])
            .args(["--bind", "127.0.0.1", "--daemonize", "no"])
            .args(["--logfile", "server.log"]);
        if !is_sentinel {
            command.args(["--save", ""]).args(&self.settings);
        }
        let child = command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        self.child = Some(child);
        let deadline = Instant::now() + PATIENCE;
        while !self.answers() {
            let ended = match &mut self.child {
                Some(child) => child.try_wait()?.is_some(),
                None => true,
            };
            if ended || Instant::now() > deadline {
                self.kill();
                return Err(io::Error::other("redis-server does not come up"));
            }
            thread::yield_now();
        }
        Ok(())
    }

    /// Whether it answers, also by a refusal.
    fn answers(&self) -> bool {
        let ask = || -> io::Result<bool> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(b"PING\r\n")?;
            let mut answer = [0; 8];
            let read = stream.read(&mut answer)?;
            // Not yet while it loads its files.
            Ok(read > 0 && !answer.starts_with(b"-LOADING"))
        };
        ask().unwrap_or(false)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What `MUSTER_REDIS_SERVER` names, else `redis-server` of the search path.
fn program() -> std::ffi::OsString {
    std::env::var_os("MUSTER_REDIS_SERVER").unwrap_or_else(|| "redis-server".into())
}

fn is_installed() -> bool {
    Command::new(program())
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A port that nobody listens at.
///
/// # Errors
///
/// There is none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}
