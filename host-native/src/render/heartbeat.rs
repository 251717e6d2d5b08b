//! Signs of life, as text.

use std::fmt::Write as _;

use muster_core::liveness::{AgentState, Transition};
use muster_core::view::{AgentView, BeatView, Seconds};
use muster_core::{Decimal, Timestamp};

use super::signal::{moment, span};
use super::{Align, Style, Table, counted, plain};

/// Cells of a progress bar.
const BAR: i64 = 10;

/// A beat that was accepted.
pub fn beat(view: &BeatView, style: &Style) -> String {
    let task = if view.current_task.is_empty() {
        String::new()
    } else {
        format!(", {}", view.current_task)
    };
    let text = format!(
        "{}: {}{task}, {} done; known until {} ({}).",
        view.agent_id,
        view.status,
        share(view.progress),
        moment(view.expires_at, style),
        span(Seconds::between(view.last_beat, view.expires_at)),
    );
    style.sentence(&plain(&text)) + "\n"
}

/// An agent that was to be stopped and never beat.
pub fn never_beat(agent: &AgentView, style: &Style) -> String {
    let text = format!(
        "Nothing to stop: no beat of {} is known within a day.",
        agent.agent_id
    );
    style.sentence(&plain(&text)) + "\n"
}

/// A share of 0 to 1 in whole percent, rounded down: what is not done is not 100%.
pub(super) fn share(progress: Decimal) -> String {
    format!("{}%", progress.as_nanos().div_euclid(10_000_000))
}

/// A share of 0 to 1 as a bar and a number; what lies outside is shown as it is.
fn bar(progress: Decimal) -> String {
    let cells =
        progress.as_nanos().clamp(0, Decimal::ONE.as_nanos()) * BAR / Decimal::ONE.as_nanos();
    let full = usize::try_from(cells).unwrap_or(0);
    let empty = usize::try_from(BAR - cells).unwrap_or(0);
    format!(
        "{}{} {:>4}",
        "#".repeat(full),
        ".".repeat(empty),
        share(progress)
    )
}

/// The roll of the fleet.
pub fn agents_alive(agents: &[AgentView], style: &Style) -> String {
    if agents.is_empty() {
        return "No agent has beaten within a day.\n".into();
    }
    let mut out = String::new();
    let _ = writeln!(out, "{}\n", style.title(&summary(agents)));
    out += &table(agents, style);
    for agent in agents {
        if !matches!(agent.state, AgentState::Alive | AgentState::Finished) {
            let text = format!(
                "{} is {}: {}",
                agent.agent_id,
                agent.state.name(),
                agent.reason
            );
            let _ = writeln!(out, "{}", style.sentence(&plain(&text)));
        }
        note(&mut out, agent, style);
    }
    out
}

/// Changes of states, the newest first, each with when it was noticed.
pub fn changes<'a>(
    changes: impl IntoIterator<Item = &'a (Timestamp, Transition)>,
    style: &Style,
) -> String {
    let mut out = String::new();
    for (at, change) in changes {
        let before = change.from.map_or("new", AgentState::name);
        let text = format!(
            "{}  {}: {before}, now {} ({})",
            style.zone.second(*at),
            change.agent_id,
            change.to.state.name(),
            change.to.reason
        );
        if out.is_empty() {
            out += "\nLast changes\n";
        }
        let _ = writeln!(
            out,
            "{}",
            super::wrap(&plain(&text), style.columns, &" ".repeat(21))
        );
    }
    out
}

/// Agents that have been silent for too long.
pub fn agents_quiet(agents: &[AgentView], style: &Style) -> String {
    if agents.is_empty() {
        return "No agent is stale.\n".into();
    }
    agents_alive(agents, style)
}

