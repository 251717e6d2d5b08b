//! The runs of the streams, and which of them an event belongs to.
//!
//! Events name a job and a step but no run. While a nested run is open, its
//! events and those of the runs around it share one stream; what tells them apart
//! is which jobs a run declared, which of them are under way, and which steps are
//! open.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::event::{PlannedJob, Started};
use super::read::Identity;

/// Which slot a run lies in.
pub(super) type RunIndex = u32;

/// How many streams may be idle before they are forgotten.
const KEPT_STREAMS: usize = 1024;
/// How many runs of one stream may be open without any open step.
const KEPT_RUNS: usize = 1024;

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobPhase {
    Waiting,
    Running,
    Over,
}

/// The step of another run that a nested run stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    /// The run of the step.
    pub(super) run: RunIndex,
    /// Serial of the step.
    pub(super) serial: u64,
    pub(super) workflow_name: String,
    pub(super) run_id: String,
    pub(super) job: String,
    pub(super) step: String,
}

/// One run of a workflow.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) workflow_name: String,
    /// The jobs it declared; empty when it declared none.
    jobs: BTreeMap<Box<str>, JobPhase>,
    jobs_left: usize,
    pub(super) over: bool,
    pub(super) cancelled: bool,
    pub(super) host: Option<Host>,
    pub(super) stream: usize,
    /// Slots of steps that name this run.
    pub(super) steps: u32,
    /// Those of them whose method has not begun.
    pub(super) waiting: u32,
    pub(super) next_ordinal: u64,
    in_use: bool,
}

impl Run {
    fn begin(&mut self, started: &Started<'_>) {
        self.jobs = started
            .jobs
            .iter()
            .map(|PlannedJob { name, .. }| (Box::from(&**name), JobPhase::Waiting))
            .collect();
        self.jobs_left = self.jobs.len();
        self.over = false;
        self.cancelled = false;
    }

    /// Whether the run may have this job, and how far the job is.
    fn job(&self, job: &str) -> Option<JobPhase> {
        if self.jobs.is_empty() {
            Some(JobPhase::Running)
        } else {
            self.jobs.get(job).copied()
        }
    }
}

/// One stream of events: everything bare, or one request of a server.
#[derive(Debug, Default)]
pub(super) struct Stream {
    name: Option<Box<str>>,
    /// Its runs, in the order in which they began.
    pub(super) runs: Vec<RunIndex>,
    seen: Seen,
    in_use: bool,
}

/// All streams and runs.
#[derive(Debug)]
pub(super) struct Runs {
    slots: Vec<Run>,
    free: Vec<RunIndex>,
    streams: Vec<Stream>,
    by_name: BTreeMap<Box<str>, usize>,
    last_named: usize,
}

impl Default for Runs {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            streams: Vec::from([Stream {
                in_use: true,
                ..Stream::default()
            }]),
            by_name: BTreeMap::new(),
            last_named: 0,
        }
    }
}

impl Runs {
    pub(super) fn get(&self, index: RunIndex) -> Option<&Run> {
        self.slots.get(index as usize)
    }

    pub(super) fn get_mut(&mut self, index: RunIndex) -> Option<&mut Run> {
        self.slots.get_mut(index as usize)
    }

    /// The runs of a stream, in the order in which they began.
    pub(super) fn of_stream(&self, stream: usize) -> &[RunIndex] {
        self.streams
            .get(stream)
            .map_or(&[], |stream| stream.runs.as_slice())
    }

    /// Runs that stand for no step of another and are not over.
    pub(super) fn open_outermost(&self) -> usize {
        let open = |run: &&Run| run.in_use && !run.over && run.host.is_none();
        self.slots.iter().filter(open).count()
    }

