//! `muster ops`: the dashboard server.

use std::env;
use std::fs;
use std::io::{self, IsTerminal};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use muster_core::{LogKind, Window};

use super::Context;
use super::logs::{LogArgs, Need};
use super::session::{runtime, store_url};
use super::values;
use crate::account::{Account, SERVICE};
use crate::bridge::SwampSettings;
use crate::error::{Answer, Failure, FailureKind, describe};
use crate::folders;
use crate::server::{self, Settings};
use crate::store::{self, OpenOptions, StoreUrl};

/// Serve the dashboard until interrupted
#[derive(Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one per flag of the command line"
)]
#[command(
    after_help = "Examples:\n  muster ops --port 9000 --no-open\n  muster ops --read-only --store redis://cache.example\n\n\
        Everyone who reaches the address can read; decisions need the token that the\n\
        page of this process has. Requests whose time is up are marked as timed out\n\
        (--no-sweep leaves that to others). Exit status 2: a flag, the port's number or\n\
        the project makes no sense; 3: a folder cannot be written, the port is taken, or\n\
        the host does not resolve."
)]
pub(crate) struct Ops {
    /// The address or name to listen on
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    host: String,
    /// The port to listen on; 0 takes any free one
    #[arg(long, value_name = "PORT", env = "PORT", default_value_t = 8765)]
    port: u16,
    /// Answer requests that name this host, beside localhost and the address itself
    #[arg(long, value_name = "NAME", alias = "allow-host")]
    trusted_host: Vec<String>,
    /// Do not open the page in the browser
    #[arg(long)]
    no_open: bool,
    /// Write nothing at all, and take no decisions
    #[arg(long)]
    read_only: bool,
    /// Leave requests whose time is up to others
    #[arg(long)]
    no_sweep: bool,
    /// Keep the runs of commands for so many days; 0 keeps them for ever
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    runs_retention_days: u32,
    /// A folder of specs [default: docs/specs in the project]; can be repeated
    #[arg(long, value_name = "DIR")]
    specs_root: Vec<PathBuf>,
    /// Look for specs that look finished; kept for the next time
    #[arg(long, overrides_with = "no_specs_candidates")]
    specs_candidates: bool,
    /// Do not; kept for the next time
    #[arg(long)]
    no_specs_candidates: bool,
    /// Who decides from the page [default: the user]
    #[arg(long, value_name = "NAME", env = "MUSTER_RESPONDER", value_parser = values::name)]
    responder: Option<String>,
    /// The address of the service that bills
    #[arg(
        long,
        value_name = "URL",
        env = "MUSTER_ACCOUNT_URL",
        default_value = SERVICE,
        hide = true,
        hide_env_values = true
    )]
    account_url: String,
    /// The attune home or its telemetry folder [default: `$ATTUNE_HOME`, else ~/.attune]
    #[arg(long, value_name = "DIR", help_heading = "Logs")]
    home: Option<PathBuf>,
    /// The project whose .attune folder is read [default: .]
    #[arg(
        long,
        value_name = "DIR",
        alias = "project-root",
        help_heading = "Logs"
    )]
    project: Option<PathBuf>,
}

impl Ops {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let settings = self.settings(context)?;
        server::run(settings, |address| self.announce(context, address))?;
        Ok(Answer::Yes)
    }

    /// What the server is to do. Everything that is wrong is named, before anything
    /// is opened.
    fn settings(&self, context: &Context) -> Result<Settings, Failure> {
        let mut problems = Vec::new();
        let project_root = take(check_project(&self.project_folder()), &mut problems);
        let address = take(resolve(&self.host, self.port), &mut problems);
        if let Some(address) = address {
            take(check_port(address), &mut problems);
        }
        let logs = LogArgs::of_folders(
            self.home.clone(),
            // One that cannot be used is told already.
            self.project.clone().filter(|_| project_root.is_some()),
        );
        let logs = take(Self::query(&logs, context), &mut problems);
        let profile = logs.as_ref().and_then(|(_, config)| {
            let name = config.diagnosis.profile.as_deref()?;
            Some(config.profile(name))
        });
        if let Some(profile) = profile {
            take(profile, &mut problems);
        }
        let store = logs
            .as_ref()
            .and_then(|(_, config)| take(store_url(context, config), &mut problems));
        if !self.read_only {
            take(check_writable(folders::data()), &mut problems);
            if let Some(StoreUrl::Sqlite(path)) = &store {
                take(check_store(path), &mut problems);
            }
        }
        for folder in &self.specs_root {
            take(check_folder("--specs-root", folder), &mut problems);
        }
        let cache = folders::cache().filter(|_| !self.read_only);
        let account = Account::new(&self.account_url, cache.map(|cache| cache.join("account")));
        let account = take(account, &mut problems);
        let (Some(project_root), Some(address), Some((mut query, config)), Some(store)) =
            (project_root, address, logs, store)
        else {
            return Err(all_of(problems));
        };
        if problems.is_empty() && !self.read_only {
            take(make_store(&store, context), &mut problems);
        }
        let (Some(account), true) = (account, problems.is_empty()) else {
            return Err(all_of(problems));
        };
        if self.read_only {
            query.index = None;
        }
        let specs_roots = if self.specs_root.is_empty() {
            vec![project_root.join("docs/specs")]
        } else {
            self.specs_root.clone()
        };
        Ok(Settings {
            address,
            trusted_hosts: self.trusted_host.clone(),
            query,
            clock: context.clock,
            config,
            store,
            foreign: context.foreign,
            read_only: self.read_only,
            sweep: !self.no_sweep,
            project_root,
            specs_roots,
            specs_candidates: match (self.specs_candidates, self.no_specs_candidates) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            runs_retention_days: self.runs_retention_days,
            responder: self.responder.clone().unwrap_or_else(values::user),
            ratings: env::var_os("MUSTER_FEEDBACK_FILE")
                .filter(|file| !file.is_empty())
                .map(PathBuf::from),
            spool: SwampSettings::load(&self.project_folder(), false).spool(),
            state: folders::data().map(|data| data.join("ops")),
            account: Some(Arc::new(account)),
            evidence: None,
        })
    }

    fn project_folder(&self) -> PathBuf {
        self.project.clone().unwrap_or_else(|| PathBuf::from("."))
    }

    /// The logs that a dashboard shows: usage, and of the others how many lines.
    pub(super) fn query(
        logs: &LogArgs,
        context: &Context,
    ) -> Result<(crate::files::LogQuery, crate::config::Config), Failure> {
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
        logs.query(context, need)
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
            let can = if self.read_only {
                "read everything"
            } else {
                "read everything and decide"
            };
            context.say(0, || {
                format!("everyone who reaches {address} can {can}: there is no log-in")
            });
        }
        if !self.no_open {
            show_page(context, &url);
        }
        Ok(())
    }
}

