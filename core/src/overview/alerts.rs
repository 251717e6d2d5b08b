//! Alerts: rules over what is known of a fleet, told once and not again too soon.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::liveness::{Age, Span};
use crate::money::{Shown, Usd};
use crate::time::Timestamp;
use crate::view::{
    AgentCounts, AlertRuleView, AlertState, AlertsView, ApprovalView, Seconds, SpendView,
};

/// When a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertWhen {
    /// Today costs more than this.
    SpendToday(Usd),
    /// The month costs more than this.
    SpendMonth(Usd),
    /// More agents than this are stale or dead.
    AgentsQuiet(u64),
    /// A request has waited for longer than this, in microseconds.
    ApprovalsWaiting(u64),
    /// The last diagnosis is not `ok`.
    Diagnosis,
}

/// How an alert is told, beside the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertDelivery {
    /// On the page alone.
    Page,
    /// By a command.
    Command,
    /// By a request over HTTP.
    Webhook,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// Its name.
    pub name: String,
    /// When it holds.
    pub when: AlertWhen,
    /// How it is told.
    pub delivery: AlertDelivery,
    /// It is not told again for so long, in microseconds.
    pub cooldown_us: u64,
}

/// What is known of a fleet; `None` is not known.
#[derive(Clone, Debug, Default)]
pub struct AlertFacts {
    /// What it costs.
    pub spend: Option<SpendView>,
    /// How many agents are in which state.
    pub agents: Option<AgentCounts>,
    /// The requests that wait.
    pub waiting: Option<Vec<ApprovalView>>,
    /// Whether the last diagnosis is `ok`, and what it says.
    pub diagnosis: Option<(bool, String)>,
}

/// All rules: facts go in, what is to be told comes out.
#[derive(Clone, Debug, Default)]
pub struct AlertBook {
    rules: Vec<Kept>,
    to_tell: VecDeque<AlertRuleView>,
    /// Rules that began or ceased to hold: the name, whether it holds, why.
    turns: VecDeque<(String, bool, String)>,
}

#[derive(Clone, Debug)]
struct Kept {
    rule: AlertRule,
    state: AlertState,
    since: Option<Timestamp>,
    finding: String,
    muted_until: Option<Timestamp>,
    told_at: Option<Timestamp>,
    error: Option<String>,
}

impl AlertWhen {
    /// The stable name of what it looks at.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SpendToday(_) => "spend_today",
            Self::SpendMonth(_) => "spend_month",
            Self::AgentsQuiet(_) => "agents_quiet",
            Self::ApprovalsWaiting(_) => "approvals_waiting",
            Self::Diagnosis => "diagnosis",
        }
    }

    fn words(self) -> String {
        match self {
            Self::SpendToday(limit) => format!("today costs more than {}", Shown(limit)),
            Self::SpendMonth(limit) => {
                format!("the month costs more than {}", Shown(limit))
            }
            Self::AgentsQuiet(0) => "an agent is stale or dead".into(),
            Self::AgentsQuiet(1) => "more than one agent is stale or dead".into(),
            Self::AgentsQuiet(limit) => format!("more than {limit} agents are stale or dead"),
            Self::ApprovalsWaiting(limit) => {
                format!("a request has waited for more than {}", Span(limit))
            }
            Self::Diagnosis => "the diagnosis of the gateway is not ok".into(),
        }
    }

    /// Whether it holds and what is seen; `None` where that is not known.
    fn judge(self, facts: &AlertFacts) -> Option<(bool, String)> {
        Some(match self {
            Self::SpendToday(limit) => {
                let today = facts.spend.as_ref()?.today_usd;
                (
                    today > limit,
                    format!("today costs {} so far", Shown(today)),
                )
            }
            Self::SpendMonth(limit) => {
                let month = facts.spend.as_ref()?.month_to_date_usd;
                (
                    month > limit,
                    format!("the month costs {} so far", Shown(month)),
                )
            }
            Self::AgentsQuiet(limit) => {
                let agents = facts.agents.as_ref()?;
                let quiet = agents.stale.saturating_add(agents.dead);
                let are = if quiet == 1 { "is" } else { "are" };
                let says = format!("{quiet} of {} agents {are} stale or dead", agents.total);
                (quiet > limit, says)
            }
            Self::ApprovalsWaiting(limit) => {
                let waiting = facts.waiting.as_ref()?;
                let oldest = waiting.iter().max_by_key(|request| request.age_s);
                match oldest {
                    None => (false, "no request waits".into()),
                    Some(oldest) => (
                        oldest.age_s.0 > limit,
                        format!(
                            "{} for {} has waited {}",
                            oldest.approval_type,
                            oldest.agent_id,
                            Age(oldest.age_s.0)
                        ),
                    ),
                }
            }
            Self::Diagnosis => {
                let (is_ok, says) = facts.diagnosis.as_ref()?;
                (!is_ok, says.clone())
            }
        })
    }
}

impl AlertDelivery {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Command => "command",
            Self::Webhook => "webhook",
        }
    }
}

impl AlertBook {
    /// These rules, none of which was looked at yet.
    pub fn new(rules: Vec<AlertRule>) -> Self {
        let rules = rules.into_iter().map(|rule| Kept {
            rule,
            state: AlertState::Unknown,
            since: None,
            finding: "not looked at yet".into(),
            muted_until: None,
            told_at: None,
            error: None,
        });
        Self {
            rules: rules.collect(),
            ..Self::default()
        }
    }

