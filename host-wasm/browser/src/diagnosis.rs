//! The diagnosis of gateways for browsers and Node.

use muster_core::diagnose::{DiagnoseOptions, diagnose_bundle};
use wasm_bindgen::prelude::*;

use crate::options::Fields;
use crate::{error, parsed};

#[wasm_bindgen]
extern "C" {
    /// The TypeScript interface `DiagnoseOptions`.
    #[wasm_bindgen(typescript_type = "DiagnoseOptions")]
    #[derive(Debug)]
    pub type JsDiagnoseOptions;
}

/// What is wrong with a gateway, out of the text of an evidence bundle.
#[expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript objects cross as owned handles"
)]
#[wasm_bindgen(skip_typescript)]
pub fn diagnose(bundle: &str, options: Option<JsDiagnoseOptions>) -> Result<JsValue, JsError> {
    parsed(&document(bundle, options.as_ref())?)
}

/// The same as JSON text.
#[expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript objects cross as owned handles"
)]
#[wasm_bindgen(js_name = diagnoseJson, skip_typescript)]
pub fn diagnose_json(bundle: &str, options: Option<JsDiagnoseOptions>) -> Result<String, JsError> {
    document(bundle, options.as_ref())
}

fn document(bundle: &str, options: Option<&JsDiagnoseOptions>) -> Result<String, JsError> {
    let fields = Fields::of(
        options.map(AsRef::as_ref),
        &["hours", "records", "now", "profile", "packs"],
    )?;
    let usual = DiagnoseOptions::default();
    let hours = fields.integer("hours")?.map(u32::try_from).transpose();
    let read = DiagnoseOptions {
        hours: hours
            .map_err(|_| error("hours: below zero"))?
            .unwrap_or(usual.hours),
        records: fields.size("records")?.unwrap_or(usual.records),
        now: fields.time("now")?,
        profile: fields.text("profile")?,
    };
    let packs = fields.texts("packs")?;
    let packs: Vec<&str> = packs.iter().map(String::as_str).collect();
    let view = diagnose_bundle(bundle, &packs, &read).map_err(|e| error(&e.to_string()))?;
    Ok(muster_core::to_json(&view))
}
