//! Who is alive, for browsers and Node.

use js_sys::Array;
use muster_core::coordination::FleetRow;
use muster_core::liveness::{FleetWatch as CoreWatch, LivenessOptions};
use muster_core::record::heartbeat::Heartbeat;
use muster_core::view::{AgentView, TransitionView, WakeView};
use muster_core::{Timestamp, to_json};
use wasm_bindgen::prelude::*;

use crate::options::{Fields, moment, moments};
use crate::{error, parsed};

#[wasm_bindgen]
extern "C" {
    /// The TypeScript type `Moment`.
    #[wasm_bindgen(typescript_type = "Moment")]
    #[derive(Debug)]
    pub type JsMoment;

    /// The TypeScript interface `LivenessOptions`.
    #[wasm_bindgen(typescript_type = "LivenessOptions")]
    #[derive(Debug)]
    pub type JsLivenessOptions;

    /// The TypeScript interface `AgentBeats`.
    #[wasm_bindgen(typescript_type = "AgentBeats")]
    #[derive(Debug)]
    pub type JsAgentBeats;
}

/// The state of an agent at `now`, of which this has just been read.
#[expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript objects cross as owned handles"
)]
#[wasm_bindgen(js_name = assessAgent, skip_typescript)]
pub fn assess_agent(
    agent: JsAgentBeats,
    now: JsMoment,
    options: Option<JsLivenessOptions>,
) -> Result<JsValue, JsError> {
    let row = fleet_row(agent.as_ref())?;
    let now = moment("now", now.as_ref())?;
    let options = liveness_options(options.as_ref())?;
    parsed(&to_json(&AgentView::of(&row, now, &options, &[], None)))
}

/// A fleet that is watched: says when an agent changes its state.
#[wasm_bindgen(skip_typescript)]
#[derive(Debug)]
pub struct FleetWatch {
    watch: CoreWatch,
    now: Timestamp,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript objects cross as owned handles"
)]
#[wasm_bindgen]
impl FleetWatch {
    /// Watches with these limits. Fails on options that make no sense.
    #[wasm_bindgen(constructor)]
    pub fn new(options: Option<JsLivenessOptions>) -> Result<Self, JsError> {
        Ok(Self {
            watch: CoreWatch::new(liveness_options(options.as_ref())?),
            now: Timestamp::MIN,
        })
    }

    /// All that is known at `now`. Who is not in it is forgotten.
    #[wasm_bindgen(js_name = handleFleet)]
    pub fn handle_fleet(&mut self, now: JsMoment, agents: JsValue) -> Result<(), JsError> {
        let now = moment("now", now.as_ref())?;
        let agents = agents
            .dyn_ref::<Array>()
            .ok_or_else(|| error("agents: not an array"))?;
        let rows = agents.iter().map(|agent| fleet_row(&agent));
        self.watch
            .handle_fleet(now, rows.collect::<Result<_, _>>()?);
        self.now = now;
        Ok(())
    }

    /// Time has gone on.
    #[wasm_bindgen(js_name = handleTimeout)]
    pub fn handle_timeout(&mut self, now: JsMoment) -> Result<(), JsError> {
        self.now = moment("now", now.as_ref())?;
        self.watch.handle_timeout(self.now);
        Ok(())
    }

    /// The next transition, in the order in which they came about.
    #[wasm_bindgen(js_name = pollTransition)]
    pub fn poll_transition(&mut self) -> Result<JsValue, JsError> {
        match self.watch.poll_transition() {
            Some(transition) => parsed(&to_json(&TransitionView::from(transition))),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// When `handleTimeout` has something to do.
    #[wasm_bindgen(js_name = pollTimeout)]
    pub fn poll_timeout(&self) -> Result<JsValue, JsError> {
        match self.watch.poll_timeout() {
            Some(wake) => parsed(&to_json(&WakeView::from(wake))),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// All agents as of the last call, by id.
    pub fn agents(&self) -> Result<JsValue, JsError> {
        parsed(&self.agents_json())
    }

    /// The same as JSON text.
    #[wasm_bindgen(js_name = agentsJson)]
    pub fn agents_json(&self) -> String {
        let agents = self.watch.agents();
        let views: Vec<AgentView> = agents
            .map(|(row, liveness)| AgentView::with(row, liveness, self.now, &[], None))
            .collect();
        to_json(&views)
    }
}

fn liveness_options(options: Option<&JsLivenessOptions>) -> Result<LivenessOptions, JsError> {
    let fields = Fields::of(
        options.map(AsRef::as_ref),
        &[
            "defaultIntervalMs",
            "latePercent",
            "staleIntervals",
            "staleFloorMs",
            "skewMs",
        ],
    )?;
    let usual = LivenessOptions::default();
    let micros = |name: &str, otherwise: u64| {
        let ms = fields.count(name)?;
        Ok::<_, JsError>(ms.map_or(otherwise, |ms| ms.saturating_mul(1000)))
    };
    Ok(LivenessOptions {
        default_interval_us: micros("defaultIntervalMs", usual.default_interval_us)?,
        late_percent: fields.count("latePercent")?.unwrap_or(usual.late_percent),
        stale_intervals: fields
            .count("staleIntervals")?
            .unwrap_or(usual.stale_intervals),
        stale_floor_us: micros("staleFloorMs", usual.stale_floor_us)?,
        skew_us: micros("skewMs", usual.skew_us)?,
    })
}

fn fleet_row(agent: &JsValue) -> Result<FleetRow, JsError> {
    let known = ["beat", "arrivals", "expiresAt", "ageByStoreMs"];
    let fields = Fields::of(Some(agent), &known)?;
    let beat = fields.json("beat")?.ok_or_else(|| error("beat: missing"))?;
    let expires_at = fields
        .get("expiresAt")?
        .ok_or_else(|| error("expiresAt: missing"))?;
    let by_store = fields.count("ageByStoreMs")?;
    Ok(FleetRow {
        beat: Heartbeat::parse(&beat).map_err(|why| error(&format!("beat: {why}")))?,
        arrivals: match fields.get("arrivals")? {
            Some(arrivals) => moments("arrivals", &arrivals)?,
            None => Vec::new(),
        },
        expires_at: moment("expiresAt", &expires_at)?,
        run: None,
        age_by_store_us: by_store.map(|ms| ms.saturating_mul(1000)),
    })
}
