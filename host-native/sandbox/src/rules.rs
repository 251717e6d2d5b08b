//! Rules: foreign guests that judge a gateway by evidence that they ask for.

use std::path::Path;

use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::error::SandboxError;
use crate::limits::Limiter;
use crate::plugin::{Plugin, PluginLimits, World};
use bindings::{Rules, RulesPre};

/// The types of the interface, as generated.
pub mod judge {
    pub use super::bindings::exports::muster::plugin::judge::{
        Cause, Description, Event, Evidence, Finding, LogQuery, LogRecord, Proof, Remedy, Rule,
        Verdict,
    };
}

/// Generated from `host-wasm/wit/plugin`.
#[allow(clippy::pedantic, reason = "generated code")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../host-wasm/wit/plugin",
        world: "rules",
    });
}

impl World for Rules {
    type Pre = RulesPre<Limiter>;

    fn prepare(pre: InstancePre<Limiter>) -> wasmtime::Result<Self::Pre> {
        RulesPre::new(pre)
    }

    fn instantiate(pre: &Self::Pre, store: &mut Store<Limiter>) -> wasmtime::Result<Self> {
        pre.instantiate(store)
    }
}

/// A guest with rules, compiled once.
pub struct RulesGuest(Plugin<Rules>);

impl RulesGuest {
    /// Compiles a guest, or takes it from `cache`, a folder for compiled guests.
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

    /// What the guest says of itself.
    pub fn about(&mut self) -> Result<judge::Description, SandboxError> {
        self.0
            .call(|guest, store| guest.muster_plugin_judge().call_about(store))
    }

    /// What a rule finds, or why it cannot tell. A guest that has ended is replaced by a
    /// new one.
    pub fn judge(
        &mut self,
        rule: &str,
        given: &judge::Evidence,
    ) -> Result<Result<Vec<judge::Finding>, String>, SandboxError> {
        self.0
            .call(|guest, store| guest.muster_plugin_judge().call_judge(store, rule, given))
    }
}
