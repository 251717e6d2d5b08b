//! How a fleet is, in one document.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::{AgentView, AlertRuleView, ApprovalView, SpendLevel, SpendView};
use crate::liveness::{Age, AgentState};
use crate::overview::{Change, ChangeKind, Glance};
use crate::time::Timestamp;

/// So many agents and requests are shown.
const MAX_ROWS: usize = 20;
/// So many changes are shown.
const MAX_CHANGES: usize = 100;

/// How the fleet is, who is quiet, who waits, what it costs, what changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NowView {
    /// When.
    pub now: Timestamp,
    /// `ok`, `attention`, `trouble` or `unknown`.
    pub verdict: FleetVerdict,
    /// The same in one line.
    pub headline: String,
    /// How many agents are in which state.
    pub agents: AgentCounts,
    /// Agents that are late, stale or dead, the worst first; at most 20.
    pub quiet: Vec<AgentView>,
    /// Further ones.
    pub quiet_left_out: u64,
    /// Requests that wait for a human, the next deadline first; at most 20.
    pub waiting: Vec<ApprovalView>,
    /// Further ones.
    pub waiting_left_out: u64,
    /// What today costs; `null` while no usage log was read.
    pub spend: Option<SpendView>,
    /// What changed within the last hour, newest first; at most 100.
    pub changes: Vec<ChangeView>,
    /// From when on changes were watched.
    pub changes_since: Timestamp,
    /// Alerts that fire.
    pub alerts: Vec<AlertRuleView>,
    /// How the store is.
    pub store: StoreView,
}

/// How the fleet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FleetVerdict {
    /// All is well.
    Ok,
    /// Somebody should look: an agent is late, a human is waited for, a day is dear.
    Attention,
    /// Agents are stale or dead.
    Trouble,
    /// Nothing can be said.
    Unknown,
}

/// How many agents are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AgentCounts {
    /// All that are remembered.
    pub total: u64,
    /// Those whose beats come in time.
    pub alive: u64,
    /// Those with an overdue beat.
    pub late: u64,
    /// Those that are silent for too long.
    pub stale: u64,
    /// Those that no beat is expected of.
    pub dead: u64,
    /// Those that said that they are done.
    pub finished: u64,
    /// Those of which nothing can be said.
    pub unknown: u64,
    /// Those of all that wait for a human.
    pub waiting_for_human: u64,
}

/// Something is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeView {
    /// When.
    pub at: Timestamp,
    /// `agent`, `approval`, `run`, `alert` or `store`.
    pub kind: ChangeKind,
    /// The agent, the request, the run, the alert.
    pub subject: String,
    /// What it was; `null`: it is new.
    pub from: Option<String>,
    /// What it is.
    pub to: String,
    /// The same in words.
    pub text: String,
}

/// How a store is, for who does not work on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreView {
    /// `ok`, `unreachable`, `absent` or `opening`.
    pub state: StoreState,
    /// `sqlite`, `redis` or `memory`; `null` before it was opened.
    pub backend: Option<&'static str>,
    /// Where it is, without a password.
    pub location: String,
    /// What an accepted write survives: `memory`, `seconds`, `disk` or `unknown`.
    pub durability: Option<&'static str>,
    /// Since when it has been watched without a gap.
    pub observed_since: Option<Timestamp>,
    /// When it was last looked at.
    pub looked_at: Option<Timestamp>,
    /// Why it cannot be used.
    pub error: Option<ProblemView>,
    /// What a user should know about it.
    pub notes: Vec<String>,
}

/// How a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreState {
    /// It answers.
    Ok,
    /// It does not.
    Unreachable,
    /// There is none yet.
    Absent,
    /// It was not asked yet.
    Opening,
}

/// What went wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProblemView {
    /// What was tried and what happened.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        Self {
            at: change.at,
            kind: change.kind,
            subject: change.subject.clone(),
            from: change.from.clone(),
            to: change.to.clone(),
            text: change.text.clone(),
        }
    }
}

impl AgentCounts {
    /// Counts agents.
    pub fn of(agents: &[AgentView]) -> Self {
        let mut counts = Self::default();
        for agent in agents {
            counts.total += 1;
            counts.waiting_for_human += u64::from(agent.waiting_for_human.is_some());
            *match agent.state {
                AgentState::Alive => &mut counts.alive,
                AgentState::Late => &mut counts.late,
                AgentState::Stale => &mut counts.stale,
                AgentState::Dead => &mut counts.dead,
                AgentState::Finished => &mut counts.finished,
                AgentState::Unknown => &mut counts.unknown,
            } += 1;
        }
        counts
    }

    /// Those that are in a state, by its name.
    pub fn by_state(&self) -> [(AgentState, u64); 6] {
        [
            (AgentState::Alive, self.alive),
            (AgentState::Late, self.late),
            (AgentState::Stale, self.stale),
            (AgentState::Dead, self.dead),
            (AgentState::Finished, self.finished),
            (AgentState::Unknown, self.unknown),
        ]
    }
}

