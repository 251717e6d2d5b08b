//! Decoders: foreign guests that turn log lines into records.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Cache, CacheConfig, Config, Engine, Store};

use crate::error::{Said, SandboxError};
use crate::limits::{Limiter, Limits};
use crate::{Running, imports_of, ticker};
use bindings::{Decoder as Guest, DecoderPre};

pub use bindings::exports::muster::plugin::decode::{Description, Price};

/// Generated from `host-wasm/wit/plugin`.
#[allow(clippy::pedantic, reason = "generated code")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../host-wasm/wit/plugin",
        world: "decoder",
    });
}

/// No larger component is compiled.
pub const MAX_COMPONENT_BYTES: usize = 64 << 20;
/// The longest text that a call may give.
pub const MAX_OUTPUT_BYTES: usize = 4 << 20;

/// What a decoder may use.
#[derive(Clone, Copy, Debug)]
pub struct DecoderLimits {
    /// What one guest may use.
    pub guest: Limits,
    /// How long compiling may take.
    pub compile: Duration,
}

impl Default for DecoderLimits {
    /// 256 MiB of memory, 10,000 table entries, a second for each call and a minute
    /// for compiling.
    fn default() -> Self {
        Self {
            guest: Limits {
                time: Some(Duration::from_secs(1)),
                ..Limits::default()
            },
            compile: Duration::from_mins(1),
        }
    }
}

/// A decoder, compiled once.
pub struct DecoderGuest {
    engine: Engine,
    pre: DecoderPre<Limiter>,
    limits: Limits,
    running: Option<(Running, Guest)>,
}

impl DecoderGuest {
    /// Compiles a decoder, or takes it from `cache`, a folder for compiled guests.
    ///
    /// Fails on bytes that are no component, on one that imports anything, on one of
    /// another world, and when compiling takes too long.
    pub fn new(
        component: &[u8],
        limits: DecoderLimits,
        cache: Option<&Path>,
    ) -> Result<Self, SandboxError> {
        if component.len() > MAX_COMPONENT_BYTES {
            return Err(SandboxError::TooLarge(component.len()));
        }
        let mut config = Config::new();
        config.epoch_interruption(true);
        if let Some(folder) = cache {
            let mut settings = CacheConfig::new();
            settings.with_directory(folder);
            // Without a cache it is compiled each time, which is slow and nothing else.
            config.cache(Cache::new(settings).ok());
        }
        let engine = Engine::new(&config).map_err(|e| SandboxError::Engine(e.to_string()))?;
        let component = compile(&engine, component, limits.compile)?;
        let imports = imports_of(&engine, &component);
        if !imports.is_empty() {
            return Err(SandboxError::Imports(imports));
        }
        let pre = Linker::new(&engine)
            .instantiate_pre(&component)
            .and_then(DecoderPre::new)
            .map_err(|e| SandboxError::Exports(Said::of(&e)))?;
        ticker::start(&engine).map_err(|e| SandboxError::Engine(e.to_string()))?;
        Ok(Self {
            engine,
            pre,
            limits: limits.guest,
            running: None,
        })
    }

    /// What the decoder says of itself.
    pub fn about(&mut self) -> Result<Description, SandboxError> {
        self.call(|guest, store| guest.muster_plugin_decode().call_about(store))
    }

    /// A file begins. A guest that has ended is replaced by a new one.
    pub fn start(&mut self, file: &str) -> Result<(), SandboxError> {
        self.call(|guest, store| guest.muster_plugin_decode().call_start(store, file))
    }

    /// The records of one line, or why it is malformed.
    pub fn line(&mut self, text: &str) -> Result<Result<String, String>, SandboxError> {
        let given =
            self.call(|guest, store| guest.muster_plugin_decode().call_line(store, text))?;
        self.bounded(given)
    }

    /// The records that are left at the end of a file.
    pub fn finish(&mut self) -> Result<Result<String, String>, SandboxError> {
        let given = self.call(|guest, store| guest.muster_plugin_decode().call_finish(store))?;
        self.bounded(given)
    }

    fn bounded(
        &mut self,
        given: Result<String, String>,
    ) -> Result<Result<String, String>, SandboxError> {
        let (Ok(text) | Err(text)) = &given;
        if text.len() > MAX_OUTPUT_BYTES {
            self.running = None;
            return Err(SandboxError::OutputLimit(MAX_OUTPUT_BYTES));
        }
        Ok(given)
    }

    /// Makes a call, on a new guest where there is none.
    fn call<T>(
        &mut self,
        call: impl FnOnce(&Guest, &mut Store<Limiter>) -> wasmtime::Result<T>,
    ) -> Result<T, SandboxError> {
        let (guest, bindings) = if let Some(running) = self.running.take() {
            self.running.insert(running)
        } else {
            let mut guest = Running::new(&self.engine, self.limits);
            let bindings = guest.run(|store| self.pre.instantiate(store))?;
            self.running.insert((guest, bindings))
        };
        let answer = guest.run(|store| call(bindings, store));
        if answer.is_err() {
            self.running = None;
        }
        answer
    }
}

/// Compiles on a thread of its own, which is left behind when it takes too long.
fn compile(engine: &Engine, bytes: &[u8], limit: Duration) -> Result<Component, SandboxError> {
    let (send, receive) = mpsc::sync_channel(1);
    let (engine, given) = (engine.clone(), bytes);
    let bytes = given.to_vec();
    thread::Builder::new()
        .name("muster-compile".into())
        .spawn(move || {
            // Nobody waits any more when the time is over.
            let _ = send.send(Component::from_binary(&engine, &bytes));
        })
        .map_err(|e| SandboxError::Engine(e.to_string()))?;
    match receive.recv_timeout(limit) {
        Ok(component) => component.map_err(|e| SandboxError::Component(Said::of_bytes(&e, given))),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(SandboxError::CompileLimit(limit)),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(SandboxError::Engine("the compiler broke".into()))
        }
    }
}
