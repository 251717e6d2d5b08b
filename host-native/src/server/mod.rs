//! The dashboard server: the embedded page, the API behind it, and what it keeps.
//!
//! Reading never writes, spends or starts anything; what writes is a POST that bears
//! the token of this process. Tasks keep what views are made of, so that no request
//! waits for what another one computes.

mod acts;
mod alerts;
mod answer;
mod capabilities;
mod choices;
mod clock;
mod cost;
mod diagnosis;
mod events;
mod feedback;
mod fleet;
mod guard;
mod keeper;
mod ledger;
mod metrics;
mod openapi;
mod page;
mod params;
mod reports;
mod runner;
mod runs_of_workflows;
mod specs;
mod streams;
mod versions;
mod views;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use muster_core::Timestamp;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, oneshot, watch};
use tower_http::compression::CompressionLayer;

use crate::account::Account;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Failure, describe};
use crate::files::LogQuery;
use crate::random;
use crate::store::StoreUrl;
use alerts::Alerts;
use clock::RunningClock;
use cost::Bills;
use diagnosis::LastDiagnosis;
use keeper::{Keeper, KeeperSettings};
use ledger::Ledger;
use runner::{Runner, RunnerSettings};
use runs_of_workflows::SpoolReader;
use specs::Specs;
use versions::Versions;

/// Readings at the same time; further ones wait their turn.
const READINGS: usize = 4;
/// How long open connections may take to end.
const GRACE: Duration = Duration::from_millis(1500);

/// The largest body of an act: an evidence bundle.
const MAX_BODY_BYTES: usize = 8 << 20;

/// What a server is to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen.
    pub address: SocketAddr,
    /// Names of hosts to answer to, beside localhost and the address itself.
    pub trusted_hosts: Vec<String>,
    /// The logs of the reports; requests set the window.
    pub query: LogQuery,
    /// Says what time it is.
    pub clock: Clock,
    /// The settings of files.
    pub config: Config,
    /// The store.
    pub store: StoreUrl,
    /// Whether what other systems wrote into the store is looked for.
    pub foreign: bool,
    /// Whether nothing at all is written.
    pub read_only: bool,
    /// Whether requests whose time is up are marked.
    pub sweep: bool,
    /// The project.
    pub project_root: PathBuf,
    /// Folders that hold specs.
    pub specs_roots: Vec<PathBuf>,
    /// Whether it is looked for specs that look finished; `None`: as was chosen before.
    pub specs_candidates: Option<bool>,
    /// For how many days runs are kept; 0: for ever.
    pub runs_retention_days: u32,
    /// Who decides where nobody is named.
    pub responder: String,
    /// The document of votes, if it is not the usual one.
    pub ratings: Option<PathBuf>,
    /// The spool of telemetry entries.
    pub spool: Option<PathBuf>,
    /// Where this server keeps its own state; `None`: nowhere.
    pub state: Option<PathBuf>,
    /// The account whose bills are shown.
    pub account: Option<Arc<Account>>,
    /// Says at a time what stands for the evidence of the gateway that runs here; `None`:
    /// it is collected.
    pub evidence: Option<fn(Timestamp) -> String>,
}

/// What all requests share.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    clock: RunningClock,
    /// What an act has to be sent with.
    token: String,
    versions: Arc<Versions>,
    keeper: Arc<Keeper>,
    ledger: Arc<Ledger>,
    bills: Arc<Bills>,
    spool: SpoolReader,
    runner: Arc<Runner>,
    diagnosis: LastDiagnosis,
    alerts: Alerts,
    specs: Arc<Specs>,
    readings: Semaphore,
    /// Turns true when the server ends.
    closing: watch::Sender<bool>,
}

