//! The last diagnosis of a gateway.

use std::sync::{Arc, PoisonError, RwLock};

use muster_core::Timestamp;
use muster_core::diagnose::{
    DEFAULT_HOURS, DEFAULT_RECORDS, DiagnoseOptions, Evidence, Rulebook, diagnose,
};
use muster_core::view::{DiagnosisView, LastDiagnosisView};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use super::Shared;
use super::answer::Refusal;
use crate::gateway::{DEFAULT_PROFILE, Watched, collect, redact};

/// Older evidence than a year is not asked for.
const MAX_HOURS: u32 = 8760;

/// The last diagnosis that was made.
#[derive(Debug, Default)]
pub(super) struct LastDiagnosis(RwLock<Option<LastDiagnosisView>>);

/// What a diagnosis is made of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Diagnose {
    bundle: Option<String>,
    hours: Option<u32>,
}

impl LastDiagnosis {
    /// What is known.
    pub(super) fn view(&self) -> LastDiagnosisView {
        let last = self.0.read().unwrap_or_else(PoisonError::into_inner);
        last.clone().unwrap_or_default()
    }

    fn set(&self, view: LastDiagnosisView) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(view);
    }
}

/// Makes a diagnosis of the evidence in a bundle, or of the gateway that runs here.
pub(super) async fn make(shared: &Shared, asked: Diagnose) -> Result<LastDiagnosisView, Refusal> {
    let hours = asked.hours.unwrap_or(DEFAULT_HOURS);
    if !(1..=MAX_HOURS).contains(&hours) {
        return Err(Refusal::usage(format!("hours={hours}: 1 to {MAX_HOURS}")));
    }
    let (source, bundle) = match asked.bundle {
        Some(bundle) => ("bundle", bundle),
        None => ("live", live(shared, hours).await?),
    };
    let now = shared.settings.clock.fixed;
    let made = spawn_blocking(move || of_bundle(&bundle, hours, now)).await;
    let diagnosis = made.unwrap_or_else(|_| Err(Refusal::unreachable("the reading broke off")))?;
    let view = LastDiagnosisView {
        diagnosis: Some(diagnosis),
        made_at: Some(shared.clock.now()),
        source: Some(source),
        error: None,
    };
    shared.diagnosis.set(view.clone());
    shared.versions.bump(&["diagnosis"]);
    Ok(view)
}

/// The evidence of the gateway that runs here. Collecting changes nothing.
async fn live(shared: &Shared, hours: u32) -> Result<String, Refusal> {
    if let Some(evidence) = shared.settings.evidence {
        return Ok(evidence(shared.clock.now()));
    }
    let profile = shared.settings.config.profile(DEFAULT_PROFILE)?;
    let watched = Watched::of(&Rulebook::gateway());
    let now = shared.clock.now();
    let mut bundle = Box::pin(collect(&Arc::new(profile), &watched, now, hours)).await;
    redact(&mut bundle, true);
    Ok(bundle.into_json())
}

fn of_bundle(bundle: &str, hours: u32, now: Option<Timestamp>) -> Result<DiagnosisView, Refusal> {
    let rules = Rulebook::gateway();
    let options = DiagnoseOptions {
        hours,
        records: DEFAULT_RECORDS,
        now,
        profile: None,
    };
    let unusable = |why: String| {
        Refusal::from(crate::error::Failure::unusable(why).hint(
            "a bundle is `{\"muster_bundle\":1,\"now_ms\":...,\"evidence\":{...}}`; see docs/gateway.md",
        ))
    };
    let evidence = Evidence::parse_bundle(bundle, &rules, options.records)
        .map_err(|error| unusable(format!("no evidence bundle: {error}")))?;
    let now = options
        .now
        .or(evidence.now)
        .ok_or_else(|| unusable("the bundle states no time".into()))?;
    Ok(diagnose(&evidence, &rules, now, &options))
}
