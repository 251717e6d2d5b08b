//! A resource of the core in a guest of its own.

use wasmtime::Store;
use wasmtime::component::ResourceAny;

use crate::bindings::Core;
use crate::limits::Limiter;
use crate::{GuestError, Running, Sandbox, SandboxError};

/// A resource, and the guest that holds it and nothing else.
pub(crate) struct Held {
    guest: Running,
    core: Core,
    resource: ResourceAny,
}

impl Held {
    /// What `make` makes in a new guest.
    pub(crate) fn new(
        sandbox: &Sandbox,
        make: impl FnOnce(
            &Core,
            &mut Store<Limiter>,
        ) -> wasmtime::Result<Result<ResourceAny, GuestError>>,
    ) -> Result<Self, SandboxError> {
        let (mut guest, core) = sandbox.guest()?;
        let resource = guest.run(|store| make(&core, store))?;
        Ok(Self {
            guest,
            core,
            resource: resource.map_err(SandboxError::Guest)?,
        })
    }

    /// Calls a method that can answer with an error of its interface.
    pub(crate) fn call<T>(
        &mut self,
        call: impl FnOnce(
            &Core,
            &mut Store<Limiter>,
            ResourceAny,
        ) -> wasmtime::Result<Result<T, GuestError>>,
    ) -> Result<T, SandboxError> {
        let (core, resource) = (&self.core, self.resource);
        self.guest
            .run(|store| call(core, store, resource))?
            .map_err(SandboxError::Guest)
    }

    /// Calls a method that always has an answer.
    pub(crate) fn ask<T>(
        &mut self,
        ask: impl FnOnce(&Core, &mut Store<Limiter>, ResourceAny) -> wasmtime::Result<T>,
    ) -> Result<T, SandboxError> {
        self.call(|core, store, resource| ask(core, store, resource).map(Ok))
    }
}
