//! `muster heartbeat list`, `status` and `stale`: the roll of the fleet.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use clap::{Args, ValueEnum};
use muster_core::Timestamp;
use muster_core::coordination::{ApprovalFilter, ApprovalRow, FleetRow};
use muster_core::liveness::{AgentState, FleetWatch, LivenessOptions, WorkTraces, attune_is_stale};
use muster_core::view::AgentView;

use super::work::traces;
use crate::cli::live::{Cause, Frame, live};
use crate::cli::session::Session;
use crate::cli::values::{self, Span};
use crate::error::{Answer, Failure};
use crate::render;
use crate::store::{Access, Interest, StoreError};

/// List all agents that are remembered: state, age, task and progress
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster heartbeat list --watch\n  muster heartbeat list --state stale,dead --json\n\n\
        alive: its beats come in time; late: one is overdue; stale: none for so long\n\
        that something is wrong; dead: none is expected any more; finished: it said so;\n\
        unknown: nothing can be said. An agent that waits for a human is not stuck.\n\
        With --watch the last changes of states stand below."
)]
pub(crate) struct List {
    /// Only agents in these states
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<StateName>,
    /// Show it again at every change, and every second on a terminal
    #[arg(long)]
    watch: bool,
}

/// Show one agent
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster heartbeat status builder\n\n\
        Exit status 0 when it is alive, late included, else 1.")]
pub(crate) struct Status {
    /// The agent
    #[arg(value_name = "ID", value_parser = values::name, required_unless_present = "agent")]
    id: Option<String>,
    /// The same as an option
    #[arg(long, value_name = "ID", value_parser = values::name, conflicts_with = "id", hide = true)]
    agent: Option<String>,
}

/// List the agents that are stale or dead
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster heartbeat stale\n  muster heartbeat stale --threshold 60s\n\n\
        Exit status 0 when there is none, 1 when there is one. With --threshold the rule\n\
        is attune's: its key is there, it is not done, and its beat is older than this.\n\
        With a TTL below the threshold that never happens."
)]
pub(crate) struct Stale {
    /// Take attune's rule with this threshold
    #[arg(
        long,
        value_name = "SPAN",
        num_args = 0..=1,
        default_missing_value = "60s",
    )]
    threshold: Option<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StateName {
    Alive,
    Late,
    Stale,
    Dead,
    Finished,
    Unknown,
}

impl List {
    /// What it needs the store for.
    pub(super) const fn access(&self) -> Access {
        if self.watch {
            Access::Follow
        } else {
            Access::Look
        }
    }

    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let total = Cell::new(0);
        let show = |agents: &Vec<AgentView>, style: &render::Style| {
            if agents.is_empty() && total.get() > 0 {
                render::none_of(total.get(), "agent")
            } else {
                render::agents_alive(agents, style)
            }
        };
        if !self.watch {
            let mut agents = Roll::call(session).await?.views();
            total.set(agents.len() as u64);
            agents.retain(|agent| self.is_wanted(agent));
            return session.context.answer(&agents, show);
        }
        let mut watched = Watched::begin(session);
        let changes = RefCell::new(VecDeque::new());
        let look = async |cause| {
            watched.look(session, cause).await?;
            let mut changes = changes.borrow_mut();
            while let Some(transition) = watched.fleet.poll_transition() {
                changes.truncate(CHANGES - 1);
                changes.push_front((watched.now, transition));
            }
            let mut view = watched.views();
            total.set(view.len() as u64);
            view.retain(|agent| self.is_wanted(agent));
            let next = watched.fleet.poll_timeout();
            let next = next.map(|(at, _)| session.moment_of(at));
            Ok(Frame { view, next })
        };
        // Everything: an approval changes who waits for a human.
        live(session, Interest::All, look, |agents, style| {
            show(agents, style) + &render::changes(&*changes.borrow(), style)
        })
        .await
    }

    fn is_wanted(&self, agent: &AgentView) -> bool {
        self.state.is_empty() || self.state.iter().any(|name| name.state() == agent.state)
    }
}

/// So many changes of states are shown below the roll.
const CHANGES: usize = 5;

/// The fleet from one look into the store to the next.
struct Watched {
    fleet: FleetWatch,
    open: Vec<ApprovalRow>,
    work: WorkTraces,
    now: Timestamp,
}