    /// What is known at `now`.
    pub fn handle_facts(&mut self, now: Timestamp, facts: &AlertFacts) {
        for kept in &mut self.rules {
            let judged = kept.rule.when.judge(facts);
            let state = match judged {
                Some((true, _)) => AlertState::Firing,
                Some((false, _)) => AlertState::Quiet,
                None => AlertState::Unknown,
            };
            kept.finding = judged.map_or_else(|| "not known".into(), |(_, says)| says);
            if state != kept.state {
                let turned = [kept.state, state].contains(&AlertState::Firing);
                kept.state = state;
                kept.since = Some(now);
                if turned {
                    let is_firing = state == AlertState::Firing;
                    let turn = (kept.rule.name.clone(), is_firing, kept.finding.clone());
                    self.turns.push_back(turn);
                }
            }
            if kept.is_due(now) {
                kept.told_at = Some(now);
                self.to_tell.push_back(kept.view());
            }
        }
    }

    /// An alert that is to be told now, by its delivery.
    pub fn poll_delivery(&mut self) -> Option<AlertRuleView> {
        self.to_tell.pop_front()
    }

    /// A rule that began or ceased to hold: its name, whether it holds, why.
    pub fn poll_turn(&mut self) -> Option<(String, bool, String)> {
        self.turns.pop_front()
    }

    /// What became of a delivery.
    pub fn handle_delivered(&mut self, name: &str, error: Option<String>) {
        if let Some(kept) = self.rules.iter_mut().find(|kept| kept.rule.name == name) {
            kept.error = error;
        }
    }

    /// Tells nothing of a rule until then; `false` if there is no such rule.
    pub fn mute(&mut self, name: &str, until: Option<Timestamp>) -> bool {
        let kept = self.rules.iter_mut().find(|kept| kept.rule.name == name);
        kept.is_some_and(|kept| {
            kept.muted_until = until;
            true
        })
    }

    /// All rules at `now`.
    pub fn view(&self, now: Timestamp) -> AlertsView {
        let rules = self.rules.iter().map(|kept| {
            let mut view = kept.view();
            view.muted_until = view.muted_until.filter(|until| *until > now);
            view
        });
        AlertsView {
            rules: rules.collect(),
        }
    }

    /// The rules that hold and are not muted.
    pub fn firing(&self, now: Timestamp) -> Vec<AlertRuleView> {
        let mut rules = self.view(now).rules;
        rules.retain(|rule| rule.state == AlertState::Firing && rule.muted_until.is_none());
        rules
    }
}

impl Kept {
    fn is_due(&self, now: Timestamp) -> bool {
        let cooldown = i64::try_from(self.rule.cooldown_us).unwrap_or(i64::MAX);
        self.state == AlertState::Firing
            && self.muted_until.is_none_or(|until| until <= now)
            && self
                .told_at
                .is_none_or(|at| at.saturating_add_us(cooldown) <= now)
    }

    fn view(&self) -> AlertRuleView {
        let is_told = self.rule.delivery != AlertDelivery::Page;
        AlertRuleView {
            name: self.rule.name.clone(),
            kind: self.rule.when.name(),
            when: self.rule.when.words(),
            state: self.state,
            since: self.since,
            finding: self.finding.clone(),
            delivery: self.rule.delivery.name(),
            cooldown_s: Seconds(self.rule.cooldown_us),
            muted_until: self.muted_until,
            last_delivered_at: self.told_at.filter(|_| is_told),
            last_error: self.error.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds).unwrap()
    }

    fn quiet(dead: u64) -> AlertFacts {
        AlertFacts {
            agents: Some(AgentCounts {
                total: 3,
                dead,
                ..AgentCounts::default()
            }),
            ..AlertFacts::default()
        }
    }

    fn book() -> AlertBook {
        AlertBook::new(vec![AlertRule {
            name: "quiet".into(),
            when: AlertWhen::AgentsQuiet(0),
            delivery: AlertDelivery::Command,
            cooldown_us: 60_000_000,
        }])
    }

    #[test]
    fn an_alert_is_told_once_until_it_has_cooled_down() {
        let mut book = book();
        book.handle_facts(at(0), &quiet(0));
        assert_eq!(book.poll_delivery(), None);
        assert_eq!(book.poll_turn(), None);
        book.handle_facts(at(1), &quiet(1));
        let told = book.poll_delivery().unwrap();
        assert_eq!(told.finding, "1 of 3 agents is stale or dead");
        assert!(book.poll_turn().unwrap().1);
        book.handle_facts(at(2), &quiet(0));
        assert!(!book.poll_turn().unwrap().1);
        book.handle_facts(at(3), &quiet(1));
        assert_eq!(book.poll_delivery(), None, "it has not cooled down");
        book.handle_facts(at(61), &quiet(1));
        assert!(book.poll_delivery().is_some());
        book.handle_delivered("quiet", Some("exit 1".into()));
        let view = book.view(at(62));
        assert_eq!(view.rules[0].last_error.as_deref(), Some("exit 1"));
        assert_eq!(view.rules[0].last_delivered_at, Some(at(61)));
    }

    #[test]
    fn a_muted_rule_is_seen_and_not_told() {
        let mut book = book();
        assert!(book.mute("quiet", Some(at(10))) && !book.mute("other", None));
        book.handle_facts(at(0), &quiet(1));
        assert_eq!(book.poll_delivery(), None);
        assert!(book.firing(at(1)).is_empty());
        assert_eq!(book.view(at(1)).rules[0].state, AlertState::Firing);
        book.handle_facts(at(10), &quiet(1));
        assert!(book.poll_delivery().is_some());
        assert_eq!(book.firing(at(10)).len(), 1);
    }

    #[test]
    fn what_is_not_known_is_not_quiet() {
        let mut book = book();
        book.handle_facts(at(0), &quiet(1));
        book.handle_facts(at(1), &AlertFacts::default());
        assert_eq!(book.view(at(1)).rules[0].state, AlertState::Unknown);
    }
}
