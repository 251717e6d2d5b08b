//! Test coverage over time: the lines of `coverage_history.jsonl`, which state no version.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::json::{Fields, RecordError, Value};
use crate::time::Timestamp;

/// The coverage at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage<'a> {
    /// `record_id`: the record's id.
    pub record_id: Cow<'a, str>,
    /// `timestamp`: when it was measured.
    pub at: Timestamp,
    /// `overall_percentage`: times 1e9.
    pub overall_percentage: u64,
    /// `lines_total`: lines of code.
    pub lines_total: u64,
    /// `lines_covered`: those that tests reach.
    pub lines_covered: u64,
    /// `branches_total`: branches of code.
    pub branches_total: u64,
    /// `branches_covered`: those that tests reach.
    pub branches_covered: u64,
    /// `files_total`: source files.
    pub files_total: u64,
    /// `files_well_covered`: those with 80 % or more.
    pub files_well_covered: u64,
    /// `files_critical`: those below 50 %.
    pub files_critical: u64,
    /// `untested_files`: those without any test.
    pub untested_files: Vec<Cow<'a, str>>,
    /// `critical_gaps`: the files to test first.
    pub critical_gaps: Vec<CoverageGap<'a>>,
    /// `previous_percentage`: that of the record before, times 1e9.
    pub previous_percentage: Option<u64>,
    /// `trend`: `improving`, `declining` or `stable`, as the writer saw it.
    pub trend: Option<Cow<'a, str>>,
    /// `coverage_format`: `xml`, `json` or `lcov`, else `xml`.
    pub format: Cow<'a, str>,
    /// `coverage_file`: the report that it was read from.
    pub file: Cow<'a, str>,
    /// `workflow_id`: which workflow measured it.
    pub workflow_id: Option<Cow<'a, str>>,
    /// `metadata`: further facts, as JSON text.
    pub metadata: &'a str,
}

impl<'a> Coverage<'a> {
    /// Reads one line. `record_id`, `timestamp`, `overall_percentage`, `lines_total` and `lines_covered` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            record_id: fields.require("record_id")?.text()?,
            at: fields.require("timestamp")?.time()?,
            overall_percentage: fields.require("overall_percentage")?.scaled(9)?,
            lines_total: fields.require("lines_total")?.count()?,
            lines_covered: fields.require("lines_covered")?.count()?,
            branches_total: fields.get_or("branches_total", 0, Value::count)?,
            branches_covered: fields.get_or("branches_covered", 0, Value::count)?,
            files_total: fields.get_or("files_total", 0, Value::count)?,
            files_well_covered: fields.get_or("files_well_covered", 0, Value::count)?,
            files_critical: fields.get_or("files_critical", 0, Value::count)?,
            untested_files: fields.get_or("untested_files", Vec::new(), Value::texts)?,
            critical_gaps: fields.get_or("critical_gaps", Vec::new(), gaps)?,
            previous_percentage: fields.get_or_null("previous_percentage", |v| v.scaled(9))?,
            trend: fields.get_or_null("trend", Value::text)?,
            format: fields.get_or("coverage_format", Cow::Borrowed("xml"), Value::text)?,
            file: fields.get_or("coverage_file", Cow::Borrowed(""), Value::text)?,
            workflow_id: fields.get_or_null("workflow_id", Value::text)?,
            metadata: fields.get_or("metadata", "{}", Value::object_text)?,
        })
    }
}

/// One file to test first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageGap<'a> {
    /// `file`: the file.
    pub file: Option<Cow<'a, str>>,
    /// `coverage`: its percentage, times 1e9.
    pub coverage: Option<u64>,
    /// `priority`: how urgent.
    pub priority: Option<Cow<'a, str>>,
}

impl<'a> CoverageGap<'a> {
    fn of(value: Value<'a>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        Ok(Self {
            file: fields.get_or_null("file", Value::text)?,
            coverage: fields.get_or_null("coverage", |v| v.scaled(9))?,
            priority: fields.get_or_null("priority", Value::text)?,
        })
    }
}

fn gaps(value: Value<'_>) -> Result<Vec<CoverageGap<'_>>, RecordError> {
    value.array()?.into_iter().map(CoverageGap::of).collect()
}
