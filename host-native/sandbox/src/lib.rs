//! Runs WebAssembly components under wasmtime: the core's own, decoders of other
//! systems' logs, and rules of others.
//!
//! A guest gets memory, tables, instances and, where asked, time within limits,
//! and nothing else: a component that imports anything is refused by name. No
//! guest can panic or exit the host; what it does wrong is a [`SandboxError`].
//!
//! ```no_run
//! use muster_sandbox::{Limits, ReadOptions, Sandbox, Window};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let component = std::fs::read("muster-core.component.wasm")?;
//! let sandbox = Sandbox::new(&component, Limits::default())?;
//! let mut ingest = sandbox.ingest(ReadOptions {
//!     window: Window { from: None, to: None },
//!     against: None,
//!     recent: 20,
//!     naive_offset_minutes: 0,
//! })?;
//! ingest.open("usage.jsonl")?;
//! ingest.push(r#"{"ts":"2026-11-19T08:15:02Z","cost":0.25}"#)?;
//! ingest.close()?;
//! assert_eq!(ingest.report()?.totals.cost, 250_000_000);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod bridge;
mod decoder;
mod diagnosis;
mod error;
mod limits;
mod plugin;
mod rules;
mod ticker;

use wasmtime::component::{Component, Linker, ResourceAny};
use wasmtime::{Config, Engine, Store};

use bindings::exports::muster::core::usage::Guest;
use bindings::{Core, CorePre};

pub use bindings::exports::muster::core::bridge::{ReplayClock, ReplayOptions};
pub use bindings::exports::muster::core::diagnosis::DiagnoseOptions;
pub use bindings::exports::muster::core::types::{
    Error as GuestError, Provenance, Skipped, SkippedSample, Source, Window,
};
pub use bindings::exports::muster::core::usage::{
    CostBook, FileTestFilter, Latency, LatencyReport, OtherLog, ReadOptions, RecentCall,
    ReportParams, Totals, UsageReport,
};
pub use bridge::Replay;
pub use decoder::{DecoderGuest, Description, Price};
pub use error::{Said, SandboxError};
use limits::Limiter;
pub use limits::Limits;
pub use plugin::{MAX_COMPONENT_BYTES, MAX_OUTPUT_BYTES, PluginLimits};
pub use rules::{RulesGuest, judge};

/// Generated from `host-wasm/wit`.
#[allow(clippy::pedantic, reason = "generated code")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../host-wasm/wit",
        world: "core",
        additional_derives: [PartialEq],
    });
}

/// The component, compiled once; gives any number of separate guests.
pub struct Sandbox {
    engine: Engine,
    core: CorePre<Limiter>,
    limits: Limits,
}

impl Sandbox {
    /// Compiles a component. Fails on bytes that are no component, on one that
    /// imports anything, and on one that does not export the core.
    pub fn new(component: &[u8], limits: Limits) -> Result<Self, SandboxError> {
        let mut config = Config::new();
        config.epoch_interruption(limits.time.is_some());
        let engine = Engine::new(&config).map_err(|e| SandboxError::Engine(e.to_string()))?;
        let component = Component::from_binary(&engine, component)
            .map_err(|e| SandboxError::Component(Said::of_bytes(&e, component)))?;
        let imports = imports_of(&engine, &component);
        if !imports.is_empty() {
            return Err(SandboxError::Imports(imports));
        }
        let core = Linker::new(&engine)
            .instantiate_pre(&component)
            .and_then(CorePre::new)
            .map_err(|e| SandboxError::Exports(Said::of(&e)))?;
        if limits.time.is_some() {
            ticker::start(&engine).map_err(|e| SandboxError::Engine(e.to_string()))?;
        }
        Ok(Self {
            engine,
            core,
            limits,
        })
    }

    /// A guest with its own memory that has read nothing.
    pub fn ingest(&self, options: ReadOptions) -> Result<Ingest, SandboxError> {
        let (mut guest, core) = self.guest()?;
        let made = guest.run(|store| usage(&core).ingest().call_constructor(store, options))?;
        Ok(Ingest {
            guest,
            core,
            resource: made.map_err(SandboxError::Guest)?,
        })
    }

