//! Diagnoses of failed runs: the lines of `diagnosis_records.jsonl`, schema version 1.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::json::{Fields, RecordError, Value};
use crate::time::Timestamp;

/// One diagnosis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis<'a> {
    /// `schema_version`: the version of the format; known is 1.
    pub schema_version: Option<u64>,
    /// `diagnosis_id`: the diagnosis' id.
    pub diagnosis_id: Cow<'a, str>,
    /// `source_run_id`: the run that failed.
    pub source_run_id: Cow<'a, str>,
    /// `workflow_name`: which workflow.
    pub workflow: Cow<'a, str>,
    /// `created_at`: when it was begun.
    pub created_at: Timestamp,
    /// `status`: how far it is, else `open`.
    pub status: Cow<'a, str>,
    /// `origin`: where it comes from, else `operational`.
    pub origin: Cow<'a, str>,
    /// `symptom`: what was seen.
    pub symptom: Cow<'a, str>,
    /// `prior_lessons`: lessons of earlier runs.
    pub prior_lessons: Vec<Cow<'a, str>>,
    /// `priors_degraded`: why there are none.
    pub priors_degraded: Option<Cow<'a, str>>,
    /// `evidence`: what was found.
    pub evidence: Vec<Evidence<'a>>,
    /// `hypotheses`: what may be the cause.
    pub hypotheses: Vec<Hypothesis<'a>>,
    /// `synthesis`: what is held to be the cause.
    pub synthesis: Option<Cow<'a, str>>,
    /// `dissent`: what speaks against it.
    pub dissent: Vec<Cow<'a, str>>,
    /// `panel`: who was asked, as JSON text.
    pub panel: &'a str,
    /// `proposed_fix`: what to do, as JSON text.
    pub proposed_fix: &'a str,
    /// `config_used`: the settings, as JSON text.
    pub config_used: &'a str,
}

impl<'a> Diagnosis<'a> {
    /// Reads one line. `diagnosis_id`, `source_run_id`, `workflow_name` and `created_at` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            schema_version: fields.get_or_null("schema_version", Value::count)?,
            diagnosis_id: fields.require("diagnosis_id")?.text()?,
            source_run_id: fields.require("source_run_id")?.text()?,
            workflow: fields.require("workflow_name")?.text()?,
            created_at: fields.require("created_at")?.time()?,
            status: fields.get_or("status", Cow::Borrowed("open"), Value::text)?,
            origin: fields.get_or("origin", Cow::Borrowed("operational"), Value::text)?,
            symptom: fields.get_or("symptom", Cow::Borrowed(""), Value::text)?,
            prior_lessons: fields.get_or("prior_lessons", Vec::new(), Value::texts)?,
            priors_degraded: fields.get_or_null("priors_degraded", Value::text)?,
            evidence: fields.get_or("evidence", Vec::new(), evidence)?,
            hypotheses: fields.get_or("hypotheses", Vec::new(), hypotheses)?,
            synthesis: fields.get_or_null("synthesis", Value::text)?,
            dissent: fields.get_or("dissent", Vec::new(), Value::texts)?,
            panel: fields.get_or("panel", "{}", Value::object_text)?,
            proposed_fix: fields.get_or("proposed_fix", "{}", Value::object_text)?,
            config_used: fields.get_or("config_used", "{}", Value::object_text)?,
        })
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// `kind`: `prior` or `observed`.
    pub kind: Cow<'a, str>,
    /// `source`: where.
    pub source: Cow<'a, str>,
    /// `content`: what.
    pub content: Cow<'a, str>,
}

impl<'a> Evidence<'a> {
    fn of(value: Value<'a>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        Ok(Self {
            kind: fields.require("kind")?.text()?,
            source: fields.require("source")?.text()?,
            content: fields.get_or("content", Cow::Borrowed(""), Value::text)?,
        })
    }
}

/// One possible cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hypothesis<'a> {
    /// `statement`: the cause in words.
    pub statement: Cow<'a, str>,
    /// `rank`: its place, from 1.
    pub rank: u64,
    /// `confidence`: how sure, in words, else `low`.
    pub confidence: Cow<'a, str>,
    /// `supporting`: sources of evidence for it.
    pub supporting: Vec<Cow<'a, str>>,
    /// `contradicting`: sources of evidence against it.
    pub contradicting: Vec<Cow<'a, str>>,
}

impl<'a> Hypothesis<'a> {
    fn of(value: Value<'a>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        Ok(Self {
            statement: fields.require("statement")?.text()?,
            rank: fields.get_or("rank", 1, Value::count)?,
            confidence: fields.get_or("confidence", Cow::Borrowed("low"), Value::text)?,
            supporting: fields.get_or("supporting", Vec::new(), Value::texts)?,
            contradicting: fields.get_or("contradicting", Vec::new(), Value::texts)?,
        })
    }
}

fn evidence(value: Value<'_>) -> Result<Vec<Evidence<'_>>, RecordError> {
    value.array()?.into_iter().map(Evidence::of).collect()
}

fn hypotheses(value: Value<'_>) -> Result<Vec<Hypothesis<'_>>, RecordError> {
    value.array()?.into_iter().map(Hypothesis::of).collect()
}
