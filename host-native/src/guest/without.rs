//! What stands in for the sandbox in a build without it.

use std::convert::Infallible;
use std::fmt;
use std::path::Path;

use muster_core::diagnose::{ForeignFault, ForeignFinding, ForeignPack, ForeignRules, Given};

use super::GuestFile;
use crate::error::Failure;

/// That there is no sandbox.
pub(super) struct SandboxError;

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this muster was built without guests; build it with --features guests")
    }
}

impl SandboxError {
    #[expect(clippy::unused_self, reason = "as of the sandbox")]
    pub(super) fn detail(&self) -> Option<&str> {
        None
    }
}

#[derive(Default)]
pub(super) struct PluginLimits(());

/// A price that a decoder states.
pub(super) struct Price {
    pub(super) model: String,
    pub(super) input: String,
    pub(super) output: String,
}

/// What a decoder says of itself.
pub(super) struct Description {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) log: String,
    pub(super) prices: Vec<Price>,
}

/// A guest that cannot be made.
pub(super) struct DecoderGuest(Infallible);

impl DecoderGuest {
    pub(super) fn new(
        _component: &[u8],
        _limits: PluginLimits,
        _cache: Option<&Path>,
    ) -> Result<Self, SandboxError> {
        Err(SandboxError)
    }

    pub(super) fn about(&mut self) -> Result<Description, SandboxError> {
        match self.0 {}
    }

    pub(super) fn start(&mut self, _file: &str) -> Result<(), SandboxError> {
        match self.0 {}
    }

    pub(super) fn line(&mut self, _text: &str) -> Result<Result<String, String>, SandboxError> {
        match self.0 {}
    }

    pub(super) fn finish(&mut self) -> Result<Result<String, String>, SandboxError> {
        match self.0 {}
    }
}

/// A guest with rules, which cannot be made either.
#[derive(Debug)]
pub struct RuleGuest(Infallible);

impl RuleGuest {
    /// Always fails.
    pub fn open(file: &GuestFile) -> Result<Self, Failure> {
        file.read("rules", "muster:plugin/rules")?;
        Err(file.refused("rules", &SandboxError))
    }
}

impl ForeignRules for RuleGuest {
    fn pack(&self) -> &ForeignPack {
        match self.0 {}
    }

    fn judge(&mut self, _rule: &str, _given: &Given) -> Result<Vec<ForeignFinding>, ForeignFault> {
        match self.0 {}
    }
}