/// One agent with all that is known of it.
pub fn agent(agent: &AgentView, style: &Style) -> String {
    let name = match name_beside_id(agent) {
        Some(name) => format!("{} ({name})", agent.agent_id),
        None => agent.agent_id.clone(),
    };
    let title = format!("{name}: {}", agent.state.name());
    let mut out = colored(agent.state, &style.sentence(&plain(&title)), style) + "\n";
    let mut line = |what: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let text = format!("  {what:<10} {}", plain(&value));
            let _ = writeln!(
                out,
                "{}",
                super::wrap(&text, style.columns, &" ".repeat(13))
            );
        }
    };
    line("why", Some(agent.reason.clone()));
    line("since", agent.since.map(|at| moment(at, style)));
    line("last beat", agent.last_beat.map(|at| moment(at, style)));
    line(
        "key",
        agent.ttl_left_s.map(|left| match left.0 {
            0 => "gone".into(),
            _ => format!("{} left", span(left)),
        }),
    );
    line("status", agent.status.clone());
    line("task", agent.current_task.clone());
    line("progress", agent.progress.map(bar));
    line(
        "suspicion",
        agent.suspicion.map(|phi| format!("{phi:.1} (phi)")),
    );
    if agent.state != AgentState::Unknown || agent.attune.is_alive {
        let said = |yes| if yes { "yes" } else { "no" };
        let attune = format!(
            "alive: {}, stale: {}",
            said(agent.attune.is_alive),
            said(agent.attune.is_stale)
        );
        line("attune", Some(attune));
    }
    note(&mut out, agent, style);
    out
}