    /// How many runs are kept.
    pub(super) fn in_use(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The stream of this name, which is made if it is new.
    #[inline]
    pub(super) fn stream(&mut self, name: Option<&str>) -> usize {
        let Some(name) = name else { return 0 };
        let last = self.streams.get(self.last_named);
        if last.is_some_and(|stream| stream.name.as_deref() == Some(name)) {
            return self.last_named;
        }
        self.last_named = match self.by_name.get(name) {
            Some(&stream) => stream,
            None => self.new_stream(name),
        };
        self.last_named
    }

    /// The stream of this name, if there is one.
    pub(super) fn known_stream(&self, name: Option<&str>) -> Option<usize> {
        name.map_or(Some(0), |name| self.by_name.get(name).copied())
    }

    fn new_stream(&mut self, name: &str) -> usize {
        if self.by_name.len() >= KEPT_STREAMS {
            self.forget_idle_streams();
        }
        let vacant = self.streams.iter().position(|stream| !stream.in_use);
        let index = vacant.unwrap_or_else(|| {
            self.streams.push(Stream::default());
            self.streams.len() - 1
        });
        if let Some(stream) = self.streams.get_mut(index) {
            *stream = Stream {
                name: Some(name.into()),
                in_use: true,
                ..Stream::default()
            };
        }
        self.by_name.insert(name.into(), index);
        index
    }

    fn forget_idle_streams(&mut self) {
        for index in 1..self.streams.len() {
            let idle = self
                .of_stream(index)
                .iter()
                .all(|&run| self.get(run).is_none_or(|run| run.over && run.steps == 0));
            if idle {
                self.remove_stream(index);
            }
        }
    }

    /// Forgets a named stream and its runs, none of which has an open step.
    pub(super) fn remove_stream(&mut self, index: usize) {
        let Some(stream) = self.streams.get_mut(index).filter(|stream| stream.in_use) else {
            return;
        };
        let runs = core::mem::take(&mut stream.runs);
        if index > 0 {
            stream.in_use = false;
            if let Some(name) = stream.name.take() {
                self.by_name.remove(&name);
            }
        }
        for run in runs {
            if let Some(slot) = self.get_mut(run) {
                slot.over = true;
            }
            self.release(run);
        }
    }

    /// Whether an event of this identity is new to its stream.
    pub(super) fn is_new(&mut self, stream: usize, identity: Identity) -> bool {
        self.streams
            .get_mut(stream)
            .is_none_or(|stream| stream.seen.is_new(identity))
    }

    /// A run begins.
    pub(super) fn begin(
        &mut self,
        stream: usize,
        started: &Started<'_>,
        host: Option<Host>,
    ) -> RunIndex {
        self.forget_ended(stream);
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Run::default());
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(slot) = self.slots.get_mut(index as usize) {
            *slot = Run {
                id: started.run_id.as_ref().into(),
                workflow_name: started.workflow_name.as_ref().into(),
                host,
                stream,
                in_use: true,
                ..Run::default()
            };
            slot.begin(started);
        }
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.runs.push(index);
        }
        index
    }

    /// A run that is known begins again: it was suspended, or the event came twice.
    pub(super) fn begin_again(&mut self, index: RunIndex, started: &Started<'_>) {
        if let Some(run) = self.get_mut(index).filter(|run| run.over) {
            run.begin(started);
        }
    }

    /// Forgets runs of a stream that are over, and the oldest of too many idle ones.
    fn forget_ended(&mut self, stream: usize) {
        let runs = self.of_stream(stream);
        let too_many = runs.len() >= KEPT_RUNS;
        let idle: Vec<RunIndex> = runs
            .iter()
            .copied()
            .filter(|&run| {
                self.get(run)
                    .is_some_and(|run| run.steps == 0 && (run.over || too_many))
            })
            .collect();
        for run in idle {
            if let Some(run) = self.get_mut(run) {
                run.over = true;
            }
            self.remove(run);
        }
    }

    /// Forgets a run that is over and has no steps, unless it is the last of its
    /// stream: events that come late still belong to it.
    pub(super) fn release(&mut self, index: RunIndex) {
        let Some(run) = self.get(index) else { return };
        let stream_gone = self
            .streams
            .get(run.stream)
            .is_none_or(|stream| !stream.runs.contains(&index));
        if run.over && run.steps == 0 && (run.host.is_some() || stream_gone) {
            self.remove(index);
        }
    }

    fn remove(&mut self, index: RunIndex) {
        let Some(run) = self.slots.get_mut(index as usize).filter(|run| run.in_use) else {
            return;
        };
        let stream = run.stream;
        *run = Run::default();
        self.free.push(index);
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.runs.retain(|&run| run != index);
        }
    }

    /// The run of this id in a stream.
    pub(super) fn with_id(&self, stream: usize, id: &str) -> Option<RunIndex> {
        let runs = self.of_stream(stream).iter().rev().copied();
        runs.into_iter()
            .find(|&run| self.get(run).is_some_and(|run| run.id == id))
    }

    /// The run that a step of this job most likely begins in. The innermost comes
    /// first; a job under way comes before one that waits.
    pub(super) fn for_start(&mut self, stream: usize, job: &str) -> RunIndex {
        let runs = self.of_stream(stream);
        if let [only] = runs {
            return *only;
        }
        let open = |phase: Option<JobPhase>| {
            runs.iter().rev().copied().find(|&run| {
                self.get(run)
                    .is_some_and(|run| !run.over && (phase.is_none() || run.job(job) == phase))
            })
        };
        let found = open(Some(JobPhase::Running))
            .or_else(|| open(Some(JobPhase::Waiting)))
            .or_else(|| open(None))
            .or_else(|| runs.last().copied());
        found.unwrap_or_else(|| self.begin(stream, &Started::default(), None))
    }

    /// A job of some run begins.
    pub(super) fn start_job(&mut self, stream: usize, job: &str) {
        let found = self.of_stream(stream).iter().rev().copied().find(|&run| {
            self.get(run)
                .is_some_and(|run| !run.over && run.jobs.get(job) == Some(&JobPhase::Waiting))
        });
        let run = found.and_then(|run| self.get_mut(run));
        if let Some(phase) = run.and_then(|run| run.jobs.get_mut(job)) {
            *phase = JobPhase::Running;
        }
    }

    /// A job of some run ends or is left out; the run, if that was its last one.
    pub(super) fn end_job(&mut self, stream: usize, job: &str, from: JobPhase) -> Option<RunIndex> {
        let runs = self.of_stream(stream);
        let open = |wanted: &dyn Fn(JobPhase) -> bool| {
            runs.iter().rev().copied().find(|&run| {
                self.get(run).is_some_and(|run| {
                    !run.over && run.jobs.get(job).is_some_and(|&phase| wanted(phase))
                })
            })
        };
        let index =
            open(&|phase| phase == from).or_else(|| open(&|phase| phase != JobPhase::Over))?;
        let run = self.get_mut(index)?;
        *run.jobs.get_mut(job)? = JobPhase::Over;
        run.jobs_left = run.jobs_left.saturating_sub(1);
        (run.jobs_left == 0).then_some(index)
    }

    /// The run and all that are nested in it, the outermost first.
    pub(super) fn with_nested(&self, stream: usize, index: RunIndex) -> Vec<RunIndex> {
        let mut found = Vec::from([index]);
        for &run in self.of_stream(stream) {
            let host = self.get(run).and_then(|run| run.host.as_ref());
            if run != index && host.is_some_and(|host| found.contains(&host.run)) {
                found.push(run);
            }
        }
        found
    }
}

