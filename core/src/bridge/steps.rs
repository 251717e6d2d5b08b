//! The steps that are open, found by run, job and step.
//!
//! A step's texts lie in one buffer that the next step uses again, so that a
//! stream of a million steps allocates for as many as are open at once.

use alloc::string::String;
use alloc::vec::Vec;
use core::hash::Hasher as _;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use crate::record::telemetry_entry::Dimension;
use crate::time::Timestamp;

/// Slots kept for later when nothing is open.
const KEPT_SLOTS: usize = 1024;
/// A buffer kept for the next step.
const KEPT_BYTES: usize = 4096;

/// Which slot a step lies in.
pub(super) type StepIndex = u32;

/// How far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The slot is not in use.
    Free,
    /// The step began.
    Started,
    /// Its model is found.
    Resolved,
    /// Its method runs.
    Executing,
    /// It gave an entry, which is not taken yet.
    Done,
}

/// A piece of a slot's buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

/// An optional text in a slot's buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Held {
    #[default]
    Absent,
    Null,
    Text(Span),
}

/// Why a method did not end well.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) message: Span,
    pub(super) allowed: bool,
}

/// Which class of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// Something went wrong.
    Error,
    /// What the user asked for cannot be done.
    User,
    /// The run was stopped.
    Cancelled,
}

/// One step and its method.
#[derive(Debug)]
pub(super) struct Step {
    hash: u64,
    /// Tells a step from another one that lay in the same slot.
    pub(super) serial: u64,
    pub(super) run: u32,
    pub(super) phase: Phase,
    text: String,
    job: Span,
    name: Span,
    pub(super) model: Span,
    pub(super) method: Span,
    pub(super) model_type: Held,
    pub(super) executor: Held,
    pub(super) driver: Held,
    pub(super) started_at: Timestamp,
    pub(super) completed_at: Timestamp,
    /// In which order methods began, over all runs.
    pub(super) order: u64,
    /// Which method of its run this is.
    pub(super) ordinal: u64,
    pub(super) nested_invocations: u32,
    pub(super) failure: Option<Failure>,
    /// An open method of the same run, job and step that began before this one.
    older: Option<StepIndex>,
}

impl Step {
    fn new() -> Self {
        Self {
            hash: 0,
            serial: 0,
            run: 0,
            phase: Phase::Free,
            text: String::new(),
            job: Span::default(),
            name: Span::default(),
            model: Span::default(),
            method: Span::default(),
            model_type: Held::Absent,
            executor: Held::Absent,
            driver: Held::Absent,
            started_at: Timestamp::MIN,
            completed_at: Timestamp::MIN,
            order: 0,
            ordinal: 0,
            nested_invocations: 0,
            failure: None,
            older: None,
        }
    }

    pub(super) fn text(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    pub(super) fn job_name(&self) -> &str {
        self.text(self.job)
    }

    pub(super) fn step_name(&self) -> &str {
        self.text(self.name)
    }

    /// Drops all texts but the names of job and step.
    pub(super) fn forget_model(&mut self) {
        self.text.truncate(self.name.end as usize);
        self.model = Span::default();
        self.model_type = Held::Absent;
    }

    /// Adds a text to the buffer.
    pub(super) fn hold(&mut self, text: &str) -> Span {
        // A line is at most a mebibyte, so a buffer stays far below four gigabytes.
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(text);
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        Span { start, end }
    }

    pub(super) fn hold_dimension(&mut self, dimension: &Dimension<'_>) -> Held {
        match dimension {
            Dimension::Absent => Held::Absent,
            Dimension::Null => Held::Null,
            Dimension::Text(text) => Held::Text(self.hold(text)),
        }
    }

    pub(super) fn dimension(&self, held: Held) -> Dimension<'_> {
        match held {
            Held::Absent => Dimension::Absent,
            Held::Null => Dimension::Null,
            Held::Text(span) => Dimension::Text(self.text(span).into()),
        }
    }

    /// Whether the method runs.
    pub(super) fn is_executing(&self) -> bool {
        self.phase == Phase::Executing
    }

    fn is(&self, run: u32, job: &str, step: &str) -> bool {
        self.run == run && self.job_name() == job && self.step_name() == step
    }
}