impl Shared {
    /// Starts what keeps the views up to date.
    fn start(settings: Settings) -> Result<Arc<Self>, Failure> {
        let clock = RunningClock::new(settings.clock);
        let mut told: Vec<&'static str> = keeper::VIEWS.to_vec();
        told.extend([
            "usage",
            "cost",
            "bridge",
            "diagnosis",
            "commands",
            "runs",
            "alerts",
            "specs",
            "feedback",
        ]);
        let versions = Arc::new(Versions::new(random::secret()?[..8].to_owned(), &told));
        let keeping = KeeperSettings {
            url: settings.store.clone(),
            foreign: settings.foreign,
            liveness: settings.config.liveness.options(),
            read_only: settings.read_only,
            sweep: settings.sweep,
        };
        let budget = settings.config.month_budget;
        let keeper = Keeper::start(keeping, clock, Arc::clone(&versions));
        let running = RunnerSettings {
            commands: settings.config.commands.clone(),
            attune: settings.config.attune.clone(),
            not_trusted: settings.config.commands_not_trusted.clone(),
            project_root: settings.project_root.clone(),
            folder: settings.state.as_ref().map(|state| state.join("runs")),
            retention_days: settings.runs_retention_days,
            read_only: settings.read_only,
        };
        Ok(Arc::new(Self {
            token: random::secret()?,
            runner: Runner::start(running, clock, Arc::clone(&versions), Arc::clone(&keeper)),
            keeper,
            ledger: Ledger::start(settings.query.clone(), clock, budget, Arc::clone(&versions)),
            bills: Bills::start(
                settings.account.clone(),
                settings.clock,
                Arc::clone(&versions),
            ),
            spool: SpoolReader::start(settings.spool.clone(), Arc::clone(&versions)),
            diagnosis: LastDiagnosis::new(&settings.config, settings.state.as_deref()),
            specs: Specs::start(
                settings.specs_roots.clone(),
                settings.state.as_deref(),
                settings.read_only,
                settings.specs_candidates,
                settings.project_root.clone(),
                Arc::clone(&versions),
            ),
            alerts: Alerts::new(
                settings.config.alerts.clone(),
                settings.state.as_deref(),
                clock.now(),
            ),
            versions,
            clock,
            readings: Semaphore::new(READINGS),
            closing: watch::Sender::new(false),
            settings,
        }))
    }
}

/// Serves until the process is interrupted or asked to end. `ready` is told the
/// address once it is listened on.
pub fn run(
    settings: Settings,
    ready: impl FnOnce(SocketAddr) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unreachable(format!("no threads: {}", describe(&error))))?;
    let served = runtime.block_on(serve(settings, ready));
    // A reading that still goes on must not hold up the end.
    runtime.shutdown_background();
    served
}

async fn serve(
    settings: Settings,
    ready: impl FnOnce(SocketAddr) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let wanted = settings.address;
    let listener = TcpListener::bind(wanted)
        .await
        .map_err(|error| cannot_listen(wanted, &error))?;
    let address = listener
        .local_addr()
        .map_err(|error| cannot_listen(wanted, &error))?;
    let mut interrupt = signals(SignalKind::interrupt())?;
    let mut terminate = signals(SignalKind::terminate())?;
    ready(address)?;

    let (end, ended) = oneshot::channel::<()>();
    let shared = Shared::start(Settings {
        address,
        ..settings
    })?;
    tokio::spawn(alerts::watch(Arc::clone(&shared)));
    tokio::spawn(diagnosis::watch(Arc::clone(&shared)));
    let server = axum::serve(listener, router(&shared)).with_graceful_shutdown(async {
        // An end that nobody announces is one as well.
        let _ = ended.await;
    });
    let server = tokio::spawn(server.into_future());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    // Listeners would stay for ever.
    shared.closing.send_replace(true);
    shared.runner.end();
    drop(end);
    // What has not ended by then is cut off.
    let _ = tokio::time::timeout(GRACE, server).await;
    Ok(())
}

fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/metrics", get(metrics::metrics))
        .route("/api/v1/events", get(events::events))
        .route("/api/v1/output-events", get(runner::output_events))
        .route("/api/v1/act/{name}", post(acts::act))
        .route("/api/v1/{view}", get(views::view))
        .fallback(page::serve)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(Arc::clone(shared), guard::check))
        .layer(from_fn(guard::headers))
        .with_state(Arc::clone(shared))
}

fn signals(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
    signal(kind).map_err(|error| Failure::unreachable(format!("no signals: {}", describe(&error))))
}

pub(crate) fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let reason = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there".into(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address".into(),
        _ => describe(error),
    };
    Failure::unreachable(format!("cannot listen on {address}: {reason}"))
        .hint("name another port by --port, or 0 for any free one")
}

/// Settings for tests of what does not depend on them.
#[cfg(test)]
fn test_settings() -> Settings {
    use crate::files::{LogSelection, Places};

    Settings {
        address: ([127, 0, 0, 1], 8765).into(),
        trusted_hosts: Vec::new(),
        query: LogQuery {
            selection: LogSelection::Places(Places::default()),
            needed: Vec::new(),
            also: Vec::new(),
            options: muster_core::ReadOptions::default(),
            strict: false,
            index: None,
        },
        clock: Clock::default(),
        config: Config::default(),
        store: StoreUrl::Sqlite("muster.db".into()),
        foreign: false,
        read_only: false,
        sweep: true,
        project_root: ".".into(),
        specs_roots: Vec::new(),
        specs_candidates: None,
        runs_retention_days: 30,
        responder: "tester".into(),
        ratings: None,
        spool: None,
        account: None,
        evidence: None,
        state: None,
    }
}
