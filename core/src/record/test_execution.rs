//! Runs of test suites: the lines of `test_executions.jsonl`, which state no version.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::json::{Fields, RecordError, Value};
use crate::time::Timestamp;

/// One run of a test suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestExecution<'a> {
    /// `execution_id`: the run's id.
    pub execution_id: Cow<'a, str>,
    /// `timestamp`: when it ran.
    pub at: Timestamp,
    /// `test_suite`: `unit`, `integration` and others.
    pub suite: Cow<'a, str>,
    /// `test_files`: the files that were run.
    pub test_files: Vec<Cow<'a, str>>,
    /// `triggered_by`: what set it off, else `manual`.
    pub triggered_by: Cow<'a, str>,
    /// `command`: the command.
    pub command: Cow<'a, str>,
    /// `working_directory`: where it ran.
    pub working_directory: Cow<'a, str>,
    /// `duration_seconds`: in microseconds.
    pub duration_us: u64,
    /// `total_tests`: how many tests.
    pub total_tests: u64,
    /// `passed`: how many passed.
    pub passed: u64,
    /// `failed`: how many failed.
    pub failed: u64,
    /// `skipped`: how many were left out.
    pub skipped: u64,
    /// `errors`: how many could not be run.
    pub errors: u64,
    /// `coverage_percentage`: times 1e9.
    pub coverage_percentage: Option<u64>,
    /// `coverage_report_path`: where the coverage report lies.
    pub coverage_report_path: Option<Cow<'a, str>>,
    /// `failed_tests`: the tests that failed.
    pub failed_tests: Vec<FailedTest<'a>>,
    /// `success`: whether all passed.
    pub success: bool,
    /// `exit_code`: the command's status.
    pub exit_code: i32,
    /// `workflow_id`: which workflow ran it.
    pub workflow_id: Option<Cow<'a, str>>,
    /// `metadata`: further facts, as JSON text.
    pub metadata: &'a str,
}

impl<'a> TestExecution<'a> {
    /// Reads one line. `execution_id`, `timestamp` and `test_suite` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            execution_id: fields.require("execution_id")?.text()?,
            at: fields.require("timestamp")?.time()?,
            suite: fields.require("test_suite")?.text()?,
            test_files: fields.get_or("test_files", Vec::new(), Value::texts)?,
            triggered_by: fields.get_or("triggered_by", Cow::Borrowed("manual"), Value::text)?,
            command: fields.get_or("command", Cow::Borrowed(""), Value::text)?,
            working_directory: fields.get_or(
                "working_directory",
                Cow::Borrowed(""),
                Value::text,
            )?,
            duration_us: fields.get_or("duration_seconds", 0, |v| v.scaled(6))?,
            total_tests: fields.get_or("total_tests", 0, Value::count)?,
            passed: fields.get_or("passed", 0, Value::count)?,
            failed: fields.get_or("failed", 0, Value::count)?,
            skipped: fields.get_or("skipped", 0, Value::count)?,
            errors: fields.get_or("errors", 0, Value::count)?,
            coverage_percentage: fields.get_or_null("coverage_percentage", |v| v.scaled(9))?,
            coverage_report_path: fields.get_or_null("coverage_report_path", Value::text)?,
            failed_tests: fields.get_or("failed_tests", Vec::new(), failed_tests)?,
            success: fields.get_or("success", false, Value::flag)?,
            exit_code: fields.get_or("exit_code", 0, Value::integer)?,
            workflow_id: fields.get_or_null("workflow_id", Value::text)?,
            metadata: fields.get_or("metadata", "{}", Value::object_text)?,
        })
    }
}

/// One test that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedTest<'a> {
    /// `name`: the test's name, else `unknown`.
    pub name: Cow<'a, str>,
    /// `file`: the file that holds it.
    pub file: Option<Cow<'a, str>>,
    /// `error`: what went wrong.
    pub error: Option<Cow<'a, str>>,
}

impl<'a> FailedTest<'a> {
    fn of(value: Value<'a>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        Ok(Self {
            name: fields.get_or("name", Cow::Borrowed("unknown"), Value::text)?,
            file: fields.get_or_null("file", Value::text)?,
            error: fields.get_or_null("error", Value::text)?,
        })
    }
}

/// The tests of an array.
pub(super) fn failed_tests(value: Value<'_>) -> Result<Vec<FailedTest<'_>>, RecordError> {
    value.array()?.into_iter().map(FailedTest::of).collect()
}
