//! Traces of agents that are no beats: they make nobody alive, and stand beside the
//! state.

use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::record::heartbeat::Heartbeat;
use crate::record::usage::UsageRecord;
use crate::time::Timestamp;
use crate::view::{WorkKind, WorkView};

/// The last trace of each agent.
#[derive(Clone, Debug, Default)]
pub struct WorkTraces {
    agents: BTreeMap<String, WorkView>,
    /// The last call of a model by each workflow.
    workflows: BTreeMap<String, Timestamp>,
}

impl WorkTraces {
    /// An agent has sent a signal or published an event.
    pub fn note(&mut self, agent_id: &str, at: Timestamp, kind: WorkKind) {
        match self.agents.get_mut(agent_id) {
            Some(known) if known.at >= at => {}
            Some(known) => *known = WorkView { at, kind },
            None => {
                self.agents.insert(agent_id.into(), WorkView { at, kind });
            }
        }
    }

    /// A workflow has called a model.
    pub fn note_usage(&mut self, call: &UsageRecord<'_>) {
        match self.workflows.get_mut(&*call.workflow) {
            Some(known) => *known = call.at.max(*known),
            None => {
                self.workflows.insert((*call.workflow).into(), call.at);
            }
        }
    }

    /// The last trace of an agent. A call of a model counts for the agent that has the
    /// name of the workflow, or names it in its beats: usage records name no agent.
    pub fn last(&self, agent_id: &str, beat: Option<&Heartbeat>) -> Option<WorkView> {
        let named = beat.and_then(Heartbeat::workflow);
        let call = [Some(agent_id), named.as_deref()]
            .into_iter()
            .flatten()
            .filter_map(|workflow| self.workflows.get(workflow))
            .max();
        let call = call.map(|at| WorkView {
            at: *at,
            kind: WorkKind::Usage,
        });
        let trace = self.agents.get(agent_id).cloned();
        trace.into_iter().chain(call).max_by_key(|work| work.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u8) -> Timestamp {
        Timestamp::parse(&alloc::format!("2026-11-20T10:00:{second:02}Z")).unwrap()
    }

    fn call(workflow: &str, second: u8) -> String {
        alloc::format!(
            r#"{{"v":"1.0","ts":"2026-11-20T10:00:{second:02}Z","workflow":"{workflow}","cost":0.1}}"#
        )
    }

    #[test]
    fn the_last_trace_counts_whatever_it_is() {
        let mut traces = WorkTraces::default();
        traces.note("wf-1", at(5), WorkKind::Signal);
        traces.note("wf-1", at(3), WorkKind::Event);
        for line in [
            call("code-review", 9),
            call("code-review", 7),
            call("wf-2", 1),
        ] {
            traces.note_usage(&UsageRecord::parse(&line).unwrap());
        }
        let kind = |agent: &str, beat: Option<&Heartbeat>| {
            traces.last(agent, beat).map(|work| (work.kind, work.at))
        };
        assert_eq!(kind("wf-1", None), Some((WorkKind::Signal, at(5))));
        assert_eq!(kind("wf-2", None), Some((WorkKind::Usage, at(1))));
        assert_eq!(kind("wf-3", None), None);
        let beat = Heartbeat::parse(
            r#"{"agent_id": "wf-1", "status": "running", "progress": 0, "current_task": "",
                "metadata": {"workflow": "code-review"}}"#,
        )
        .unwrap();
        assert_eq!(kind("wf-1", Some(&beat)), Some((WorkKind::Usage, at(9))));
    }
}
