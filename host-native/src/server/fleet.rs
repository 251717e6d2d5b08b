//! The fleet: how it is now, everybody, one agent.

use muster_core::liveness::AgentState;
use muster_core::view::{AgentDetailView, AgentView, NowView};

use super::Shared;
use super::answer::Refusal;
use super::params::Params;

/// How the fleet is; it answers whatever the store does.
pub(super) fn now(shared: &Shared) -> NowView {
    let glance = shared.keeper.glance().ok();
    NowView::of(
        shared.clock.now(),
        glance.as_deref(),
        shared.ledger.spend(),
        shared.alerts.firing(shared.clock.now()),
        shared.keeper.view(),
    )
}

/// Everybody, or those in some states.
pub(super) fn agents(shared: &Shared, params: &mut Params) -> Result<Vec<AgentView>, Refusal> {
    let wanted = match params.text("state") {
        None => AgentState::ALL.to_vec(),
        Some(names) => names
            .split(',')
            .map(|name| {
                let mut states = AgentState::ALL.into_iter();
                let state = states.find(|state| state.name() == name);
                state.ok_or_else(|| Refusal::usage(format!("state={name}: there is no such state")))
            })
            .collect::<Result<_, _>>()?,
    };
    let glance = shared.keeper.glance()?;
    let mut agents = glance.agents(shared.clock.now());
    agents.retain(|agent| wanted.contains(&agent.state));
    Ok(agents)
}

/// One agent with all that is known of it.
pub(super) fn agent(shared: &Shared, params: &mut Params) -> Result<AgentDetailView, Refusal> {
    let id = params.required("id")?;
    let glance = shared.keeper.glance()?;
    let mut view = glance
        .agent(shared.clock.now(), &id)
        .ok_or_else(|| Refusal::not_found(format!("nothing is known of an agent {id}")))?;
    let mut names = vec![&*id];
    names.extend(view.agent.display_name.as_deref());
    view.cost = shared.ledger.agent_cost(&names);
    Ok(view)
}
