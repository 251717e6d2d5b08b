//! The newest test results of each source file.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use crate::log_kind::LogKind;
use crate::record::file_test::FileTest;
use crate::record::test_execution::FailedTest;
use crate::telemetry::Telemetry;
use crate::time::{Timestamp, Window};

use super::number::percent_share;
use super::{Millis, Provenance};

/// Which files to show; a file must pass every filter that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileTestFilter {
    /// Only the file of exactly this path.
    pub file: Option<String>,
    /// Only files whose tests failed or could not be run.
    pub failed: bool,
    /// Only files that are newer than their test file.
    pub stale: bool,
    /// How many files to show, by path; `None`: all. The counts are of all.
    pub limit: Option<usize>,
}

/// The newest test results per file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileTestReport {
    /// The window that was asked for.
    pub window: Window,
    /// Files with a record, before any filter.
    pub known_files: u64,
    /// What the files that pass the filters add up to.
    #[serde(flatten)]
    pub totals: FileTestTotals,
    /// Those files, by path.
    pub files: Vec<FileTestView>,
    /// Files that pass the filters and are beyond the limit.
    pub files_left_out: u64,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Files by their newest result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileTestTotals {
    /// How many files pass the filters.
    pub matching_files: u64,
    /// Those whose tests passed.
    pub passed_files: u64,
    /// Those with a failed test.
    pub failed_files: u64,
    /// Those whose tests could not be run.
    pub error_files: u64,
    /// Those whose tests were left out.
    pub skipped_files: u64,
    /// Those without tests.
    pub no_tests_files: u64,
    /// Those with a result that is not known.
    pub other_files: u64,
    /// Those that are newer than their test file.
    pub stale_files: u64,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileTestView {
    /// The source file.
    pub file: String,
    /// When its tests last ran.
    pub last_run: Timestamp,
    /// `passed`, `failed`, `error`, `skipped` or `no_tests`, as recorded.
    pub result: String,
    /// How many tests.
    pub tests: u64,
    /// Those that passed.
    pub passed: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were left out.
    pub skipped: u64,
    /// Those that could not be run.
    pub errors: u64,
    /// How long they took.
    pub duration_ms: Millis,
    /// The part of the file that they reach, 0 to 1, where that is recorded.
    pub coverage_share: Option<f64>,
    /// Whether the file is newer than its test file.
    pub stale: bool,
    /// Where the tests are, where that is recorded.
    pub test_file: Option<String>,
    /// The tests that failed.
    pub failed_tests: Vec<FailedTestView>,
}

/// One test that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedTestView {
    /// The test's name.
    pub name: String,
    /// What went wrong, where that is recorded.
    pub error: Option<String>,
}

impl FileTestFilter {
    fn passes(&self, record: &FileTest<'_>) -> bool {
        self.file
            .as_deref()
            .is_none_or(|file| record.file_path == file)
            && (!self.failed || matches!(&*record.result, "failed" | "error"))
            && (!self.stale || record.is_stale)
    }
}

impl Telemetry {
    /// The newest test results of the files that pass a filter.
    pub fn file_test_report(&self, filter: &FileTestFilter) -> FileTestReport {
        let tests = &self.logs.file_tests.sums;
        let mut totals = FileTestTotals::default();
        let mut files = Vec::new();
        for record in tests.records().filter(|record| filter.passes(record)) {
            totals.add(&record);
            if filter.limit.is_none_or(|limit| files.len() < limit) {
                files.push(FileTestView::of(&record));
            }
        }
        FileTestReport {
            window: self.options.window,
            known_files: tests.files() as u64,
            totals,
            files_left_out: totals.matching_files - files.len() as u64,
            files,
            provenance: self.provenance_of(&[LogKind::FileTests]),
        }
    }
}

impl FileTestTotals {
    fn add(&mut self, record: &FileTest<'_>) {
        self.matching_files += 1;
        *match &*record.result {
            "passed" => &mut self.passed_files,
            "failed" => &mut self.failed_files,
            "error" => &mut self.error_files,
            "skipped" => &mut self.skipped_files,
            "no_tests" => &mut self.no_tests_files,
            _ => &mut self.other_files,
        } += 1;
        self.stale_files += u64::from(record.is_stale);
    }
}

impl FileTestView {
    fn of(record: &FileTest<'_>) -> Self {
        Self {
            file: record.file_path.to_string(),
            last_run: record.at,
            result: record.result.to_string(),
            tests: record.test_count,
            passed: record.passed,
            failed: record.failed,
            skipped: record.skipped,
            errors: record.errors,
            duration_ms: Millis(record.duration_us),
            coverage_share: record.coverage_percent.map(percent_share),
            stale: record.is_stale,
            test_file: record.test_file_path.as_deref().map(ToString::to_string),
            failed_tests: record.failed_tests.iter().map(FailedTestView::of).collect(),
        }
    }
}

impl FailedTestView {
    fn of(test: &FailedTest<'_>) -> Self {
        Self {
            name: test.name.to_string(),
            error: test.error.as_deref().map(ToString::to_string),
        }
    }
}
