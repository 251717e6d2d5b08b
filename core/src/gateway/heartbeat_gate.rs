//! Whether messages go to the agent, a process of its own, or are answered for it
//! while it is away.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::MessageId;
use super::clock::{Clock, after, earliest};
use crate::time::Timestamp;

/// Settings of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatePolicy {
    /// Time between two looks at the agent's key.
    pub look_ms: u64,
    /// After its key was gone, it is looked for again after this long.
    pub recheck_ms: u64,
    /// After one notice that the agent is away, further ones are gathered for this long.
    pub batch_ms: u64,
    /// Messages held at once.
    pub capacity: usize,
}

impl Default for GatePolicy {
    fn default() -> Self {
        Self {
            look_ms: 15_000,
            recheck_ms: 20_000,
            batch_ms: 600_000,
            capacity: 1_000,
        }
    }
}

/// What a look at the agent's key found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is there.
    Present,
    /// It is gone.
    Absent,
    /// The store could not be asked, which says nothing of the agent.
    Unreadable,
}

/// What is known of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// Nothing yet.
    Unknown,
    /// It is there.
    Here,
    /// It was not found once.
    Doubtful {
        /// Since when.
        since: Timestamp,
    },
    /// It was not found twice.
    Away {
        /// Since when it was not found.
        since: Timestamp,
    },
}

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// To the agent, now.
    Agent,
    /// It is held; an action says later where it goes.
    Held,
    /// Nowhere: too many are held. It stays in the store.
    Full,
}

/// What the host must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Look for the agent's key, then [`HeartbeatGate::handle_presence`].
    Look,
    /// Give the messages to the agent.
    Deliver(Vec<MessageId>),
    /// Tell the senders that the agent is away.
    SendNotice(Vec<MessageId>),
}

/// What is worth recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The agent was there again at the second look.
    BlipRecovered,
    /// It was not.
    Stale,
    /// It is back.
    Returned,
}

/// Why the gate wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// To look for the agent.
    Look,
    /// To send the gathered notices.
    Notice,
}

