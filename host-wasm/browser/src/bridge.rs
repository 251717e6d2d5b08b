//! The bridge for browsers and Node.

use js_sys::JSON;
use muster_core::Timestamp;
use muster_core::bridge::{
    BridgeOptions, ErrorPatterns, MessageRedaction, Producer, Replay, ReplayClock, ReplayOptions,
};
use wasm_bindgen::prelude::*;

use crate::options::Fields;
use crate::{error, parsed};

#[wasm_bindgen]
extern "C" {
    /// The TypeScript interface `ReplayOptions`.
    #[wasm_bindgen(typescript_type = "ReplayOptions")]
    #[derive(Debug)]
    pub type JsReplayOptions;
}

/// From the events of running workflows to telemetry entries.
#[wasm_bindgen(skip_typescript)]
#[derive(Debug)]
pub struct BridgeReplay(Replay);

#[expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript objects cross as owned handles"
)]
#[wasm_bindgen]
impl BridgeReplay {
    /// A stream that begins. Fails on options that make no sense.
    #[wasm_bindgen(constructor)]
    pub fn new(options: Option<JsReplayOptions>) -> Result<Self, JsError> {
        let options = replay_options(options.as_ref().map(AsRef::as_ref))?;
        Ok(Self(Replay::new(options)))
    }

    /// Takes the next bytes of the stream, read at `now`, milliseconds since 1970,
    /// and gives the entries of the lines that end in them.
    pub fn push(&mut self, now: f64, chunk: &[u8]) -> Result<String, JsError> {
        let mut out = String::new();
        self.0.push(time(now)?, chunk, &mut out);
        Ok(out)
    }

    /// The stream is over: what is open is drained, unless it is to be left.
    pub fn finish(&mut self, now: f64) -> Result<String, JsError> {
        let mut out = String::new();
        self.0.finish(time(now)?, &mut out);
        Ok(out)
    }

    /// What has been seen.
    pub fn summary(&self) -> Result<JsValue, JsError> {
        parsed(&self.summary_json())
    }

    /// The same as JSON text.
    #[wasm_bindgen(js_name = summaryJson)]
    pub fn summary_json(&self) -> String {
        muster_core::to_json(&self.0.summary())
    }
}

fn replay_options(options: Option<&JsValue>) -> Result<ReplayOptions, JsError> {
    let known = [
        "parentId",
        "producer",
        "start",
        "stepMs",
        "outerRun",
        "redactNames",
        "classify",
        "leaveOpen",
    ];
    let fields = Fields::of(options, &known)?;
    let step_ms = fields.integer("stepMs")?;
    let clock = fields.time("start")?.map(|start| ReplayClock {
        start,
        step_us: step_ms.unwrap_or(0) * 1000,
    });
    if step_ms.is_some() && clock.is_none() {
        return Err(error("stepMs: nothing without start"));
    }
    let redaction = if fields.flag("redactNames")? {
        MessageRedaction::AllNames
    } else {
        MessageRedaction::EngineNames
    };
    Ok(ReplayOptions {
        bridge: BridgeOptions {
            redaction,
            patterns: document(&fields, "classify", ErrorPatterns::parse)?,
            outer_run: fields.flag("outerRun")?,
        },
        parent_id: fields.text("parentId")?,
        producer: document(&fields, "producer", Producer::parse)?,
        clock,
        leave_open: fields.flag("leaveOpen")?,
        mapping: None,
    })
}

/// What `parse` makes of an object, or the default without one.
fn document<T: Default, E: ToString>(
    fields: &Fields<'_>,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, JsError> {
    let Some(value) = fields.get(name)? else {
        return Ok(T::default());
    };
    let text = JSON::stringify(&value)
        .ok()
        .and_then(|text| text.as_string())
        .ok_or_else(|| error(&format!("{name}: no JSON")))?;
    parse(&text).map_err(|why| error(&format!("{name}: {}", why.to_string())))
}

pub(crate) fn time(ms: f64) -> Result<Timestamp, JsError> {
    // Whole milliseconds up to the year 9999 are exact.
    #[expect(clippy::cast_possible_truncation)]
    let whole = ms as i64;
    Timestamp::from_millis(whole)
        .ok()
        .filter(|_| !ms.is_nan())
        .ok_or_else(|| error("now: not a time in milliseconds since 1970"))
}
