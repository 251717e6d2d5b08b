//! Foreign guests of the package `muster:plugin`: compiled once, without imports, called
//! within limits, and started anew where one has ended.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Cache, CacheConfig, Config, Engine, Store};

use crate::error::{Said, SandboxError};
use crate::limits::{Limiter, Limits};
use crate::{Running, imports_of, ticker};

/// No larger component is compiled.
pub const MAX_COMPONENT_BYTES: usize = 64 << 20;
/// A call gives no more than this, all texts of its answer together.
pub const MAX_OUTPUT_BYTES: usize = 4 << 20;

/// What a foreign guest may use.
#[derive(Clone, Copy, Debug)]
pub struct PluginLimits {
    /// What one guest may use.
    pub guest: Limits,
    /// How long compiling may take.
    pub compile: Duration,
}

impl Default for PluginLimits {
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

/// A world of the package: its bindings, as they are generated for each.
pub(crate) trait World: Sized {
    /// What an instance is made of.
    type Pre;
    /// Fails where a component is of another world.
    fn prepare(pre: InstancePre<Limiter>) -> wasmtime::Result<Self::Pre>;
    /// Makes an instance.
    fn instantiate(pre: &Self::Pre, store: &mut Store<Limiter>) -> wasmtime::Result<Self>;
}

/// A guest of a world.
pub(crate) struct Plugin<W: World> {
    engine: Engine,
    pre: W::Pre,
    limits: Limits,
    running: Option<(Running, W)>,
}

impl<W: World> Plugin<W> {
    /// Compiles a guest, or takes it from `cache`, a folder for compiled guests.
    ///
    /// Fails on bytes that are no component, on one that imports anything, on one of
    /// another world, and when compiling takes too long.
    pub(crate) fn new(
        component: &[u8],
        limits: PluginLimits,
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
            .and_then(W::prepare)
            .map_err(|e| SandboxError::Exports(Said::of(&e)))?;
        ticker::start(&engine).map_err(|e| SandboxError::Engine(e.to_string()))?;
        Ok(Self {
            engine,
            pre,
            limits: limits.guest,
            running: None,
        })
    }

    /// Makes a call, on a new guest where there is none.
    pub(crate) fn call<T>(
        &mut self,
        call: impl FnOnce(&W, &mut Store<Limiter>) -> wasmtime::Result<T>,
    ) -> Result<T, SandboxError> {
        let (guest, bindings) = if let Some(running) = self.running.take() {
            self.running.insert(running)
        } else {
            let mut guest = Running::new(&self.engine, self.limits);
            guest.limit_output(MAX_OUTPUT_BYTES);
            let bindings = guest.run(|store| W::instantiate(&self.pre, store))?;
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
