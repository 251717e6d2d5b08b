//! Heartbeats: the last of each agent, and when the last ones arrived.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::{remembered, seconds};
use crate::coordination::{BEAT_HISTORY, BeatInput, BeatRun, FleetRow};
use crate::record::heartbeat::Heartbeat;
use crate::time::Timestamp;

#[derive(Clone, Debug, Default)]
pub(super) struct Fleet {
    agents: BTreeMap<String, FleetRow>,
}

impl Fleet {
    pub(super) fn beat(&mut self, now: Timestamp, beat: BeatInput) {
        let known = self
            .agents
            .remove(&beat.agent_id)
            .filter(|row| is_remembered(row, now));
        // An agent that starts anew keeps its name and not its rhythm.
        let goes_on = beat.status != "starting";
        let (mut arrivals, mut run, before) = match known {
            Some(row) if goes_on && !row.beat.is_final() => (row.arrivals, row.run, Some(row.beat)),
            Some(row) => (Vec::new(), None, Some(row.beat)),
            None => (Vec::new(), None, None),
        };
        if arrivals.len() >= BEAT_HISTORY {
            run = BeatRun::forgetting(run, &arrivals);
            arrivals.remove(0);
        }
        arrivals.push(now);
        let (name, metadata) = before
            .map(|beat| (beat.display_name, beat.metadata))
            .unwrap_or_default();
        let row = FleetRow {
            beat: Heartbeat {
                agent_id: beat.agent_id.clone(),
                status: beat.status,
                progress: beat.progress,
                current_task: beat.current_task,
                last_beat: Some(now),
                metadata: beat.metadata.unwrap_or(metadata),
                display_name: beat.display_name.or(name),
            },
            arrivals,
            run,
            expires_at: now.saturating_add_us(seconds(beat.ttl_s.into())),
            age_by_store_us: None,
        };
        self.agents.insert(beat.agent_id, row);
    }

    pub(super) fn all(&self, now: Timestamp) -> Vec<FleetRow> {
        let rows = self.agents.values().filter(|row| is_remembered(row, now));
        rows.cloned().collect()
    }

    pub(super) fn agent(&self, now: Timestamp, agent_id: &str) -> Option<FleetRow> {
        let row = self.agents.get(agent_id);
        row.filter(|row| is_remembered(row, now)).cloned()
    }

    pub(super) fn forget(&mut self, now: Timestamp) {
        self.agents.retain(|_, row| is_remembered(row, now));
    }
}

/// An agent is remembered for the grace period after its key has gone.
fn is_remembered(row: &FleetRow, now: Timestamp) -> bool {
    remembered(row.expires_at, now)
}
