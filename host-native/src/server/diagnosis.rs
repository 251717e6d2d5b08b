//! The last diagnosis of a gateway, and when the next one is made.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use muster_core::diagnose::{
    DEFAULT_HOURS, DEFAULT_RECORDS, DiagnoseOptions, Evidence, Rulebook, diagnose,
};
use muster_core::view::{DiagnosisScheduleView, DiagnosisView, LastDiagnosisView};
use muster_core::{Timestamp, US_PER_SECOND};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Shared;
use super::answer::Refusal;
use super::choices::Choices;
use crate::config::{Config, DiagnosisSettings, MAX_DIAGNOSIS_MINUTES};
use crate::error::describe;
use crate::gateway::{BUILT_IN, DEFAULT_PROFILE, Watched, collect, redact};

/// Older evidence than a year is not asked for.
const MAX_HOURS: u32 = 8760;

/// The last diagnosis that was made, and how often one is made without being asked for.
#[derive(Debug)]
pub(super) struct LastDiagnosis {
    of_settings: DiagnosisSettings,
    profiles: Vec<String>,
    choices: Choices,
    state: Mutex<State>,
    /// The schedule is another one.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    last: LastDiagnosisView,
    chosen: Option<Schedule>,
    next_at: Option<Timestamp>,
}

/// How often to look, and at what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schedule {
    /// 0: only when asked for; `None`: as the settings say.
    every_minutes: Option<u64>,
    /// `None`: as the settings say.
    profile: Option<String>,
}

/// What a diagnosis is made of.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Diagnose {
    bundle: Option<String>,
    hours: Option<u32>,
    profile: Option<String>,
}

impl LastDiagnosis {
    /// None yet, on the schedule of the settings or that which was chosen before.
    pub(super) fn new(config: &Config, state: Option<&Path>) -> Self {
        let own = config.profiles.keys().map(String::as_str);
        let own = own.filter(|name| !BUILT_IN.contains(name));
        let choices = Choices::new(state, "diagnosis.json");
        Self {
            of_settings: config.diagnosis.clone(),
            profiles: BUILT_IN.into_iter().chain(own).map(String::from).collect(),
            state: Mutex::new(State {
                last: LastDiagnosisView::default(),
                chosen: choices.load(),
                next_at: None,
            }),
            choices,
            changed: Notify::new(),
        }
    }

    /// What is known.
    pub(super) fn view(&self) -> LastDiagnosisView {
        let state = self.state();
        let schedule = DiagnosisScheduleView {
            every_minutes: self.every_minutes(&state),
            profile: self.profile(&state),
            profiles: self.profiles.clone(),
            is_chosen: state.chosen.is_some(),
            next_at: state.next_at,
        };
        LastDiagnosisView {
            schedule,
            ..state.last.clone()
        }
    }

    /// Whether the last one is `ok`, and what it says.
    pub(super) fn finding(&self) -> Option<(bool, String)> {
        let state = self.state();
        let diagnosis = state.last.diagnosis.as_ref()?;
        Some((diagnosis.is_ok(), diagnosis.summary.clone()))
    }

    fn every_minutes(&self, state: &State) -> Option<u64> {
        let chosen = state.chosen.as_ref().and_then(|it| it.every_minutes);
        chosen
            .or(self.of_settings.every_minutes)
            .filter(|minutes| *minutes > 0)
    }

    fn profile(&self, state: &State) -> String {
        let chosen = state.chosen.as_ref().and_then(|it| it.profile.clone());
        chosen
            .or_else(|| self.of_settings.profile.clone())
            .unwrap_or_else(|| DEFAULT_PROFILE.into())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Chooses how often to look and at what; without either it is as the settings say.
pub(super) fn choose(shared: &Shared, asked: Schedule) -> Result<LastDiagnosisView, Refusal> {
    let own = &shared.diagnosis;
    if let Some(minutes) = asked.every_minutes
        && minutes > MAX_DIAGNOSIS_MINUTES
    {
        let message = format!("every_minutes={minutes}: at most {MAX_DIAGNOSIS_MINUTES}, a week");
        return Err(Refusal::usage(message));
    }
    if let Some(profile) = &asked.profile {
        shared.settings.config.profile(profile)?;
    }
    let is_any = asked.every_minutes.is_some() || asked.profile.is_some();
    let chosen = is_any.then_some(asked);
    own.choices.save(&chosen).map_err(|error| {
        Refusal::unreachable(format!("the choice cannot be kept: {}", describe(&error)))
    })?;
    {
        let mut state = own.state();
        state.chosen = chosen;
        // It is set anew by the watch.
        state.next_at = None;
    }
    own.changed.notify_one();
    shared.versions.bump(&["diagnosis"]);
    Ok(own.view())
}

/// Looks again and again, as often as the schedule says.
pub(super) async fn watch(shared: Arc<Shared>) {
    let own = &shared.diagnosis;
    loop {
        let every = own.every_minutes(&own.state());
        let Some(minutes) = every else {
            own.state().next_at = None;
            own.changed.notified().await;
            continue;
        };
        if let Err(refusal) = make(&shared, Diagnose::default()).await {
            own.state().last.error = Some(refusal.problem());
        }
        let us = i64::try_from(minutes).unwrap_or(i64::MAX);
        let us = us.saturating_mul(60 * US_PER_SECOND);
        own.state().next_at = Some(shared.clock.now().saturating_add_us(us));
        shared.versions.bump(&["diagnosis"]);
        tokio::select! {
            () = sleep(Duration::from_secs(minutes.saturating_mul(60))) => {}
            () = own.changed.notified() => {}
        }
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
        None => ("live", live(shared, hours, asked.profile).await?),
    };
    let now = shared.settings.clock.fixed;
    let made = spawn_blocking(move || of_bundle(&bundle, hours, now)).await;
    let diagnosis = made.unwrap_or_else(|_| Err(Refusal::unreachable("the reading broke off")))?;
    let view = LastDiagnosisView {
        diagnosis: Some(diagnosis),
        made_at: Some(shared.clock.now()),
        source: Some(source),
        error: None,
        schedule: DiagnosisScheduleView::default(),
    };
    shared.diagnosis.state().last = view;
    shared.versions.bump(&["diagnosis"]);
    Ok(shared.diagnosis.view())
}

/// The evidence of the gateway that runs here. Collecting changes nothing.
async fn live(shared: &Shared, hours: u32, profile: Option<String>) -> Result<String, Refusal> {
    if let Some(evidence) = shared.settings.evidence {
        return Ok(evidence(shared.clock.now()));
    }
    let profile = profile.unwrap_or_else(|| {
        let own = &shared.diagnosis;
        own.profile(&own.state())
    });
    let profile = shared.settings.config.profile(&profile)?;
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
