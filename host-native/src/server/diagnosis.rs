//! The last diagnosis of a gateway.

use std::sync::{PoisonError, RwLock};

use muster_core::Timestamp;
use muster_core::diagnose::{DEFAULT_HOURS, DEFAULT_RECORDS, DiagnoseOptions, Evidence, diagnose};
use muster_core::view::{DiagnosisView, LastDiagnosisView};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use super::Shared;
use super::answer::Refusal;
use crate::gateway::load_packs;

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

/// Makes a diagnosis of the evidence in a bundle.
pub(super) async fn make(shared: &Shared, asked: Diagnose) -> Result<LastDiagnosisView, Refusal> {
    let bundle = asked.bundle.ok_or_else(|| {
        Refusal::usage("bundle is missing").hint("send the text of an evidence bundle")
    })?;
    let hours = asked.hours.unwrap_or(DEFAULT_HOURS);
    if !(1..=MAX_HOURS).contains(&hours) {
        return Err(Refusal::usage(format!("hours={hours}: 1 to {MAX_HOURS}")));
    }
    let now = shared.settings.clock.fixed;
    let made = spawn_blocking(move || of_bundle(&bundle, hours, now)).await;
    let diagnosis = made.unwrap_or_else(|_| Err(Refusal::unreachable("the reading broke off")))?;
    let view = LastDiagnosisView {
        diagnosis: Some(diagnosis),
        made_at: Some(shared.clock.now()),
        source: Some("bundle"),
        error: None,
    };
    shared.diagnosis.set(view.clone());
    shared.versions.bump(&["diagnosis"]);
    Ok(view)
}

fn of_bundle(bundle: &str, hours: u32, now: Option<Timestamp>) -> Result<DiagnosisView, Refusal> {
    let rules = load_packs(&[])?;
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
