//! The main jobs without anything of the user's: a report on bundled samples in the terminal, and
//! the dashboard of a simulated fleet.

use std::env;
use std::io::{self, IsTerminal as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::command::Cmd;
use crate::http;
use crate::progress::step;
use crate::toolchain::Toolchain;
use crate::tools::Node;
use crate::wasm;
use crate::web;
use crate::workspace::Workspace;

/// Logs as attune wrote them.
const HOME: &str = "tests/fixtures/attune/home";
/// The folder of a project that attune worked in.
const PROJECT: &str = "tests/fixtures/attune/project";

/// The port that `muster ops` takes when none is named.
const USUAL_PORT: u16 = 8765;

/// Builds everything, prints the report, and serves the dashboard until it is interrupted. With
/// `--check`, or when nobody watches, it fetches from the server instead and ends.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let check = match arguments {
        [] => !io::stdout().is_terminal(),
        [flag] if flag == "--check" => true,
        _ => bail!("`cargo xtask demo` takes --check or nothing"),
    };
    let node = Node::require()?;
    wasm::build(workspace, &Toolchain::obtain(workspace)?)?;
    web::build(workspace, &node)?;
    // Not optimised: the samples are small, and the first look should come soon.
    step("Building muster (unoptimised)", || {
        Cmd::cargo("build")
            .args(["--package", "muster"])
            .dir(&workspace.root)
            .run()
    })?;
    step("The report on the bundled samples", || {
        muster(workspace, &["telemetry", "show", "--all"]).run()
    })?;
    serve(workspace, check)
}

/// The binary, reading the samples.
fn muster(workspace: &Workspace, command: &[&str]) -> Cmd {
    Cmd::new(workspace.binary("debug", "muster"))
        .args(command)
        .args(["--home", HOME, "--project", PROJECT])
        .dir(&workspace.root)
        // What the user set up for their own logs has no part in the samples.
        .env_remove("ATTUNE_HOME")
        .env_remove("MUSTER_STORE")
}

fn serve(workspace: &Workspace, check: bool) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port(check)?));
    let port = address.port().to_string();
    let mut server = Cmd::new(workspace.binary("debug", "muster"))
        .args(["demo", "--port", &port])
        .dir(&workspace.root);
    if check || !display_is_there() {
        server = server.arg("--no-open");
    }
    let mut server = server.into_inner();
    if check {
        // What it says is for who stays to read it.
        server.stdout(Stdio::null());
    }
    let mut server = Server(server.spawn().context("muster cannot be started")?);
    server.wait_until_it_answers(address)?;
    if check {
        println!("\nThe dashboard of a simulated fleet: http://{address}/");
        for path in [
            "/",
            "/api/v1/now",
            "/api/v1/agents",
            "/api/v1/approvals",
            "/api/v1/workflow-runs",
            "/api/v1/usage?days=7",
        ] {
            let answer = http::get(address, path)
                .with_context(|| format!("http://{address}{path} cannot be fetched"))?;
            println!(
                "  GET {path:<22} {} {} {} bytes",
                answer.status,
                answer.content_type,
                answer.body.len()
            );
            if answer.status != 200 {
                bail!(
                    "http://{address}{path} answered with status {}",
                    answer.status
                );
            }
        }
        return Ok(());
    }
    let status = server.0.wait().context("the server cannot be waited for")?;
    if !status.success() {
        bail!("`muster demo` ended with {status}");
    }
    Ok(())
}

/// The usual port when nothing listens on it, else any free one.
fn free_port(any: bool) -> Result<u16> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = if any {
        bind(0)
    } else {
        bind(USUAL_PORT).or_else(|_| bind(0))
    };
    let listener = listener.context("no port of this machine can be listened on")?;
    Ok(listener
        .local_addr()
        .context("the port cannot be read")?
        .port())
}

fn display_is_there() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// A server that ends with this value, so that no error leaves it running.
struct Server(Child);

impl Server {
    fn wait_until_it_answers(&mut self, address: SocketAddr) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match http::get(address, "/healthz") {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => {
                    return Err(error).context(format!("no answer from http://{address} in 20 s"));
                }
                Err(_) => {}
            }
            if let Some(status) = self.0.try_wait().context("the server cannot be watched")? {
                bail!("`muster demo` ended at once with {status}");
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
