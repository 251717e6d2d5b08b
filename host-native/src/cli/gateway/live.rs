//! Evidence of the gateway that runs here, for several commands.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use muster_core::Timestamp;
use muster_core::diagnose::DiagnoseOptions;
use muster_core::view::DiagnosisView;

use crate::cli::{Context, session};
use crate::error::Failure;
use crate::gateway::{Bundle, DEFAULT_PROFILE, Manager, Profile, Rules, Watched, collect, redact};

/// Which set-up is looked at, by which rules.
#[derive(Args, Clone, Debug)]
pub(crate) struct LiveArgs {
    /// The set-up: joelclaw, systemd, process, or one of muster.toml [default: joelclaw]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Add the rule packs and guests in this folder; can be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Vec<PathBuf>,
}

/// A set-up with the rules for it.
pub(crate) struct Live {
    pub(crate) profile: Arc<Profile>,
    pub(crate) rules: Rules,
    watched: Watched,
}

impl LiveArgs {
    /// The profile by its name, from the files or built in.
    pub(crate) fn profile(&self, context: &Context) -> Result<Profile, Failure> {
        let name = self.profile.as_deref().unwrap_or(DEFAULT_PROFILE);
        context.config(Path::new("."))?.profile(name)
    }

    pub(crate) fn open(&self, context: &Context) -> Result<Live, Failure> {
        let rules = Rules::load(&self.rules)?;
        Ok(Live {
            profile: Arc::new(self.profile(context)?),
            watched: Watched::of(&rules.book),
            rules,
        })
    }
}

impl Live {
    /// Collects everything; keys and tokens are left out, and without `keep_text` also
    /// messages and who wrote them.
    pub(crate) async fn collect(&self, now: Timestamp, hours: u32, keep_text: bool) -> Bundle {
        let mut bundle = Box::pin(collect(&self.profile, &self.watched, now, hours)).await;
        redact(&mut bundle, keep_text);
        bundle
    }

    /// Diagnoses a bundle that was collected just now.
    pub(crate) fn diagnose(
        &self,
        bundle: Bundle,
        options: &DiagnoseOptions,
    ) -> Result<DiagnosisView, Failure> {
        let judged = self.rules.judge(&bundle.into_json(), options);
        let mut view = judged.map_err(|error| {
            Failure::defect(format!("the collected evidence is no bundle: {error}"))
        })?;
        if !self.profile.is_gateway {
            self.name_service(&mut view);
        }
        Ok(view)
    }

    /// The built-in remedies name the commands of a gateway; another daemon has its own.
    fn name_service(&self, view: &mut DiagnosisView) {
        let user = if self.profile.user_service {
            " --user"
        } else {
            ""
        };
        let unit = match (self.profile.manager, &self.profile.service) {
            (Some(Manager::Systemd), Some(unit)) => Some(unit),
            _ => None,
        };
        for remedy in &mut view.remedies {
            let verb = match remedy.id.as_str() {
                "gateway_restart" | "gateway_restart_optional" => "restart",
                "gateway_enable" => "enable --now",
                _ => continue,
            };
            remedy.text = remedy.text.replace("the gateway", &self.profile.name);
            remedy.command = unit.map(|unit| format!("systemctl{user} {verb} {unit}"));
        }
        if view.cause == "process.not_running" {
            view.summary = view.summary.replace("The gateway", &self.profile.name);
        }
    }
}

/// Runs the work of a command. A file or a server that never answers does not keep the
/// process when the work is done.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = session::runtime()?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    outcome
}
