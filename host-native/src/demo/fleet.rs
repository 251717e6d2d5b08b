//! The agents at work.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use muster_core::coordination::{
    ApprovalFilter, ApprovalState, BeatInput, NewApproval, NewEvent, NewSignal, SignalFilter,
};
use muster_core::{Day, Decimal, JsonObject, Timestamp};
use tokio::time::{MissedTickBehavior, interval};

use super::INTERVAL_S;
use super::cast::{CALLS, CAST, EVENTS, Part, Player, REQUESTS, SIGNALS};
use super::history::append_call;
use crate::clock::Clock;
use crate::random;
use crate::store::{Store, StoreResult};

/// How often something happens.
const TICK: Duration = Duration::from_millis(500);
/// A beat keeps its agent's key so many seconds.
const BEAT_TTL_S: u32 = 30;
/// More requests than this do not wait at once.
const MAX_WAITING: usize = 5;
/// A stream keeps so many events.
const STREAM_LENGTH: u64 = 2000;
/// What is spent while it plays comes near this and never above, in micro-dollars: with
/// what was spent before, a day costs up to four times as much as usual.
const MOST_MICROS: u64 = 8_000_000;

/// The fleet as it plays on.
pub(super) struct Simulation {
    store: Arc<dyn Store>,
    clock: Clock,
    home: PathBuf,
    dice: fastrand::Rng,
    tick: u64,
    /// What the calls of a day have cost while it played, in micro-dollars.
    spent: (Day, u64),
    /// Requests whose answer somebody waits for: the request, the asker.
    asked: VecDeque<(String, &'static str)>,
}

impl Simulation {
    pub(super) fn new(store: Arc<dyn Store>, clock: Clock, home: PathBuf) -> Self {
        Self {
            store,
            clock,
            home,
            spent: (clock.now().day(), 0),
            dice: fastrand::Rng::with_seed(7),
            tick: 0,
            asked: VecDeque::new(),
        }
    }

