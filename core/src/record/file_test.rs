//! Test results per source file: the lines of `file_tests.jsonl`, which state no version.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::json::{Fields, RecordError, Value};
use crate::time::Timestamp;

use super::test_execution::{FailedTest, failed_tests};

/// What the tests of one source file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTest<'a> {
    /// `file_path`: the source file.
    pub file_path: Cow<'a, str>,
    /// `timestamp`: when its tests ran.
    pub at: Timestamp,
    /// `last_test_result`: `passed`, `failed`, `error`, `skipped` or `no_tests`.
    pub result: Cow<'a, str>,
    /// `test_count`: how many tests.
    pub test_count: u64,
    /// `passed`: how many passed.
    pub passed: u64,
    /// `failed`: how many failed.
    pub failed: u64,
    /// `skipped`: how many were left out.
    pub skipped: u64,
    /// `errors`: how many could not be run.
    pub errors: u64,
    /// `duration_seconds`: in microseconds.
    pub duration_us: u64,
    /// `coverage_percent`: times 1e9.
    pub coverage_percent: Option<u64>,
    /// `lines_total`: lines of code.
    pub lines_total: u64,
    /// `lines_covered`: those that tests reach.
    pub lines_covered: u64,
    /// `test_file_path`: where the tests are.
    pub test_file_path: Option<Cow<'a, str>>,
    /// `failed_tests`: the tests that failed.
    pub failed_tests: Vec<FailedTest<'a>>,
    /// `source_modified_at`: when the source was last changed.
    pub source_modified_at: Option<Timestamp>,
    /// `tests_modified_at`: when the tests were last changed.
    pub tests_modified_at: Option<Timestamp>,
    /// `is_stale`: whether the source is newer than its test file.
    pub is_stale: bool,
    /// `execution_id`: the run of the suite that this comes from.
    pub execution_id: Option<Cow<'a, str>>,
    /// `workflow_id`: which workflow ran it.
    pub workflow_id: Option<Cow<'a, str>>,
    /// `metadata`: further facts, as JSON text.
    pub metadata: &'a str,
}

impl<'a> FileTest<'a> {
    /// Reads one line. `file_path`, `timestamp`, `last_test_result` and `test_count` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            file_path: fields.require("file_path")?.text()?,
            at: fields.require("timestamp")?.time()?,
            result: fields.require("last_test_result")?.text()?,
            test_count: fields.require("test_count")?.count()?,
            passed: fields.get_or("passed", 0, Value::count)?,
            failed: fields.get_or("failed", 0, Value::count)?,
            skipped: fields.get_or("skipped", 0, Value::count)?,
            errors: fields.get_or("errors", 0, Value::count)?,
            duration_us: fields.get_or("duration_seconds", 0, |v| v.scaled(6))?,
            coverage_percent: fields.get_or_null("coverage_percent", |v| v.scaled(9))?,
            lines_total: fields.get_or("lines_total", 0, Value::count)?,
            lines_covered: fields.get_or("lines_covered", 0, Value::count)?,
            test_file_path: fields.get_or_null("test_file_path", Value::text)?,
            failed_tests: fields.get_or("failed_tests", Vec::new(), failed_tests)?,
            source_modified_at: fields.get_or_null("source_modified_at", Value::time)?,
            tests_modified_at: fields.get_or_null("tests_modified_at", Value::time)?,
            is_stale: fields.get_or("is_stale", false, Value::flag)?,
            execution_id: fields.get_or_null("execution_id", Value::text)?,
            workflow_id: fields.get_or_null("workflow_id", Value::text)?,
            metadata: fields.get_or("metadata", "{}", Value::object_text)?,
        })
    }
}
