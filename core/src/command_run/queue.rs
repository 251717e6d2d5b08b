//! Which run is next, and which has run for too long.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;

use crate::time::Timestamp;

/// How long a command that was told to end may take, in microseconds.
const GRACE_US: i64 = 5_000_000;

/// The runs that wait or run, each once.
#[derive(Clone, Debug)]
pub struct RunQueue {
    slots: usize,
    waiting: VecDeque<Asked>,
    running: BTreeMap<String, Running>,
    actions: VecDeque<QueueAction>,
}

#[derive(Clone, Debug)]
struct Asked {
    run_id: String,
    limit_us: i64,
}

#[derive(Clone, Debug)]
struct Running {
    ends_at: Timestamp,
    told: Option<(EndedBy, Timestamp)>,
    is_killed: bool,
}

/// What a host is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueAction {
    /// Start the run.
    Start(String),
    /// Ask its command to end.
    Terminate(String),
    /// End its command.
    Kill(String),
    /// It was ended before it began.
    Drop(String),
}

/// Who ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// A user.
    User,
    /// The time limit.
    Limit,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunState {
    /// It waits for others.
    Queued,
    /// It runs.
    Running,
    /// Its command ended with status 0.
    Succeeded,
    /// Its command ended with another status, or did not start.
    Failed,
    /// A user ended it.
    Cancelled,
    /// It ran for too long.
    TimedOut,
    /// The server ended before it saw the end.
    Lost,
}

impl RunState {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
        Self::Lost,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
        }
    }

    /// The state of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it is over.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl RunQueue {
    /// At most `slots` run at once.
    pub fn new(slots: usize) -> Self {
        Self {
            slots: slots.max(1),
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
            actions: VecDeque::new(),
        }
    }

    /// A run is asked for; it may take so many microseconds.
    pub fn handle_request(&mut self, now: Timestamp, run_id: String, limit_us: u64) {
        self.waiting.push_back(Asked {
            run_id,
            limit_us: i64::try_from(limit_us).unwrap_or(i64::MAX),
        });
        self.fill(now);
    }

    /// A user wants a run to end; `false` where it neither waits nor runs.
    pub fn handle_cancel(&mut self, now: Timestamp, run_id: &str) -> bool {
        if let Some(at) = self.waiting.iter().position(|asked| asked.run_id == run_id) {
            self.waiting.remove(at);
            self.actions.push_back(QueueAction::Drop(run_id.into()));
            return true;
        }
        let Some(running) = self.running.get_mut(run_id) else {
            return false;
        };
        if running.told.is_none() {
            running.told = Some((EndedBy::User, now.saturating_add_us(GRACE_US)));
            self.actions
                .push_back(QueueAction::Terminate(run_id.into()));
        }
        true
    }

    /// The command of a run has ended; says who ended it, if it was told to.
    pub fn handle_ended(&mut self, now: Timestamp, run_id: &str) -> Option<EndedBy> {
        let ended = self.running.remove(run_id);
        self.fill(now);
        ended.and_then(|running| running.told).map(|(by, _)| by)
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        for (run_id, running) in &mut self.running {
            match running.told {
                None if running.ends_at <= now => {
                    running.told = Some((EndedBy::Limit, now.saturating_add_us(GRACE_US)));
                    let action = QueueAction::Terminate(run_id.clone());
                    self.actions.push_back(action);
                }
                Some((_, kill_at)) if kill_at <= now && !running.is_killed => {
                    running.is_killed = true;
                    self.actions.push_back(QueueAction::Kill(run_id.clone()));
                }
                _ => {}
            }
        }
    }

    /// What to do next.
    pub fn poll_action(&mut self) -> Option<QueueAction> {
        self.actions.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let running = self.running.values().filter(|running| !running.is_killed);
        running
            .map(|running| running.told.map_or(running.ends_at, |(_, kill_at)| kill_at))
            .min()
    }

    /// How many run.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// How many wait.
    pub fn queued(&self) -> usize {
        self.waiting.len()
    }

    fn fill(&mut self, now: Timestamp) {
        while self.running.len() < self.slots
            && let Some(asked) = self.waiting.pop_front()
        {
            self.actions
                .push_back(QueueAction::Start(asked.run_id.clone()));
            let running = Running {
                ends_at: now.saturating_add_us(asked.limit_us),
                told: None,
                is_killed: false,
            };
            self.running.insert(asked.run_id, running);
        }
    }
}
