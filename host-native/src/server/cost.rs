//! What the organisation is billed and uses: fetched by a schedule, shown at once.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use muster_core::view::{AccountAnswer, AccountUsage, CostSummary};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::answer::Refusal;
use super::versions::Versions;
use crate::account::Account;
use crate::clock::Clock;

/// How often the reports are fetched.
const FETCH_EVERY: Duration = Duration::from_mins(15);
/// How soon after a failure.
const FETCH_AGAIN: Duration = Duration::from_mins(5);

/// The reports of an account as they were fetched last.
#[derive(Debug)]
pub(super) struct Bills {
    account: Option<Arc<Account>>,
    clock: Clock,
    answers: RwLock<Option<Arc<Answers>>>,
    versions: Arc<Versions>,
}

#[derive(Debug)]
struct Answers {
    cost: AccountAnswer<CostSummary>,
    usage: AccountAnswer<AccountUsage>,
}

impl Bills {
    /// Begins to fetch, where there is an account.
    pub(super) fn start(
        account: Option<Arc<Account>>,
        clock: Clock,
        versions: Arc<Versions>,
    ) -> Arc<Self> {
        let bills = Arc::new(Self {
            account,
            clock,
            answers: RwLock::default(),
            versions,
        });
        if bills.account.is_some() {
            tokio::spawn(Arc::clone(&bills).keep());
        }
        bills
    }

    /// What the organisation is billed.
    pub(super) fn cost(&self) -> Result<AccountAnswer<CostSummary>, Refusal> {
        Ok(self.answers()?.cost.clone())
    }

    /// What it uses.
    pub(super) fn usage(&self) -> Result<AccountAnswer<AccountUsage>, Refusal> {
        Ok(self.answers()?.usage.clone())
    }

    /// Asks the service now.
    pub(super) async fn refresh(&self) -> Result<AccountAnswer<CostSummary>, Refusal> {
        self.fetch(true).await;
        self.cost()
    }

    fn answers(&self) -> Result<Arc<Answers>, Refusal> {
        if self.account.is_none() {
            return Err(Refusal::not_found("this server looks at no account"));
        }
        let answers = self.answers.read().unwrap_or_else(PoisonError::into_inner);
        answers.clone().ok_or_else(|| {
            Refusal::unreachable("the reports are being fetched").hint("ask again in a moment")
        })
    }

    async fn keep(self: Arc<Self>) {
        loop {
            let is_well = self.fetch(false).await;
            sleep(if is_well { FETCH_EVERY } else { FETCH_AGAIN }).await;
        }
    }

    /// Whether both reports could be had.
    async fn fetch(&self, refresh: bool) -> bool {
        let Some(account) = self.account.clone() else {
            return false;
        };
        let clock = self.clock;
        let fetched = spawn_blocking(move || Answers {
            cost: account.cost(clock, refresh),
            usage: account.usage(clock, refresh),
        })
        .await;
        let Ok(fetched) = fetched else { return false };
        let is_well = fetched.cost.error.is_none() && fetched.usage.error.is_none();
        let answers = Some(Arc::new(fetched));
        *self.answers.write().unwrap_or_else(PoisonError::into_inner) = answers;
        self.versions.bump(&["cost"]);
        is_well
    }
}
