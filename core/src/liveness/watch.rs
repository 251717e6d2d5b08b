//! The roll of the fleet, kept up to date: says when an agent changes its state.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use super::{AgentState, Liveness, LivenessOptions};
use crate::coordination::{FleetRow, GRACE_S};
use crate::time::{Timestamp, US_PER_SECOND};

/// A fleet that is watched. What a store knows goes in, transitions come out; between
/// two looks into the store time alone moves the states on. An agent that the store
/// has forgotten, or whose last beat is older than the grace period, is forgotten.
#[derive(Clone, Debug, Default)]
pub struct FleetWatch {
    options: LivenessOptions,
    agents: BTreeMap<String, Watched>,
    transitions: VecDeque<Transition>,
}

#[derive(Clone, Debug)]
struct Watched {
    row: FleetRow,
    seen_at: Timestamp,
    liveness: Liveness,
}

/// An agent has changed its state.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The agent.
    pub agent_id: String,
    /// What it was; `None`: it is new.
    pub from: Option<AgentState>,
    /// What it is, since when and why.
    pub to: Liveness,
}

/// Why a machine wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WakeReason {
    /// An agent changes its state then if it does not beat.
    Overdue,
    /// An agent is forgotten then.
    Forgotten,
}

impl WakeReason {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Forgotten => "forgotten",
        }
    }
}

impl FleetWatch {
    /// Watches with these limits.
    pub fn new(options: LivenessOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// All that a store knows at `now`.
    pub fn handle_fleet(&mut self, now: Timestamp, rows: Vec<FleetRow>) {
        let known: BTreeSet<&str> = rows.iter().map(|row| &*row.beat.agent_id).collect();
        self.agents
            .retain(|agent_id, _| known.contains(agent_id.as_str()));
        for row in rows {
            self.take_in(now, row);
        }
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let options = self.options;
        for (agent_id, watched) in &mut self.agents {
            let liveness = Liveness::of(&watched.row, watched.seen_at, now, &options);
            if liveness.state != watched.liveness.state {
                self.transitions.push_back(Transition {
                    agent_id: agent_id.clone(),
                    from: Some(watched.liveness.state),
                    to: liveness.clone(),
                });
            }
            watched.liveness = liveness;
        }
        self.agents
            .retain(|_, watched| now < watched.forgotten_at());
    }

    /// The next transition, in the order in which they came about.
    pub fn poll_transition(&mut self) -> Option<Transition> {
        self.transitions.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<(Timestamp, WakeReason)> {
        self.agents
            .values()
            .map(|watched| match watched.liveness.changes_at {
                Some(at) => (at, WakeReason::Overdue),
                None => (watched.forgotten_at(), WakeReason::Forgotten),
            })
            .min_by_key(|(at, _)| *at)
    }

    /// All agents as of the last call, by id.
    pub fn agents(&self) -> impl Iterator<Item = (&FleetRow, &Liveness)> {
        let watched = self.agents.values();
        watched.map(|watched| (&watched.row, &watched.liveness))
    }

    fn take_in(&mut self, now: Timestamp, row: FleetRow) {
        let liveness = Liveness::of(&row, now, now, &self.options);
        let agent_id = row.beat.agent_id.clone();
        let before = self.agents.get(&agent_id);
        let from = before.map(|watched| watched.liveness.state);
        if from != Some(liveness.state) {
            self.transitions.push_back(Transition {
                agent_id: agent_id.clone(),
                from,
                to: liveness.clone(),
            });
        }
        let watched = Watched {
            row,
            seen_at: now,
            liveness,
        };
        self.agents.insert(agent_id, watched);
    }
}

impl Watched {
    /// As the stores forget it.
    fn forgotten_at(&self) -> Timestamp {
        let grace = i64::try_from(GRACE_S)
            .unwrap_or(i64::MAX)
            .saturating_mul(US_PER_SECOND);
        self.row
            .expires_at
            .max(self.liveness.changes_at.unwrap_or(Timestamp::MIN))
            .saturating_add_us(grace)
    }
}
