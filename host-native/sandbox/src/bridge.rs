//! Guests that replay streams of workflow events.

use wasmtime::Store;
use wasmtime::component::ResourceAny;

use crate::bindings::Core;
use crate::bindings::exports::muster::core::bridge::{Guest, ReplayOptions};
use crate::limits::Limiter;
use crate::{GuestError, Running, Sandbox, SandboxError};

impl Sandbox {
    /// A guest with its own memory that has seen no event.
    pub fn replay(&self, options: &ReplayOptions) -> Result<Replay, SandboxError> {
        let (mut guest, core) = self.guest()?;
        let made = guest.run(|store| bridge(&core).replay().call_constructor(store, options))?;
        Ok(Replay {
            guest,
            core,
            resource: made.map_err(SandboxError::Guest)?,
        })
    }
}

/// One guest that replays a stream.
pub struct Replay {
    guest: Running,
    core: Core,
    resource: ResourceAny,
}

impl Replay {
    /// Takes the next text of the stream, read at `now_us`, and gives entries.
    pub fn push(&mut self, now_us: i64, chunk: &str) -> Result<String, SandboxError> {
        self.call(|bridge, store, this| bridge.replay().call_push(store, this, now_us, chunk))
    }

    /// Takes the next bytes of the stream, which need not be UTF-8.
    pub fn push_bytes(&mut self, now_us: i64, chunk: &[u8]) -> Result<String, SandboxError> {
        self.call(|bridge, store, this| bridge.replay().call_push_bytes(store, this, now_us, chunk))
    }

    /// The stream is over.
    pub fn finish(&mut self, now_us: i64) -> Result<String, SandboxError> {
        self.call(|bridge, store, this| bridge.replay().call_finish(store, this, now_us))
    }

    /// What has been seen, as a JSON document.
    pub fn summary_json(&mut self) -> Result<String, SandboxError> {
        self.call(|bridge, store, this| bridge.replay().call_summary_json(store, this).map(Ok))
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
            .run(|store| call(bridge(core), store, resource))?
            .map_err(SandboxError::Guest)
    }
}

fn bridge(core: &Core) -> &Guest {
    core.muster_core_bridge()
}
