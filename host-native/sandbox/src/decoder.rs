//! Decoders: foreign guests that turn log lines into records.

use std::path::Path;

use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::error::SandboxError;
use crate::limits::Limiter;
use crate::plugin::{Plugin, PluginLimits, World};
use bindings::{Decoder, DecoderPre};

pub use bindings::exports::muster::plugin::decode::{Description, Price};

/// Generated from `host-wasm/wit/plugin`.
#[allow(clippy::pedantic, reason = "generated code")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../host-wasm/wit/plugin",
        world: "decoder",
    });
}

impl World for Decoder {
    type Pre = DecoderPre<Limiter>;

    fn prepare(pre: InstancePre<Limiter>) -> wasmtime::Result<Self::Pre> {
        DecoderPre::new(pre)
    }

    fn instantiate(pre: &Self::Pre, store: &mut Store<Limiter>) -> wasmtime::Result<Self> {
        pre.instantiate(store)
    }
}

/// A decoder, compiled once.
pub struct DecoderGuest(Plugin<Decoder>);

impl DecoderGuest {
    /// Compiles a decoder, or takes it from `cache`, a folder for compiled guests.
    ///
    /// Fails on bytes that are no component, on one that imports anything, on one of
    /// another world, and when compiling takes too long.
    pub fn new(
        component: &[u8],
        limits: PluginLimits,
        cache: Option<&Path>,
    ) -> Result<Self, SandboxError> {
        Plugin::new(component, limits, cache).map(Self)
    }

    /// What the decoder says of itself.
    pub fn about(&mut self) -> Result<Description, SandboxError> {
        self.0
            .call(|guest, store| guest.muster_plugin_decode().call_about(store))
    }

    /// A file begins. A guest that has ended is replaced by a new one.
    pub fn start(&mut self, file: &str) -> Result<(), SandboxError> {
        self.0
            .call(|guest, store| guest.muster_plugin_decode().call_start(store, file))
    }

    /// The records of one line, or why it is malformed.
    pub fn line(&mut self, text: &str) -> Result<Result<String, String>, SandboxError> {
        self.0
            .call(|guest, store| guest.muster_plugin_decode().call_line(store, text))
    }

    /// The records that are left at the end of a file.
    pub fn finish(&mut self) -> Result<Result<String, String>, SandboxError> {
        self.0
            .call(|guest, store| guest.muster_plugin_decode().call_finish(store))
    }
}
