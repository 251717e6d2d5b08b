//! Options and parameters out of JavaScript objects.

use js_sys::{Array, JSON, Object};
use muster_core::view::FileTestFilter;
use muster_core::{ReadOptions, ReportParams, Timestamp, Window};
use wasm_bindgen::prelude::*;

use crate::error;

#[wasm_bindgen]
extern "C" {
    /// The TypeScript interface `ReadOptions`.
    #[wasm_bindgen(typescript_type = "ReadOptions")]
    #[derive(Debug)]
    pub type JsReadOptions;

    /// The TypeScript interface `ReportParams`.
    #[wasm_bindgen(typescript_type = "ReportParams")]
    #[derive(Debug)]
    pub type JsReportParams;
}

/// The largest shift of local time, in minutes: a day and a bit over any zone.
const MAX_OFFSET_MINUTES: i64 = 24 * 60;

pub(crate) fn read_options(options: Option<&JsReadOptions>) -> Result<ReadOptions, JsError> {
    let fields = Fields::of(
        options.map(AsRef::as_ref),
        &["from", "to", "against", "recent", "naiveOffsetMinutes"],
    )?;
    let mut read = ReadOptions {
        window: fields.window()?,
        ..ReadOptions::default()
    };
    if let Some(against) = fields.get("against")? {
        read.against = Some(Fields::of(Some(&against), &["from", "to"])?.window()?);
    }
    if let Some(recent) = fields.size("recent")? {
        read.recent = recent;
    }
    if let Some(minutes) = fields.integer("naiveOffsetMinutes")? {
        if minutes.abs() > MAX_OFFSET_MINUTES {
            return Err(error("naiveOffsetMinutes: more than a day"));
        }
        read.naive_shift_us = -minutes * 60_000_000;
    }
    Ok(read)
}

pub(crate) fn report_params(params: Option<&JsReportParams>) -> Result<ReportParams, JsError> {
    let fields = Fields::of(
        params.map(AsRef::as_ref),
        &["baselineModel", "workflow", "top", "files"],
    )?;
    let mut read = ReportParams {
        workflow: fields.text("workflow")?,
        ..ReportParams::default()
    };
    if let Some(model) = fields.text("baselineModel")? {
        read.baseline_model = model;
    }
    if let Some(top) = fields.size("top")? {
        read.top = top;
    }
    if let Some(files) = fields.get("files")? {
        let files = Fields::of(Some(&files), &["file", "failed", "stale", "limit"])?;
        read.files = FileTestFilter {
            file: files.text("file")?,
            failed: files.flag("failed")?,
            stale: files.flag("stale")?,
            limit: files.size("limit")?,
        };
    }
    Ok(read)
}

/// The fields of an object that may hold known ones only.
pub(crate) struct Fields<'a>(Option<&'a JsValue>);

impl<'a> Fields<'a> {
    pub(crate) fn of(object: Option<&'a JsValue>, known: &[&str]) -> Result<Self, JsError> {
        let Some(object) = object.filter(|o| !o.is_undefined() && !o.is_null()) else {
            return Ok(Self(None));
        };
        let entries = object
            .dyn_ref::<Object>()
            .ok_or_else(|| error("options: not an object"))?;
        let keys: Array = Object::keys(entries);
        for key in keys.iter().filter_map(|key| key.as_string()) {
            if !known.contains(&key.as_str()) {
                return Err(error(&format!("{key}: not an option")));
            }
        }
        Ok(Self(Some(object)))
    }