/// Which events of a stream have been seen: the latest, and which of the 64
/// numbers before it.
#[derive(Debug, Default)]
struct Seen {
    sequence: Option<(u64, u64)>,
    stream_id: Option<(u64, u64)>,
}

impl Seen {
    /// Sequence numbers may come out of order by up to 64; ids of a Redis stream
    /// have gaps, so one that is not larger than the last is old.
    fn is_new(&mut self, identity: Identity) -> bool {
        match identity {
            Identity::StreamId(ms, number) => {
                let new = self.stream_id.is_none_or(|last| (ms, number) > last);
                if new {
                    self.stream_id = Some((ms, number));
                }
                new
            }
            Identity::Sequence(number) => {
                let Some((last, before)) = self.sequence else {
                    self.sequence = Some((number, 0));
                    return true;
                };
                if number > last {
                    let ahead = number - last;
                    // Bit n stands for `last - 1 - n`.
                    let shifted = if ahead < 64 { before << ahead } else { 0 };
                    let mark = if ahead <= 64 { 1 << (ahead - 1) } else { 0 };
                    self.sequence = Some((number, shifted | mark));
                    return true;
                }
                let behind = last - number;
                if behind == 0 || behind > 64 {
                    return false;
                }
                let bit = 1 << (behind - 1);
                self.sequence = Some((last, before | bit));
                before & bit == 0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_are_seen_once() {
        let mut seen = Seen::default();
        let numbers = [5, 6, 6, 9, 8, 8, 5, 7, 6, 9, 200, 137, 136, 135, 200, 0];
        let new = [
            true, true, false, true, true, false, false, true, false, false, true, true, true,
            false, false, false,
        ];
        let got = numbers.map(|n| seen.is_new(Identity::Sequence(n)));
        assert_eq!(got, new);
    }

    #[test]
    fn ids_of_redis_streams_only_grow() {
        let mut seen = Seen::default();
        let ids = [(3, 0), (3, 1), (3, 1), (2, 9), (4, 0)];
        let got = ids.map(|(ms, n)| seen.is_new(Identity::StreamId(ms, n)));
        assert_eq!(got, [true, true, false, false, true]);
    }
}