impl Watched {
    fn begin(session: &Session<'_>) -> Self {
        Self {
            fleet: FleetWatch::new(session.liveness),
            open: Vec::new(),
            work: WorkTraces::default(),
            now: session.now(),
        }
    }

    async fn look(&mut self, session: &Session<'_>, cause: Cause) -> Result<(), StoreError> {
        if cause == Cause::Time {
            self.now = session.now();
            self.fleet.handle_timeout(self.now);
            return Ok(());
        }
        let roll = Roll::call(session).await?;
        self.now = roll.now;
        self.fleet.handle_fleet(roll.now, roll.rows);
        self.open = roll.open;
        self.work = roll.work;
        Ok(())
    }

    fn views(&self) -> Vec<AgentView> {
        self.fleet
            .agents()
            .map(|(row, liveness)| {
                let work = self.work.last(&row.beat.agent_id, Some(&row.beat));
                AgentView::with(row, liveness, self.now, &self.open, work)
            })
            .collect()
    }
}

impl Status {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let id = self.id.as_ref().or(self.agent.as_ref());
        let id = id.ok_or_else(|| Failure::usage("the agent is missing"))?;
        let now = session.now();
        let open = open_requests(session).await?;
        let traces = traces(session).await?;
        let view = match session.store.agent(now, id).await? {
            Some(mut row) => {
                of_this_clock(session, &mut row);
                let work = traces.last(id, Some(&row.beat));
                AgentView::of(&row, now, &session.liveness, &open, work)
            }
            None => AgentView::never_seen(id, now, &open, traces.last(id, None)),
        };
        session.context.answer(&view, render::agent)?;
        Ok(Answer::of(view.state.is_there()))
    }
}

impl Stale {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let mut roll = Roll::call(session).await?;
        let now = roll.now;
        if let Some(span) = self.threshold {
            roll.rows.retain(|row| attune_is_stale(row, now, span.us()));
        }
        let mut agents = roll.views();
        if self.threshold.is_none() {
            agents.retain(is_quiet);
        }
        session
            .context
            .answer(&agents, |agents, style| render::agents_quiet(agents, style))?;
        Ok(Answer::of(agents.is_empty()))
    }
}

/// Whether an agent has been silent for longer than it may.
pub(crate) fn is_quiet(agent: &AgentView) -> bool {
    matches!(agent.state, AgentState::Stale | AgentState::Dead)
}

/// The fleet at one moment.
pub(crate) struct Roll {
    now: Timestamp,
    rows: Vec<FleetRow>,
    open: Vec<ApprovalRow>,
    work: WorkTraces,
    limits: LivenessOptions,
}

impl Roll {
    /// Asks the store for everybody.
    pub(crate) async fn call(session: &Session<'_>) -> Result<Self, StoreError> {
        let now = session.now();
        let mut rows = session.items(session.store.fleet(now).await?);
        for row in &mut rows {
            of_this_clock(session, row);
        }
        Ok(Self {
            now,
            rows,
            open: open_requests(session).await?,
            work: traces(session).await?,
            limits: session.liveness,
        })
    }

    /// Everybody's state.
    pub(crate) fn views(&self) -> Vec<AgentView> {
        self.rows
            .iter()
            .map(|row| {
                let work = self.work.last(&row.beat.agent_id, Some(&row.beat));
                AgentView::of(row, self.now, &self.limits, &self.open, work)
            })
            .collect()
    }
}

/// Leaves out what the clock of a store's server says, where another time was asked for.
fn of_this_clock(session: &Session<'_>, row: &mut FleetRow) {
    if session.context.clock.fixed.is_some() {
        row.age_by_store_us = None;
    }
}

/// Requests that wait for a human.
async fn open_requests(session: &Session<'_>) -> Result<Vec<ApprovalRow>, StoreError> {
    let filter = ApprovalFilter::default();
    let listing = session.store.approvals(session.now(), &filter).await?;
    Ok(session.items(listing))
}

impl StateName {
    const fn state(self) -> AgentState {
        match self {
            Self::Alive => AgentState::Alive,
            Self::Late => AgentState::Late,
            Self::Stale => AgentState::Stale,
            Self::Dead => AgentState::Dead,
            Self::Finished => AgentState::Finished,
            Self::Unknown => AgentState::Unknown,
        }
    }
}
