//! The dashboard server: the embedded page and the reports as JSON.
//!
//! It only reads. Requests that would write have no route, and nothing is
//! computed before somebody asks.

mod api;
mod guard;
mod page;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, oneshot};
use tower_http::compression::CompressionLayer;

use crate::clock::Clock;
use crate::error::{Failure, describe};
use crate::files::LogQuery;

/// Readings at the same time; further ones wait their turn.
const READINGS: usize = 4;
/// How long open connections may take to end.
const GRACE: Duration = Duration::from_millis(1500);

/// What a server is to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen.
    pub address: SocketAddr,
    /// Names of hosts to answer to, beside localhost and the address itself.
    pub allowed_hosts: Vec<String>,
    /// The logs of the reports; requests set the window.
    pub query: LogQuery,
    /// Says what time it is.
    pub clock: Clock,
}

/// What all requests share.
#[derive(Debug)]
struct Shared {
    settings: Settings,
    readings: Semaphore,
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
    let server = axum::serve(
        listener,
        router(Settings {
            address,
            ..settings
        }),
    )
    .with_graceful_shutdown(async {
        // An end that nobody announces is one as well.
        let _ = ended.await;
    });
    let server = tokio::spawn(server.into_future());
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    drop(end);
    // What has not ended by then is cut off.
    let _ = tokio::time::timeout(GRACE, server).await;
    Ok(())
}

fn router(settings: Settings) -> Router {
    let shared = Arc::new(Shared {
        settings,
        readings: Semaphore::new(READINGS),
    });
    Router::new()
        .route("/healthz", get(api::healthz))
        .route("/api/v1/capabilities", get(api::capabilities))
        .route("/api/v1/usage", get(api::usage))
        .fallback(page::serve)
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(shared.clone(), guard::check))
        .layer(from_fn(guard::headers))
        .with_state(shared)
}

fn signals(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
    signal(kind).map_err(|error| Failure::unreachable(format!("no signals: {}", describe(&error))))
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let reason = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there".into(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address".into(),
        _ => describe(error),
    };
    Failure::unreachable(format!("cannot listen on {address}: {reason}"))
        .hint("name another port by --port, or 0 for any free one")
}