    pub(crate) fn get(&self, name: &str) -> Result<Option<JsValue>, JsError> {
        let Some(object) = self.0 else {
            return Ok(None);
        };
        let value = js_sys::Reflect::get(object, &name.into())
            .map_err(|_| error(&format!("{name}: cannot be read")))?;
        Ok(Some(value).filter(|value| !value.is_undefined() && !value.is_null()))
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, JsError> {
        self.get(name)?
            .map(|value| {
                value
                    .as_string()
                    .ok_or_else(|| error(&format!("{name}: not a string")))
            })
            .transpose()
    }

    /// An array of strings; empty where it is absent.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, JsError> {
        let Some(value) = self.get(name)? else {
            return Ok(Vec::new());
        };
        let not_texts = || error(&format!("{name}: not an array of strings"));
        let items = value.dyn_ref::<Array>().ok_or_else(not_texts)?;
        items
            .iter()
            .map(|item| item.as_string().ok_or_else(not_texts))
            .collect()
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, JsError> {
        self.get(name)?
            .map(|value| {
                value
                    .as_f64()
                    .and_then(exact_integer)
                    .ok_or_else(|| error(&format!("{name}: not an integer")))
            })
            .transpose()
    }

    pub(crate) fn size(&self, name: &str) -> Result<Option<usize>, JsError> {
        self.integer(name)?
            .map(|integer| {
                usize::try_from(integer).map_err(|_| error(&format!("{name}: below zero")))
            })
            .transpose()
    }

    /// A whole number of zero or more, up to 2^53.
    pub(crate) fn count(&self, name: &str) -> Result<Option<u64>, JsError> {
        self.get(name)?
            .map(|value| whole(name, value.as_f64().unwrap_or(f64::NAN)))
            .transpose()
    }

    /// Any value as JSON text.
    pub(crate) fn json(&self, name: &str) -> Result<Option<String>, JsError> {
        self.get(name)?
            .map(|value| {
                JSON::stringify(&value)
                    .ok()
                    .and_then(|text| text.as_string())
                    .ok_or_else(|| error(&format!("{name}: no JSON")))
            })
            .transpose()
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, JsError> {
        self.get(name)?.map_or(Ok(false), |value| {
            value
                .as_bool()
                .ok_or_else(|| error(&format!("{name}: not a boolean")))
        })
    }

    fn window(&self) -> Result<Window, JsError> {
        Ok(Window {
            from: self.time("from")?,
            to: self.time("to")?,
        })
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, JsError> {
        self.text(name)?
            .map(|text| {
                Timestamp::parse(&text).map_err(|e| error(&format!("{name}: {text} is {e}")))
            })
            .transpose()
    }
}

/// A moment: milliseconds since 1970, or a text in RFC 3339.
pub(crate) fn moment(name: &str, value: &JsValue) -> Result<Timestamp, JsError> {
    if let Some(text) = value.as_string() {
        return Timestamp::parse(&text).map_err(|e| error(&format!("{name}: {text} is {e}")));
    }
    let ms = value.as_f64().filter(|ms| ms.is_finite());
    // Whole milliseconds up to the year 9999 are exact.
    #[expect(clippy::cast_possible_truncation)]
    ms.and_then(|ms| Timestamp::from_millis(ms as i64).ok())
        .ok_or_else(|| {
            error(&format!(
                "{name}: neither milliseconds since 1970 nor a text in RFC 3339"
            ))
        })
}

/// An array of moments.
pub(crate) fn moments(name: &str, value: &JsValue) -> Result<Vec<Timestamp>, JsError> {
    let items = value
        .dyn_ref::<Array>()
        .ok_or_else(|| error(&format!("{name}: not an array")))?;
    items.iter().map(|item| moment(name, &item)).collect()
}

/// A whole number that doubles hold exactly, and not below zero.
pub(crate) fn whole(name: &str, number: f64) -> Result<u64, JsError> {
    const END: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = number as u64;
    if (0.0..=END).contains(&number) && number.fract() == 0.0 {
        Ok(whole)
    } else {
        Err(error(&format!("{name}: not a whole number from 0 to 2^53")))
    }
}

/// A number without fraction that fits 32 bits; minus zero is zero.
fn exact_integer(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation)]
    let integer = number as i32;
    (f64::from(integer).to_bits() == (number + 0.0).to_bits()).then(|| i64::from(integer))
}