    /// Plays until the store is gone, `speed` times as fast as usual.
    pub(super) async fn run(mut self, speed: u32) -> StoreResult<()> {
        let mut ticks = interval(TICK / speed.max(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.step().await?;
            self.tick += 1;
        }
    }

    async fn step(&mut self) -> StoreResult<()> {
        let now = self.clock.now();
        let second = self.tick / 2;
        for (at, player) in CAST.iter().enumerate() {
            // Their beats do not come all at once.
            let turn = (self.tick + at as u64).is_multiple_of(INTERVAL_S * 2);
            if (turn || self.tick == 0) && Self::is_heard(player, second) {
                let (task, done) = work_of(player, at, i64::try_from(second).unwrap_or(0));
                let beat = beat_of(player, "running", task, done);
                self.store.beat(now, &beat).await?;
            }
        }
        self.call_a_model(now);
        if self.tick.is_multiple_of(2) {
            self.publish(now).await?;
        }
        if self.tick.is_multiple_of(3) {
            self.signal(now).await?;
        }
        if self.tick % 24 == 9 {
            self.ask(now).await?;
        }
        if self.tick.is_multiple_of(4) {
            self.take_answers(now).await?;
        }
        Ok(())
    }

    /// Whether an agent beats at this second.
    fn is_heard(player: &Player, second: u64) -> bool {
        match player.part {
            Part::Works => true,
            Part::Stutters => second % 40 < 32,
            Part::DiesAfter(seconds) => second < seconds,
            Part::DiedBefore(_) | Part::Finished => false,
        }
    }

    async fn publish(&mut self, now: Timestamp) -> StoreResult<()> {
        let Some((event_type, source, field)) = self.dice.choice(EVENTS) else {
            return Ok(());
        };
        let number = self.dice.u32(1..400);
        let event = NewEvent {
            event_type: event_type.into(),
            data: object(&format!(
                r#"{{"{field}": "{field}-{}", "ms": {number}, "ok": {}}}"#,
                number % 7,
                !number.is_multiple_of(11)
            )),
            source: source.into(),
            max_len: STREAM_LENGTH,
        };
        self.store.publish(now, &event).await.map(drop)
    }

    fn call_a_model(&mut self, now: Timestamp) {
        if self.spent.0 != now.day() {
            self.spent = (now.day(), 0);
        }
        // Calls become rare as the money runs out: a day is dearer than usual within
        // minutes, and not absurdly so after hours.
        let left = MOST_MICROS.saturating_sub(self.spent.1);
        if self.dice.u64(0..MOST_MICROS * MOST_MICROS) >= left * left {
            return;
        }
        if let Some(call) = self.dice.choice(CALLS) {
            let factor = self.dice.u64(60..180);
            self.spent.1 += call.4 * factor / 100;
            // A log that cannot be written is shown by the usage view.
            let _ = append_call(&self.home, now, call, factor);
        }
    }

    async fn signal(&mut self, now: Timestamp) -> StoreResult<()> {
        let Some((from, to, signal_type)) = self.dice.choice(SIGNALS) else {
            return Ok(());
        };
        let Ok(signal_id) = random::id("signal") else {
            return Ok(());
        };
        let signal = NewSignal {
            signal_id,
            signal_type: signal_type.into(),
            source_agent: from.into(),
            target_agent: to.into(),
            payload: object(&format!(r#"{{"step": {}}}"#, self.tick)),
            ttl_s: 30,
        };
        self.store.send(now, &signal).await?;
        // Most are taken; the others show what expiry looks like.
        if self.dice.u8(..10) < 8 {
            let filter = SignalFilter {
                agent_id: to.into(),
                signal_type: None,
                source_agent: None,
            };
            self.store.take(now, &filter).await?;
        }
        Ok(())
    }

    async fn ask(&mut self, now: Timestamp) -> StoreResult<()> {
        if self.asked.len() >= MAX_WAITING {
            return Ok(());
        }
        let (Some((approval_type, agent_id, context)), Ok(request_id)) =
            (self.dice.choice(REQUESTS), random::id("approval"))
        else {
            return Ok(());
        };
        let request = NewApproval {
            request_id: request_id.clone(),
            approval_type: approval_type.into(),
            agent_id: agent_id.into(),
            context: object(context),
            timeout_us: self.dice.u64(60..300) * 1_000_000,
        };
        self.store.request(now, &request).await?;
        self.asked.push_back((request_id, agent_id));
        Ok(())
    }

    /// Whoever has an answer tells what comes of it.
    async fn take_answers(&mut self, now: Timestamp) -> StoreResult<()> {
        let open = self
            .store
            .approvals(now, &ApprovalFilter::default())
            .await?;
        let is_open = |id: &str| {
            let mut rows = open.items.iter();
            rows.any(|row| row.request.request_id == id && row.state == ApprovalState::Pending)
        };
        let (waiting, answered): (VecDeque<_>, VecDeque<_>) = self
            .asked
            .drain(..)
            .partition(|(request_id, _)| is_open(request_id));
        self.asked = waiting;
        for (request_id, agent_id) in answered {
            let row = self.store.approval(now, &request_id).await?;
            let what = match row.map(|row| row.state) {
                Some(ApprovalState::Answered(answer)) if answer.approved => "went_on",
                Some(ApprovalState::Answered(_)) => "gave_up",
                _ => "heard_nothing",
            };
            let event = NewEvent {
                event_type: "decision".into(),
                data: object(&format!(
                    r#"{{"request": "{request_id}", "then": "{what}"}}"#
                )),
                source: agent_id.into(),
                max_len: STREAM_LENGTH,
            };
            self.store.publish(now, &event).await?;
        }
        Ok(())
    }
}

/// What an agent does at a second of the play, and how much of it is done, in
/// billionths. The agents take their time each, and did so before the beginning.
pub(super) fn work_of(player: &Player, at: usize, second: i64) -> (&'static str, i64) {
    let at = i64::try_from(at).unwrap_or(0);
    let takes = 40 + at * 37 % 80;
    let second = second.saturating_add(1_000_000 + at * 53);
    let turn = usize::try_from(second / takes).unwrap_or(0);
    let task = player.tasks.get(turn % player.tasks.len().max(1));
    let done = second % takes * 1_000_000_000 / takes;
    (task.copied().unwrap_or_default(), done)
}

/// A sign of life.
pub(super) fn beat_of(player: &Player, status: &str, task: &str, done_nanos: i64) -> BeatInput {
    BeatInput {
        agent_id: player.id.into(),
        status: status.into(),
        progress: Decimal::from_nanos(done_nanos),
        current_task: task.into(),
        display_name: Some(player.name.into()),
        metadata: Some(object(&format!(r#"{{"interval_s": {INTERVAL_S}}}"#))),
        ttl_s: BEAT_TTL_S,
    }
}

/// An object of a text that is one.
pub(super) fn object(text: &str) -> JsonObject {
    JsonObject::parse(text).unwrap_or_default()
}