fn summary(agents: &[AgentView]) -> String {
    let number = u64::try_from(agents.len()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for state in AgentState::ALL {
        let of_state = agents.iter().filter(|agent| agent.state == state).count();
        if of_state > 0 {
            let failed = agents.iter().filter(|agent| has_failed(agent)).count();
            let of_these = if state == AgentState::Finished && failed > 0 {
                format!(" ({failed} failed)")
            } else {
                String::new()
            };
            parts.push(format!("{of_state} {}{of_these}", state.name()));
        }
    }
    format!("{}: {}", counted(number, "agent"), parts.join(", "))
}

/// Whether an agent ended badly, as it said itself.
fn has_failed(agent: &AgentView) -> bool {
    agent.state == AgentState::Finished && agent.status.as_deref() == Some("failed")
}

fn table(agents: &[AgentView], style: &Style) -> String {
    let with_names = agents.iter().any(|agent| name_beside_id(agent).is_some());
    let mut columns = vec![
        ("AGENT", Align::Id),
        ("STATE", Align::Text),
        ("BEAT", Align::Number),
        ("PROGRESS", Align::Text),
        ("TASK", Align::Name),
    ];
    if with_names {
        columns.insert(1, ("NAME", Align::Name));
    }
    let mut table = Table::new(columns);
    for agent in agents {
        let mut row = vec![
            agent.agent_id.clone(),
            if has_failed(agent) {
                "failed"
            } else {
                agent.state.name()
            }
            .into(),
            agent.age_s.map_or_else(|| "-".into(), span),
            agent.progress.map(bar).unwrap_or_default(),
            agent.current_task.clone().unwrap_or_default(),
        ];
        if with_names {
            let name = name_beside_id(agent).unwrap_or_default();
            row.insert(1, name.to_owned());
        }
        table.row(row);
    }
    let text = table.render(style);
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.lines().enumerate() {
        match at.checked_sub(1).and_then(|row| agents.get(row)) {
            Some(agent) if has_failed(agent) => out += &style.warning(line),
            Some(agent) => out += &colored(agent.state, line, style),
            None => out += line,
        }
        out.push('\n');
    }
    out
}

/// What people call an agent, where that says more than its id.
fn name_beside_id(agent: &AgentView) -> Option<&str> {
    let name = agent.display_name.as_deref();
    name.filter(|name| !name.trim().is_empty() && *name != agent.agent_id)
}

/// What people must know of an agent beside its state.
fn note(out: &mut String, agent: &AgentView, style: &Style) {
    let name = &agent.agent_id;
    if let Some(waiting) = &agent.waiting_for_human {
        let text = format!(
            "{name} waits for a human: {} ({}), {} left",
            waiting.request_id,
            waiting.approval_type,
            span(waiting.left_s)
        );
        let _ = writeln!(out, "{}", style.sentence(&plain(&text)));
    }
    if let Some(skew) = agent.clock_skew_s {
        let text = if skew < Decimal::ZERO {
            format!(
                "the clock of {name} is {} s behind",
                Decimal::from_nanos(-skew.as_nanos())
            )
        } else {
            format!("the clock of {name} is {skew} s ahead")
        };
        let _ = writeln!(out, "{}", style.sentence(&plain(&text)));
    }
}

fn colored(state: AgentState, text: &str, style: &Style) -> String {
    match state {
        AgentState::Late | AgentState::Stale | AgentState::Dead => style.warning(text),
        AgentState::Finished => style.faint(text),
        AgentState::Alive | AgentState::Unknown => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use muster_core::Timestamp;
    use muster_core::coordination::FleetRow;
    use muster_core::liveness::LivenessOptions;
    use muster_core::record::heartbeat::Heartbeat;

    use super::*;

    #[test]
    fn a_roll_fits_and_says_why() {
        let at = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
        let beat = |id: &str, status: &str| FleetRow {
            beat: Heartbeat::parse(&format!(
                r#"{{"agent_id": "{id}", "status": "{status}", "progress": 7.5,
                    "current_task": "{}", "last_beat": "2026-11-20T10:00:00Z"}}"#,
                "a long task \\u001b[2J".repeat(9)
            ))
            .unwrap(),
            arrivals: vec![at],
            expires_at: at.saturating_add_us(30_000_000),
            run: None,
            age_by_store_us: None,
        };
        let options = LivenessOptions::default();
        let agents: Vec<AgentView> = [(&*"x".repeat(99), "running"), ("b", "completed")]
            .iter()
            .map(|(id, status)| {
                let now = at.saturating_add_us(16_000_000);
                AgentView::of(&beat(id, status), now, &options, &[], None)
            })
            .collect();
        let text = agents_alive(&agents, &Style::plain());
        assert!(text.lines().all(|line| line.len() <= 101), "{text}");
        assert!(text.contains("is late: no beat for 16 s"), "{text}");
        assert!(text.contains("########## 750%"), "{text}");
        assert!(!text.contains('\u{1b}'));
        assert!(
            text.contains("\nAGENT ") && !text.contains("NAME"),
            "{text}"
        );
        assert!(agent(&agents[1], &Style::plain()).starts_with("b: finished\n"));
    }

    #[test]
    fn an_agent_is_listed_by_its_id_and_called_by_its_name() {
        let at = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
        let options = LivenessOptions::default();
        let view = |id: &str, name: &str| {
            let value = format!(
                r#"{{"agent_id": "{id}", "status": "running", "progress": 0.42,
                    "current_task": "linking all of it", "display_name": {name},
                    "last_beat": "2026-11-20T10:00:00Z"}}"#
            );
            let row = FleetRow {
                beat: Heartbeat::parse(&value).unwrap(),
                arrivals: vec![at],
                expires_at: at,
                run: None,
                age_by_store_us: None,
            };
            AgentView::of(&row, at, &options, &[], None)
        };
        let agents = [
            view("builder-of-the-eastern-wing", "\"The builder of the east\""),
            view("planner", "\"planner\""),
            view("tester", "null"),
        ];
        let text = agents_alive(&agents, &Style::plain());
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert!(
            text.contains("\nbuilder-of-the-eastern-wing  The "),
            "{text}"
        );
        let planner = text.lines().find(|line| line.starts_with("planner"));
        assert_eq!(planner.unwrap().matches("planner").count(), 1, "{text}");
        let text = agents_alive(&agents[1..], &Style::plain());
        assert!(!text.contains("NAME"), "{text}");
    }
}