/// Opens a page in the browser, where somebody is there to see it.
pub(crate) fn show_page(context: &Context, url: &str) {
    if io::stdout().is_terminal() && has_display() {
        // The address stands there to be opened by hand.
        if let Err(error) = open::that_detached(url) {
            context.say(1, || format!("cannot open a browser: {error}"));
        }
    }
}

fn take<T>(result: Result<T, Failure>, problems: &mut Vec<Failure>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}

/// One failure of several; wrong usage weighs more than what cannot be reached.
fn all_of(mut problems: Vec<Failure>) -> Failure {
    problems.sort_by_key(|problem| problem.kind != FailureKind::Usage);
    // Two folders may fail for one reason.
    problems.dedup_by(|a, b| a.message == b.message);
    let mut problems = problems.into_iter();
    let Some(mut first) = problems.next() else {
        return Failure::defect("the settings of the server are missing");
    };
    first.others = problems.collect();
    first
}

fn check_project(project: &Path) -> Result<PathBuf, Failure> {
    let what = match fs::metadata(project) {
        Ok(metadata) if metadata.is_dir() => {
            return fs::canonicalize(project).map_err(|error| unusable_project(project, &error));
        }
        Ok(_) => io::Error::from(io::ErrorKind::NotADirectory),
        Err(error) => error,
    };
    Err(unusable_project(project, &what))
}

fn unusable_project(project: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!(
        "--project {}: {}",
        project.display(),
        describe(error)
    ))
    .hint("name the folder of a project")
}

fn resolve(host: &str, port: u16) -> Result<SocketAddr, Failure> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let failed = |why: String| {
        Failure::unreachable(format!("--host {host}: {why}"))
            .hint("name an address of this machine, such as 127.0.0.1 or ::1")
    };
    let mut found = (host, port)
        .to_socket_addrs()
        .map_err(|_| failed("the name does not resolve".into()))?;
    found
        .next()
        .ok_or_else(|| failed("the name has no address".into()))
}

fn check_port(address: SocketAddr) -> Result<(), Failure> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) => Err(server::cannot_listen(address, &error)),
    }
}

/// A folder that is there can be written into, or one above it that is.
fn check_writable(folder: Option<PathBuf>) -> Result<(), Failure> {
    let Some(folder) = folder else {
        return Ok(());
    };
    let there = folder.ancestors().find(|folder| folder.exists());
    let there = there.unwrap_or(Path::new("."));
    let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    let failed = |why: String| {
        Failure::unreachable(format!("cannot write into {}: {why}", folder.display()))
            .hint("make it writable, or start with --read-only")
    };
    if !there.is_dir() {
        return Err(failed(format!("{} is no folder", there.display())));
    }
    rustix::fs::access(there, access).map_err(|error| failed(describe(&error.into())))
}

fn check_folder(option: &str, folder: &Path) -> Result<(), Failure> {
    let why = match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => io::Error::from(io::ErrorKind::NotADirectory),
        Err(error) => error,
    };
    let message = format!("{option} {}: {}", folder.display(), describe(&why));
    Err(Failure::usage(message).hint("name a folder that is there"))
}

/// A database is a file that can be written, or one that can be made.
fn check_store(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    check_writable(Some(folder.unwrap_or(Path::new(".")).into()))?;
    let failed = |why: String| {
        Failure::unreachable(format!("cannot write the store {}: {why}", path.display()))
            .hint("name another by --store, or start with --read-only")
    };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(failed("it is a folder".into())),
        Ok(_) => rustix::fs::access(path, rustix::fs::Access::WRITE_OK)
            .map_err(|error| failed(describe(&error.into()))),
        Err(_) => Ok(()),
    }
}

/// Makes the database where there is none. One that is there may be away for a while,
/// as a server may: the page tells of that.
fn make_store(url: &StoreUrl, context: &Context) -> Result<(), Failure> {
    if url.path().is_none_or(|path| Path::new(path).exists()) {
        return Ok(());
    }
    let opened = store::open(url, context.clock.now(), OpenOptions::default());
    Ok(runtime()?.block_on(opened).map(drop)?)
}

/// Whether a browser could show itself.
fn has_display() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