impl NowView {
    /// How the fleet is at `now`; without a glance the store has not answered yet.
    pub fn of(
        now: Timestamp,
        glance: Option<&Glance>,
        spend: Option<SpendView>,
        alerts: Vec<AlertRuleView>,
        store: StoreView,
    ) -> Self {
        let agents = glance.map(|glance| glance.agents(now)).unwrap_or_default();
        let counts = AgentCounts::of(&agents);
        let mut quiet: Vec<AgentView> = agents
            .into_iter()
            .filter(|agent| quietness(agent.state) > 0)
            .collect();
        quiet.sort_by(|a, b| {
            let worst = quietness(b.state).cmp(&quietness(a.state));
            // Of the same state, the one that fell silent last is the news.
            worst.then_with(|| b.since.cmp(&a.since))
        });
        let mut waiting = glance
            .map(|glance| glance.approvals(now, None))
            .unwrap_or_default();
        waiting.sort_by_key(|request| request.deadline);
        let verdict = verdict(&counts, &waiting, spend.as_ref(), &alerts, &store);
        let headline = headline(now, &counts, &quiet, &waiting, spend.as_ref(), &store);
        let changes = glance.map(|glance| &*glance.changes).unwrap_or_default();
        let changes = changes.iter().take(MAX_CHANGES).map(ChangeView::from);
        Self {
            now,
            verdict,
            headline,
            agents: counts,
            quiet_left_out: cut(&mut quiet),
            quiet,
            waiting_left_out: cut(&mut waiting),
            waiting,
            spend,
            changes: changes.collect(),
            changes_since: glance.map_or(now, |glance| glance.changes_since),
            alerts,
            store,
        }
    }
}

const fn quietness(state: AgentState) -> u8 {
    match state {
        AgentState::Dead => 3,
        AgentState::Stale => 2,
        AgentState::Late => 1,
        AgentState::Alive | AgentState::Finished | AgentState::Unknown => 0,
    }
}

fn cut<T>(rows: &mut Vec<T>) -> u64 {
    let left_out = rows.len().saturating_sub(MAX_ROWS) as u64;
    rows.truncate(MAX_ROWS);
    left_out
}

fn verdict(
    counts: &AgentCounts,
    waiting: &[ApprovalView],
    spend: Option<&SpendView>,
    alerts: &[AlertRuleView],
    store: &StoreView,
) -> FleetVerdict {
    if store.state == StoreState::Unreachable || store.state == StoreState::Opening {
        return FleetVerdict::Unknown;
    }
    if counts.dead + counts.stale > 0 {
        return FleetVerdict::Trouble;
    }
    let is_dear = spend.is_some_and(|spend| spend.level == SpendLevel::Alarm);
    if counts.late > 0 || !waiting.is_empty() || is_dear || !alerts.is_empty() {
        return FleetVerdict::Attention;
    }
    FleetVerdict::Ok
}

fn headline(
    now: Timestamp,
    counts: &AgentCounts,
    quiet: &[AgentView],
    waiting: &[ApprovalView],
    spend: Option<&SpendView>,
    store: &StoreView,
) -> String {
    match store.state {
        StoreState::Unreachable => {
            return "The store does not answer: nothing can be said of the fleet".into();
        }
        StoreState::Opening => return "The store is being opened".into(),
        StoreState::Ok | StoreState::Absent => {}
    }
    let mut parts = Vec::new();
    let silent = counts.dead + counts.stale;
    if let Some(worst) = quiet.first() {
        let who = worst.display_name.as_ref().unwrap_or(&worst.agent_id);
        let for_how_long = worst.since.map_or(0, |since| {
            u64::try_from(now.as_micros().saturating_sub(since.as_micros())).unwrap_or(0)
        });
        let n = if silent > 0 { silent } else { counts.late };
        let how = if silent > 0 { "silent" } else { "late" };
        parts.push(format!(
            "{n} of {} {how}: {who} {} for {}",
            plural(counts.total, "agent"),
            worst.state.name(),
            Age(for_how_long)
        ));
    } else if counts.total > 0 {
        parts.push(format!("{} in order", plural(counts.total, "agent")));
    }
    if let Some(next) = waiting.first() {
        parts.push(format!(
            "{} for a human, the next runs out in {}",
            if waiting.len() == 1 {
                "1 request waits".into()
            } else {
                format!("{} requests wait", waiting.len())
            },
            Age(next.left_s.0)
        ));
    }
    if let Some(spend) = spend.filter(|spend| spend.level == SpendLevel::Alarm) {
        parts.push(format!("today costs {}", spend.detail));
    }
    if parts.is_empty() {
        parts.push("No agent has shown up yet".into());
    }
    parts.join("; ")
}

fn plural(n: u64, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}
