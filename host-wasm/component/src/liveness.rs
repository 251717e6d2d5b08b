//! Who is alive: one agent at a time, or a fleet that is watched.

use core::cell::RefCell;

use muster_core::Decimal;
use muster_core::coordination::{BeatRun, FleetRow};
use muster_core::liveness::{FleetWatch, Liveness, LivenessOptions as CoreOptions};
use muster_core::record::heartbeat::Heartbeat;

use crate::Component;
use crate::bindings::exports::muster::core::liveness::{
    Agent, Assessment, Beat, BeatRun as WitRun, Error, Guest, GuestFleetWatch, Interval,
    LivenessOptions, Transition, Wake,
};
use crate::convert::{object, timestamp, timestamps, wake};

impl Guest for Component {
    type FleetWatch = Watch;

    fn assess(
        agent: Agent,
        seen_at: i64,
        now: i64,
        options: LivenessOptions,
    ) -> Result<Assessment, Error> {
        let (seen_at, now) = (timestamp(seen_at)?, timestamp(now)?);
        let row = fleet_row(agent)?;
        Ok(assessment(&Liveness::of(
            &row,
            seen_at,
            now,
            &core_options(options),
        )))
    }
}

pub(crate) struct Watch(RefCell<FleetWatch>);

impl GuestFleetWatch for Watch {
    fn new(options: LivenessOptions) -> Self {
        Self(RefCell::new(FleetWatch::new(core_options(options))))
    }

    fn handle_fleet(&self, now: i64, agents: Vec<Agent>) -> Result<(), Error> {
        let now = timestamp(now)?;
        let rows = agents
            .into_iter()
            .map(fleet_row)
            .collect::<Result<_, _>>()?;
        self.0.borrow_mut().handle_fleet(now, rows);
        Ok(())
    }

    fn handle_timeout(&self, now: i64) -> Result<(), Error> {
        let now = timestamp(now)?;
        self.0.borrow_mut().handle_timeout(now);
        Ok(())
    }

    fn poll_transition(&self) -> Option<Transition> {
        let transition = self.0.borrow_mut().poll_transition()?;
        Some(Transition {
            agent_id: transition.agent_id,
            from: transition.from.map(|state| state.name().to_owned()),
            to: assessment(&transition.to),
        })
    }

    fn poll_timeout(&self) -> Option<Wake> {
        let (at, reason) = self.0.borrow().poll_timeout()?;
        Some(wake(at, reason.name()))
    }

    fn agents(&self) -> Vec<(String, Assessment)> {
        let watch = self.0.borrow();
        let agents = watch.agents();
        agents
            .map(|(row, liveness)| (row.beat.agent_id.clone(), assessment(liveness)))
            .collect()
    }
}

fn core_options(options: LivenessOptions) -> CoreOptions {
    let usual = CoreOptions::default();
    CoreOptions {
        default_interval_us: options
            .default_interval_us
            .unwrap_or(usual.default_interval_us),
        late_percent: options.late_percent.unwrap_or(usual.late_percent),
        stale_intervals: options.stale_intervals.unwrap_or(usual.stale_intervals),
        stale_floor_us: options.stale_floor_us.unwrap_or(usual.stale_floor_us),
        skew_us: options.skew_us.unwrap_or(usual.skew_us),
    }
}

fn fleet_row(agent: Agent) -> Result<FleetRow, Error> {
    Ok(FleetRow {
        beat: heartbeat(agent.last)?,
        arrivals: timestamps(&agent.arrivals)?,
        run: agent.run.map(beat_run).transpose()?,
        expires_at: timestamp(agent.expires_at)?,
        age_by_store_us: agent.age_by_store_us,
    })
}

fn beat_run(run: WitRun) -> Result<BeatRun, Error> {
    Ok(BeatRun {
        since: timestamp(run.since)?,
        longest_us: run.longest_us,
    })
}

fn heartbeat(beat: Beat) -> Result<Heartbeat, Error> {
    Ok(Heartbeat {
        agent_id: beat.agent_id,
        status: beat.status,
        progress: Decimal::from_nanos(beat.progress),
        current_task: beat.current_task,
        last_beat: beat.last_beat.map(timestamp).transpose()?,
        metadata: object("metadata", &beat.metadata)?,
        display_name: beat.display_name,
    })
}

fn assessment(liveness: &Liveness) -> Assessment {
    Assessment {
        state: liveness.state.name().to_owned(),
        since: liveness.since.map(muster_core::Timestamp::as_micros),
        reason: liveness.reason.to_string(),
        interval: liveness.interval.map(|interval| Interval {
            us: interval.us,
            source: interval.source.name().to_owned(),
        }),
        age_us: liveness.age_us,
        skew_us: liveness.skew_us,
        suspicion: liveness.suspicion,
        changes_at: liveness.changes_at.map(muster_core::Timestamp::as_micros),
    }
}
