//! How good the work of one stage of a workflow was.

use alloc::string::String;

use super::stored_time;
use crate::decimal::Decimal;
use crate::json::{Fields, RecordError, Value};
use crate::json_object::JsonObject;
use crate::time::Timestamp;

/// One score, as stores hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualityFeedback {
    /// `feedback_id`: its id, `feedback_` and hexadecimal digits; empty where none is stated.
    pub feedback_id: String,
    /// `workflow_name`: of which workflow.
    pub workflow_name: String,
    /// `stage_name`: of which stage.
    pub stage_name: String,
    /// `tier`: the price class that did the work.
    pub tier: String,
    /// `quality_score`: from 0 to 1.
    pub quality_score: Decimal,
    /// `timestamp`: when it was given; a time without an offset is UTC.
    pub timestamp: Option<Timestamp>,
    /// `metadata`: further facts.
    pub metadata: JsonObject,
}

impl QualityFeedback {
    /// Reads one value. `workflow_name`, `stage_name`, `tier` and `quality_score` must be there.
    pub fn parse(value: &str) -> Result<Self, RecordError> {
        let fields = Fields::parse(value)?;
        let score = fields.require("quality_score")?;
        let quality_score = Decimal::from_nanos(score.signed(9)?);
        if !(Decimal::ZERO..=Decimal::ONE).contains(&quality_score) {
            return Err(score.bad());
        }
        Ok(Self {
            feedback_id: fields.get_or("feedback_id", "".into(), Value::text)?.into(),
            workflow_name: fields.require("workflow_name")?.text()?.into(),
            stage_name: fields.require("stage_name")?.text()?.into(),
            tier: fields.require("tier")?.text()?.into(),
            quality_score,
            timestamp: stored_time(&fields, "timestamp")?,
            metadata: fields.get_or("metadata", JsonObject::default(), Value::json_object)?,
        })
    }
}
