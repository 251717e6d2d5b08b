//! Diagnosis of gateways in a guest.

use crate::{DiagnoseOptions, Sandbox, SandboxError};

impl Sandbox {
    /// The JSON document of a diagnosis, from a guest of its own.
    pub fn diagnose(
        &self,
        bundle: &str,
        options: &DiagnoseOptions,
    ) -> Result<String, SandboxError> {
        let (mut guest, core) = self.guest()?;
        guest
            .run(|store| {
                core.muster_core_diagnosis()
                    .call_diagnose(store, bundle, options)
            })?
            .map_err(SandboxError::Guest)
    }
}
