//! The newest test results of each source file.

use alloc::boxed::Box;

use super::{Aggregate, Gate, Latest};
use crate::json::RecordError;
use crate::line_log::Version;
use crate::record::file_test::FileTest;

/// `file_tests.jsonl`: the newest line of each file, to be parsed when it is shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileTests {
    latest: Latest<Box<str>>,
}

impl FileTests {
    /// The newest record of each file, by the file's path.
    pub(crate) fn records(&self) -> impl Iterator<Item = FileTest<'_>> {
        self.latest
            .iter()
            .filter_map(|(_, line)| FileTest::parse(line).ok())
    }

    /// How many files there are.
    pub(crate) fn files(&self) -> usize {
        self.latest.len()
    }
}

impl Aggregate for FileTests {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let record = FileTest::parse(line)?;
        if gate.admits(record.at) {
            self.latest.offer(&record.file_path, record.at, line.into());
        }
        Ok(Version::Unversioned)
    }

    fn merge(&mut self, later: Self) {
        self.latest.merge(later.latest);
    }
}