/// All open steps, and those whose entries are not taken yet.
#[derive(Debug, Default)]
pub(super) struct Steps {
    slots: Vec<Step>,
    free: Vec<StepIndex>,
    /// The newest step of each run, job and step.
    table: HashTable<StepIndex>,
    serial: u64,
}

impl Steps {
    /// A step that is in use.
    pub(super) fn get(&self, index: StepIndex) -> Option<&Step> {
        self.slots.get(index as usize)
    }

    pub(super) fn get_mut(&mut self, index: StepIndex) -> Option<&mut Step> {
        self.slots.get_mut(index as usize)
    }

    /// All steps in use, with their slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (StepIndex, &Step)> {
        (0..)
            .zip(&self.slots)
            .filter(|(_, step)| step.phase != Phase::Free)
    }

    /// How many slots are in use.
    pub(super) fn in_use(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The newest open step of these names.
    #[inline]
    pub(super) fn find(&self, run: u32, job: &str, step: &str) -> Option<StepIndex> {
        let slots = &self.slots;
        self.table
            .find(hash(run, job, step), |&index| {
                slots
                    .get(index as usize)
                    .is_some_and(|slot| slot.is(run, job, step))
            })
            .copied()
    }

    /// A new step that can be found; one of the same names is found again when
    /// this one is closed.
    #[inline]
    pub(super) fn open(&mut self, run: u32, job: &str, step: &str) -> StepIndex {
        let hash = hash(run, job, step);
        let index = self.allot(run, job, step);
        let slots = &self.slots;
        let found = self.table.find_mut(hash, |&other| {
            slots
                .get(other as usize)
                .is_some_and(|slot| slot.is(run, job, step))
        });
        let older = found.map(|newest| core::mem::replace(newest, index));
        if older.is_none() {
            self.table.insert_unique(hash, index, |&other| {
                slots.get(other as usize).map_or(0, |slot| slot.hash)
            });
        }
        if let Some(slot) = self.slots.get_mut(index as usize) {
            slot.hash = hash;
            slot.older = older;
        }
        index
    }

    /// A step that cannot be found: it is over when it begins.
    pub(super) fn allot(&mut self, run: u32, job: &str, step: &str) -> StepIndex {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Step::new());
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        self.serial += 1;
        if let Some(slot) = self.slots.get_mut(index as usize) {
            slot.serial = self.serial;
            slot.run = run;
            slot.phase = Phase::Started;
            slot.text.clear();
            slot.job = slot.hold(job);
            slot.name = slot.hold(step);
            slot.model = Span::default();
            slot.method = Span::default();
            slot.model_type = Held::Absent;
            slot.executor = Held::Absent;
            slot.driver = Held::Absent;
            slot.nested_invocations = 0;
            slot.failure = None;
            slot.older = None;
        }
        index
    }

    /// Makes a step one that cannot be found any more; its texts stay.
    #[inline]
    pub(super) fn close(&mut self, index: StepIndex) {
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return;
        };
        let (hash, older) = (slot.hash, slot.older.take());
        if let Ok(mut entry) = self.table.find_entry(hash, |&other| other == index) {
            match older {
                Some(older) => *entry.get_mut() = older,
                None => drop(entry.remove()),
            }
            return;
        }
        // Not the newest of its names: the one that began after it lets go of it.
        let newer = self
            .slots
            .iter_mut()
            .find(|other| other.older == Some(index) && other.phase != Phase::Free);
        if let Some(newer) = newer {
            newer.older = older;
        }
    }

    /// Frees a slot whose step is closed.
    #[inline]
    pub(super) fn recycle(&mut self, index: StepIndex) {
        let Some(slot) = self.slots.get_mut(index as usize) else {
            return;
        };
        slot.phase = Phase::Free;
        if slot.text.capacity() > KEPT_BYTES {
            slot.text = String::new();
        }
        self.free.push(index);
        if self.slots.len() > KEPT_SLOTS && self.free.len() == self.slots.len() {
            // Nothing is open: what a crowd needed is given back.
            self.slots = Vec::new();
            self.free = Vec::new();
            self.table = HashTable::new();
        }
    }
}

#[inline]
fn hash(run: u32, job: &str, step: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(run);
    hasher.write(job.as_bytes());
    hasher.write_usize(job.len());
    hasher.write(step.as_bytes());
    hasher.finish()
}
