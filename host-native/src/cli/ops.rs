//! `muster ops`: the dashboard server.

use std::env;
use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use muster_core::{LogKind, Window};

use super::Context;
use super::logs::{LogArgs, Need};
use crate::error::{Answer, Failure};
use crate::server::{self, Settings};

/// Serve the dashboard page and its reports until interrupted
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster ops --port 9000 --no-open\n\n\
        The page and its reports can be read by everyone who reaches the address.")]
pub(crate) struct Ops {
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// The port to listen on; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8765)]
    port: u16,
    /// Answer requests that name this host, beside localhost and the address itself
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Do not open the page in the browser
    #[arg(long)]
    no_open: bool,
    /// The attune home or its telemetry folder [default: `$ATTUNE_HOME`, else ~/.attune]
    #[arg(long, value_name = "DIR", help_heading = "Logs")]
    home: Option<PathBuf>,
    /// The project whose .attune folder is read [default: .]
    #[arg(long, value_name = "DIR", help_heading = "Logs")]
    project: Option<PathBuf>,
}

impl Ops {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let logs = LogArgs::of_folders(self.home.clone(), self.project.clone());
        let others: Vec<LogKind> = LogKind::ALL
            .into_iter()
            .filter(|kind| *kind != LogKind::Usage)
            .collect();
        let need = Need {
            needed: &[LogKind::Usage],
            also: &others,
            window: Window::ALL,
            against: None,
            recent: 0,
        };
        let (query, _) = logs.query(context, need)?;
        let settings = Settings {
            address: SocketAddr::new(self.host, self.port),
            allowed_hosts: self.allow_host.clone(),
            query,
            clock: context.clock,
        };
        server::run(settings, |address| self.announce(context, address))?;
        Ok(Answer::Yes)
    }

    /// Says where the server listens, and shows it.
    fn announce(&self, context: &Context, address: SocketAddr) -> Result<(), Failure> {
        let url = format!("http://{address}/");
        if context.json {
            context.print(&format!("{{\"address\":\"{url}\"}}\n"))?;
        } else {
            context.print(&format!("The page: {url}\nCtrl-C ends it.\n"))?;
        }
        if !address.ip().is_loopback() {
            context.say(0, || {
                format!("everyone who reaches {address} can read the reports: there is no log-in")
            });
        }
        if !self.no_open && io::stdout().is_terminal() && has_display() {
            // The address stands there to be opened by hand.
            if let Err(error) = open::that_detached(&url) {
                context.say(1, || format!("cannot open a browser: {error}"));
            }
        }
        Ok(())
    }
}

/// Whether a browser could show itself.
fn has_display() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
