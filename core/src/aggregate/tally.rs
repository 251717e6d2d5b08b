//! Records that are counted by one name they hold.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::ToString;

use super::{Aggregate, Gate};
use crate::json::RecordError;
use crate::line_log::Version;
use crate::record::diagnosis::Diagnosis;
use crate::record::memory_event::MemoryEvent;

/// `memory_events.jsonl`: records by event.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryEvents {
    pub(crate) by_event: BTreeMap<Box<str>, u64>,
}

/// `diagnosis_records.jsonl`: records by status.
#[derive(Clone, Debug, Default)]
pub(crate) struct Diagnoses {
    pub(crate) by_status: BTreeMap<Box<str>, u64>,
}

impl Aggregate for MemoryEvents {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let record = MemoryEvent::parse(line)?;
        if gate.admits(record.at) {
            *self.by_event.entry((*record.event).into()).or_default() += 1;
        }
        Ok(record.version.map_or(Version::Missing, Version::Stated))
    }

    fn merge(&mut self, later: Self) {
        for (event, records) in later.by_event {
            *self.by_event.entry(event).or_default() += records;
        }
    }
}

impl Aggregate for Diagnoses {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let record = Diagnosis::parse(line)?;
        if gate.admits(record.created_at) {
            *self.by_status.entry((*record.status).into()).or_default() += 1;
        }
        Ok(record.schema_version.map_or(Version::Missing, |v| {
            Version::Stated(Cow::Owned(v.to_string()))
        }))
    }

    fn merge(&mut self, later: Self) {
        for (status, records) in later.by_status {
            *self.by_status.entry(status).or_default() += records;
        }
    }
}
