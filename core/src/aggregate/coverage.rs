//! Test coverage over time.

use alloc::vec::Vec;

use super::{Aggregate, Gate};
use crate::json::RecordError;
use crate::line_log::Version;
use crate::record::coverage::Coverage;
use crate::time::Timestamp;

/// `coverage_history.jsonl`: every measurement, in the order of the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct CoverageHistory {
    points: Vec<CoveragePoint>,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CoveragePoint {
    pub(crate) at: Timestamp,
    /// Percent, times 1e9.
    pub(crate) percentage: u64,
    pub(crate) critical_gaps: u64,
}

impl CoverageHistory {
    /// The measurements by time, those of equal time in the order of the log.
    pub(crate) fn by_time(&self) -> Vec<CoveragePoint> {
        let mut points = self.points.clone();
        points.sort_by_key(|point| point.at);
        points
    }
}

impl Aggregate for CoverageHistory {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let record = Coverage::parse(line)?;
        if gate.admits(record.at) {
            self.points.push(CoveragePoint {
                at: record.at,
                percentage: record.overall_percentage,
                critical_gaps: record.critical_gaps.len() as u64,
            });
        }
        Ok(Version::Unversioned)
    }

    fn merge(&mut self, later: Self) {
        self.points.extend(later.points);
    }
}