/// The gate. It holds messages up to its capacity.
#[derive(Clone, Debug)]
pub struct HeartbeatGate {
    policy: GatePolicy,
    clock: Clock,
    state: AgentState,
    look_at: Option<Timestamp>,
    /// Of a second look, which alone decides.
    recheck_due: Option<Timestamp>,
    notice_at: Option<Timestamp>,
    held: Vec<MessageId>,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

impl HeartbeatGate {
    /// A gate that has not looked yet. It asks to.
    pub fn new(policy: GatePolicy) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            state: AgentState::Unknown,
            look_at: None,
            recheck_due: None,
            notice_at: None,
            held: Vec::new(),
            actions: VecDeque::from([Action::Look]),
            events: VecDeque::new(),
        }
    }

    /// A look at the agent's key found this.
    pub fn handle_presence(&mut self, now: Timestamp, presence: Presence) {
        let now = self.clock.advance(now);
        match (presence, self.state) {
            (Presence::Present, before) => {
                match before {
                    AgentState::Doubtful { .. } => self.events.push_back(Event::BlipRecovered),
                    AgentState::Away { .. } => self.events.push_back(Event::Returned),
                    AgentState::Unknown | AgentState::Here => {}
                }
                self.state = AgentState::Here;
                self.recheck_due = None;
                self.notice_at = None;
                if !self.held.is_empty() {
                    let held = core::mem::take(&mut self.held);
                    self.actions.push_back(Action::Deliver(held));
                }
            }
            (Presence::Absent, AgentState::Unknown | AgentState::Here) => {
                self.state = AgentState::Doubtful { since: now };
                self.recheck_due = Some(after(now, self.policy.recheck_ms));
            }
            (Presence::Absent, AgentState::Doubtful { since })
                if self.recheck_due.is_none_or(|due| due <= now) =>
            {
                self.state = AgentState::Away { since };
                self.recheck_due = None;
                self.events.push_back(Event::Stale);
                self.send_notice(now);
            }
            (Presence::Absent, AgentState::Doubtful { .. } | AgentState::Away { .. })
            | (Presence::Unreadable, _) => {}
        }
        let wait = match self.recheck_due {
            Some(due) if due > now => {
                self.look_at = Some(due);
                return;
            }
            Some(_) => self.policy.recheck_ms,
            None => self.policy.look_ms,
        };
        self.look_at = Some(after(now, wait.max(1)));
    }

    /// A message came in.
    pub fn handle_message(&mut self, now: Timestamp, id: MessageId) -> Route {
        let now = self.clock.advance(now);
        if self.state == AgentState::Here {
            return Route::Agent;
        }
        if self.held.contains(&id) {
            return Route::Held;
        }
        if self.held.len() >= self.policy.capacity {
            return Route::Full;
        }
        self.held.push(id);
        if matches!(self.state, AgentState::Away { .. }) && self.notice_at.is_none() {
            self.send_notice(now);
        }
        Route::Held
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = Some(after(now, self.policy.look_ms.max(1)));
            self.actions.push_back(Action::Look);
        }
        if self.notice_at.is_some_and(|at| at <= now) {
            self.notice_at = None;
            self.send_notice(now);
        }
    }

    /// The next thing the host must do.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing worth recording.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        earliest([
            self.look_at.map(|at| (at, Wake::Look)),
            self.notice_at.map(|at| (at, Wake::Notice)),
        ])
    }

    /// What is known of the agent.
    pub const fn agent(&self) -> AgentState {
        self.state
    }

    /// Messages that are held.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    fn send_notice(&mut self, now: Timestamp) {
        if !self.held.is_empty() {
            let held = core::mem::take(&mut self.held);
            self.actions.push_back(Action::SendNotice(held));
            self.notice_at = Some(after(now, self.policy.batch_ms.max(1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_seconds(s).unwrap()
    }

    fn actions(gate: &mut HeartbeatGate) -> Vec<Action> {
        core::iter::from_fn(|| gate.poll_action()).collect()
    }

    fn ids(names: &[&str]) -> Vec<MessageId> {
        names.iter().map(|name| MessageId::from(*name)).collect()
    }

    #[test]
    fn a_blip_holds_messages_and_then_gives_them_to_the_agent() {
        let mut gate = HeartbeatGate::new(GatePolicy::default());
        gate.handle_presence(at(0), Presence::Present);
        assert_eq!(gate.handle_message(at(1), "a".into()), Route::Agent);
        gate.handle_presence(at(15), Presence::Absent);
        assert_eq!(gate.handle_message(at(16), "b".into()), Route::Held);
        assert_eq!(gate.poll_timeout(), Some((at(35), Wake::Look)));
        gate.handle_presence(at(20), Presence::Absent);
        assert!(
            matches!(gate.agent(), AgentState::Doubtful { .. }),
            "too early to tell"
        );
        gate.handle_presence(at(35), Presence::Present);
        assert_eq!(
            actions(&mut gate),
            [Action::Look, Action::Deliver(ids(&["b"]))]
        );
        assert_eq!(gate.poll_event(), Some(Event::BlipRecovered));
    }

    #[test]
    fn the_first_notice_goes_at_once_and_further_ones_are_gathered() {
        let mut gate = HeartbeatGate::new(GatePolicy::default());
        gate.handle_presence(at(0), Presence::Absent);
        gate.handle_message(at(1), "a".into());
        gate.handle_presence(at(20), Presence::Absent);
        for (s, id) in [(30, "b"), (40, "c")] {
            gate.handle_message(at(s), id.into());
        }
        assert_eq!(
            actions(&mut gate),
            [Action::Look, Action::SendNotice(ids(&["a"]))]
        );
        gate.handle_timeout(at(620));
        assert_eq!(
            actions(&mut gate),
            [Action::Look, Action::SendNotice(ids(&["b", "c"]))]
        );
        gate.handle_message(at(630), "d".into());
        gate.handle_presence(at(640), Presence::Present);
        assert_eq!(actions(&mut gate), [Action::Deliver(ids(&["d"]))]);
    }

    #[test]
    fn a_store_that_cannot_be_asked_says_nothing_of_the_agent() {
        let mut gate = HeartbeatGate::new(GatePolicy::default());
        gate.handle_presence(at(0), Presence::Present);
        gate.handle_presence(at(15), Presence::Unreadable);
        assert_eq!(gate.agent(), AgentState::Here);
        gate.handle_presence(at(30), Presence::Absent);
        gate.handle_presence(at(50), Presence::Unreadable);
        assert!(matches!(gate.agent(), AgentState::Doubtful { .. }));
        assert_eq!(gate.poll_timeout(), Some((at(70), Wake::Look)));
        gate.handle_presence(at(70), Presence::Absent);
        assert_eq!(gate.agent(), AgentState::Away { since: at(30) });
    }
}
