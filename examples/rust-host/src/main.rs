//! Muster's core in a Rust program, from the component: wasmtime, nothing else.
//!
//! ```text
//! rust-host muster-core.component.wasm report usage.jsonl
//! rust-host muster-core.component.wasm replay run.events.jsonl PARENT-ID
//! rust-host muster-core.component.wasm diagnose bundle.json
//! ```
//!
//! Each prints what the command line tool prints with `--json`. The bindings are made
//! from a released WIT, so this program goes on working with later components.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program prints"
)]

use std::fs::File;
use std::io::Read as _;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wasmtime::component::{Component, Linker};
use wasmtime::{
    Cache, CacheConfig, Config, Engine, Error, Result, Store, StoreLimits, StoreLimitsBuilder,
};

use bindings::exports::muster::core::bridge::ReplayOptions;
use bindings::exports::muster::core::diagnosis::DiagnoseOptions;
use bindings::exports::muster::core::types::{Error as CoreError, Window};
use bindings::exports::muster::core::usage::{FileTestFilter, ReadOptions, ReportParams};
use bindings::{Core, CorePre};

#[allow(clippy::pedantic, reason = "generated code")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../host-wasm/wit/released/core-0.1.0",
        world: "core",
    });
}

/// Linear memory that an instance may have.
const MEMORY_BYTES: usize = 256 << 20;
/// How often calls are checked for having taken too long.
const TICK: Duration = Duration::from_millis(10);
/// Ticks that a call may take: ten seconds.
const CALL_TICKS: u64 = 1000;
/// Bytes that go in at a time: 64 KiB to 1 MiB is best.
const CHUNK: usize = 256 << 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match *arguments {
        [component, "report", log] => Host::new(component).and_then(|host| report(&host, log)),
        [component, "replay", events, parent] => {
            Host::new(component).and_then(|host| replay(&host, events, parent))
        }
        [component, "diagnose", bundle] => {
            Host::new(component).and_then(|host| diagnose(&host, bundle))
        }
        _ => Err(Error::msg(
            "usage: rust-host COMPONENT report LOG | replay EVENTS PARENT-ID | diagnose BUNDLE",
        )),
    };
    match answer {
        Ok(text) => {
            println!("{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The component, compiled and linked once. Instances of it take microseconds.
struct Host {
    engine: Engine,
    core: CorePre<StoreLimits>,
}

impl Host {
    fn new(path: &str) -> Result<Self> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        // What was compiled once is kept in the user's cache folder.
        config.cache(Some(Cache::new(CacheConfig::new())?));
        let engine = Engine::new(&config)?;
        let component = Component::from_file(&engine, path)?;
        // The component imports nothing, so nothing is added to the linker.
        let core = CorePre::new(Linker::new(&engine).instantiate_pre(&component)?)?;
        let ticking = engine.weak();
        thread::spawn(move || {
            while let Some(engine) = ticking.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        });
        Ok(Self { engine, core })
    }

    /// An instance with memory of its own.
    fn instance(&self) -> Result<Instance> {
        let limits = StoreLimitsBuilder::new()
            .memory_size(MEMORY_BYTES)
            .table_elements(10_000)
            .trap_on_grow_failure(true)
            .build();
        let mut store = Store::new(&self.engine, limits);
        store.limiter(|limits| limits);
        store.set_epoch_deadline(CALL_TICKS);
        let core = self.core.instantiate(&mut store)?;
        Ok(Instance { store, core })
    }
}

/// One instance. After a trap it is of no further use.
struct Instance {
    store: Store<StoreLimits>,
    core: Core,
}

impl Instance {
    /// One call, with all its time before it. An error of the core becomes ours.
    fn call<T>(
        &mut self,
        call: impl FnOnce(&Core, &mut Store<StoreLimits>) -> Result<Result<T, CoreError>>,
    ) -> Result<T> {
        self.store.set_epoch_deadline(CALL_TICKS);
        call(&self.core, &mut self.store)?.map_err(|error| Error::msg(told(error)))
    }
}

/// An error of the core in words.
fn told(error: CoreError) -> String {
    match error {
        CoreError::UnknownLog(name) => format!("unknown-log: {name}"),
        CoreError::FileOpen(name) => format!("file-open: {name}"),
        CoreError::NoFile => "no-file".to_owned(),
        CoreError::TimeOutOfRange(us) => format!("time-out-of-range: {us}"),
        CoreError::UnknownReport(name) => format!("unknown-report: {name}"),
        CoreError::NothingToCompare => "nothing-to-compare".to_owned(),
        CoreError::BadDocument((name, why)) => format!("bad-document: {name}: {why}"),
    }
}

/// The usage report over one log, of all time.
fn report(host: &Host, path: &str) -> Result<String> {
    let mut instance = host.instance()?;
    let options = ReadOptions {
        window: Window {
            from: None,
            to: None,
        },
        against: None,
        recent: 20,
        naive_offset_minutes: 0,
    };
    let ingest = instance.call(|core, store| {
        let ingest = core.muster_core_usage().ingest();
        ingest.call_constructor(store, options)
    })?;
    instance.call(|core, store| {
        let usage = core.muster_core_usage();
        usage.ingest().call_open(store, ingest, path)
    })?;
    chunks(path, |chunk| {
        instance.call(|core, store| {
            let usage = core.muster_core_usage();
            usage.ingest().call_push_bytes(store, ingest, chunk)
        })
    })?;
    instance.call(|core, store| core.muster_core_usage().ingest().call_close(store, ingest))?;
    let params = ReportParams {
        baseline_model: None,
        workflow: None,
        top: None,
        files: FileTestFilter {
            file: None,
            failed: false,
            stale: false,
            limit: None,
        },
    };
    instance.call(|core, store| {
        let usage = core.muster_core_usage();
        let ingest_of = usage.ingest();
        ingest_of.call_report_json(store, ingest, "usage", &params)
    })
}

/// The telemetry entries of a workflow's events, one a line.
fn replay(host: &Host, path: &str, parent_id: &str) -> Result<String> {
    let mut instance = host.instance()?;
    let options = ReplayOptions {
        parent_id: Some(parent_id.to_owned()),
        producer: None,
        clock: None,
        outer_run: false,
        redact_names: false,
        classify: None,
        leave_open: false,
    };
    let replay = instance.call(|core, store| {
        let replay = core.muster_core_bridge().replay();
        replay.call_constructor(store, &options)
    })?;
    let mut entries = String::new();
    chunks(path, |chunk| {
        entries += &instance.call(|core, store| {
            let bridge = core.muster_core_bridge();
            bridge.replay().call_push_bytes(store, replay, now(), chunk)
        })?;
        Ok(())
    })?;
    entries += &instance.call(|core, store| {
        let bridge = core.muster_core_bridge();
        bridge.replay().call_finish(store, replay, now())
    })?;
    Ok(entries)
}

/// What is wrong with a gateway.
fn diagnose(host: &Host, path: &str) -> Result<String> {
    let bundle = std::fs::read_to_string(path)?;
    let options = DiagnoseOptions {
        hours: None,
        records: None,
        now: None,
        profile: None,
        packs: Vec::new(),
    };
    host.instance()?.call(|core, store| {
        let diagnosis = core.muster_core_diagnosis();
        diagnosis.call_diagnose(store, &bundle, &options)
    })
}

/// Gives each chunk of a file to `take`.
fn chunks(path: &str, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; CHUNK];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            read => take(&buffer[..read])?,
        }
    }
}

/// Microseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}
