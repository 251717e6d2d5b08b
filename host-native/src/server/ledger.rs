//! What was spent lately, read again when the usage log has grown.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use muster_core::view::{AgentCostView, SpendView};
use muster_core::{LogKind, Telemetry, US_PER_DAY, Usd, Window};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::clock::RunningClock;
use super::versions::Versions;
use crate::files::{LogQuery, LogsState, load};

/// So many days are looked at: the month, and the days that are held against today.
const DAYS: i64 = 36;
/// How often the log is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A reading that took a while is followed by a pause of so many times that.
const PAUSE_FACTOR: u32 = 4;

/// What the usage log says of the last weeks.
#[derive(Debug)]
pub(super) struct Ledger {
    clock: RunningClock,
    budget: Option<Usd>,
    telemetry: RwLock<Option<Arc<Telemetry>>>,
}

impl Ledger {
    /// Begins to read. It ends with the runtime.
    pub(super) fn start(
        mut query: LogQuery,
        clock: RunningClock,
        budget: Option<Usd>,
        versions: Arc<Versions>,
    ) -> Arc<Self> {
        query.needed = vec![LogKind::Usage];
        query.also = Vec::new();
        query.options.recent = 0;
        let ledger = Arc::new(Self {
            clock,
            budget,
            telemetry: RwLock::default(),
        });
        tokio::spawn(Arc::clone(&ledger).keep(query, versions));
        ledger
    }

    /// What today costs; `None` while nothing was read, or where there is no log.
    pub(super) fn spend(&self) -> Option<SpendView> {
        let telemetry = self.read()?;
        Some(telemetry.spend_view(self.clock.now().day(), self.budget))
    }

    /// What calls under these names cost.
    pub(super) fn agent_cost(&self, names: &[&str]) -> Option<AgentCostView> {
        self.read()?.agent_cost(names)
    }

    fn read(&self) -> Option<Arc<Telemetry>> {
        let telemetry = self.telemetry.read();
        telemetry.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn keep(self: Arc<Self>, query: LogQuery, versions: Arc<Versions>) {
        let mut seen = None;
        loop {
            let mut query = query.clone();
            let now = self.clock.now();
            query.options.window = Window::before(now, DAYS * US_PER_DAY);
            // A call of this very moment counts as well.
            query.options.window.to = None;
            let begun = Instant::now();
            let known = seen.clone();
            let read = spawn_blocking(move || {
                let state = (LogsState::of(&query), now.day());
                if known.as_ref() == Some(&state) {
                    return None;
                }
                // What cannot be read is told by the usage view.
                let telemetry = load(&query, &()).ok();
                Some((state, telemetry))
            })
            .await;
            if let Ok(Some((state, telemetry))) = read {
                let there = telemetry.filter(|telemetry| !telemetry.sources().is_empty());
                *self
                    .telemetry
                    .write()
                    .unwrap_or_else(PoisonError::into_inner) = there.map(Arc::new);
                seen = Some(state);
                versions.bump(&["usage", "now"]);
            }
            sleep(LOOK_EVERY.max(begun.elapsed() * PAUSE_FACTOR)).await;
        }
    }
}