    /// An instance with a store of its own.
    fn guest(&self) -> Result<(Running, Core), SandboxError> {
        let mut guest = Running::new(&self.engine, self.limits);
        let core = guest.run(|store| self.core.instantiate(store))?;
        Ok((guest, core))
    }
}

/// One guest that reads logs.
pub struct Ingest {
    guest: Running,
    core: Core,
    resource: ResourceAny,
}

impl Ingest {
    /// Starts a file and gives the kind of its log, which its name tells.
    pub fn open(&mut self, path: &str) -> Result<String, SandboxError> {
        self.call(|usage, store, this| usage.ingest().call_open(store, this, path))
    }

    /// Takes the next text of the open file, cut anywhere.
    pub fn push(&mut self, chunk: &str) -> Result<(), SandboxError> {
        self.call(|usage, store, this| usage.ingest().call_push(store, this, chunk))
    }

    /// Takes the next bytes of the open file, which need not be UTF-8.
    pub fn push_bytes(&mut self, chunk: &[u8]) -> Result<(), SandboxError> {
        self.call(|usage, store, this| usage.ingest().call_push_bytes(store, this, chunk))
    }

    /// Ends the open file.
    pub fn close(&mut self) -> Result<(), SandboxError> {
        self.call(|usage, store, this| usage.ingest().call_close(store, this))
    }

    /// Notes a file that could not be read, so that reports name it.
    pub fn note_unreadable(&mut self, path: &str, reason: &str) -> Result<(), SandboxError> {
        self.call(|usage, store, this| {
            usage
                .ingest()
                .call_note_unreadable(store, this, path, reason)
        })
    }

    /// The usage report over all files closed so far.
    pub fn report(&mut self) -> Result<UsageReport, SandboxError> {
        self.call(|usage, store, this| usage.ingest().call_report(store, this).map(Ok))
    }

    /// The JSON document of a report.
    pub fn report_json(
        &mut self,
        name: &str,
        params: &ReportParams,
    ) -> Result<String, SandboxError> {
        self.call(|usage, store, this| usage.ingest().call_report_json(store, this, name, params))
    }

    fn call<T>(
        &mut self,
        call: impl FnOnce(
            &Guest,
            &mut Store<Limiter>,
            ResourceAny,
        ) -> wasmtime::Result<Result<T, GuestError>>,
    ) -> Result<T, SandboxError> {
        let (core, resource) = (&self.core, self.resource);
        self.guest
            .run(|store| call(usage(core), store, resource))?
            .map_err(SandboxError::Guest)
    }
}

fn usage(core: &Core) -> &Guest {
    core.muster_core_usage()
}

/// A guest's store; useless once the guest has trapped.
struct Running {
    store: Store<Limiter>,
    limits: Limits,
    ended: bool,
}

/// The names of what a component wants of its host.
fn imports_of(engine: &Engine, component: &Component) -> Vec<String> {
    let of_type = component.component_type();
    let imports = of_type.imports(engine);
    imports.map(|(name, _)| name.to_owned()).collect()
}

impl Running {
    fn new(engine: &Engine, limits: Limits) -> Self {
        let mut store = Store::new(engine, limits.limiter());
        store.limiter(|limiter| limiter);
        Self {
            store,
            limits,
            ended: false,
        }
    }

    /// Texts of one answer together have no more than so many bytes.
    fn limit_output(&mut self, bytes: usize) {
        self.store.set_hostcall_fuel(bytes);
    }

    fn run<T>(
        &mut self,
        call: impl FnOnce(&mut Store<Limiter>) -> wasmtime::Result<T>,
    ) -> Result<T, SandboxError> {
        if self.ended {
            return Err(SandboxError::Ended);
        }
        if let Some(time) = self.limits.time {
            self.store.set_epoch_deadline(ticker::ticks(time));
        }
        call(&mut self.store).map_err(|error| {
            self.ended = true;
            let output_bytes = self.store.hostcall_fuel();
            SandboxError::of(&error, self.store.data(), self.limits, output_bytes)
        })
    }
}
