//! Reports of what the user's organisation is billed and uses, fetched and kept.
//!
//! The core decides what to ask and what answers mean; here are the key, the
//! connection and the cache.

mod kept;
mod key;
mod service;

use std::path::PathBuf;

use muster_core::account::{
    AccountError, AccountReport, AccountRows, CostSpan, Fetch, SavedReport,
};
use muster_core::view::{
    AccountAnswer, AccountErrorView, AccountUsage, CacheState, CacheView, CostSummary,
};
use muster_core::{Timestamp, US_PER_SECOND};

use crate::clock::Clock;
use crate::error::Failure;

use kept::{Cache, Kept};
pub use key::{AdminKey, KEY_FILE, KEY_VARIABLE};
use service::Service;

/// How long a report is fresh, in seconds.
const FRESH_S: i64 = 900;
/// The variable that sets another number of seconds.
const FRESH_VARIABLE: &str = "ANTHROPIC_COST_CACHE_TTL_SECONDS";
/// Where the service is.
pub const SERVICE: &str = "https://api.anthropic.com";

/// The user's account at the service.
#[derive(Debug)]
pub struct Account {
    service: Service,
    /// The key, or why there is none to use.
    key: Result<AdminKey, AccountError>,
    cache: Option<Cache>,
    fresh_s: i64,
}

/// A report as it was come by.
struct Found {
    rows: AccountRows,
    span: CostSpan,
    fetched_at: Timestamp,
    state: CacheState,
}

impl Account {
    /// The account at the service with this address; `cache` is the folder that reports
    /// are kept in. Fails on an address that a key must not be sent to.
    pub fn new(address: &str, cache: Option<PathBuf>) -> Result<Self, Failure> {
        Ok(Self {
            service: Service::new(address)?,
            key: AdminKey::find(),
            cache: cache.map(Cache::new),
            fresh_s: fresh_seconds(std::env::var(FRESH_VARIABLE).ok().as_deref()),
        })
    }

    /// The report on costs. `refresh` asks the service even if a fresh report is kept.
    pub fn cost(&self, clock: Clock, refresh: bool) -> AccountAnswer<CostSummary> {
        self.answer(AccountReport::Cost, clock, refresh, |found| {
            match &found.rows {
                AccountRows::Cost(rows) => {
                    Some(CostSummary::new(rows, found.span, found.fetched_at))
                }
                AccountRows::Usage(_) => None,
            }
        })
    }

    /// The report on tokens. `refresh` asks the service even if a fresh report is kept.
    pub fn usage(&self, clock: Clock, refresh: bool) -> AccountAnswer<AccountUsage> {
        self.answer(AccountReport::Usage, clock, refresh, |found| {
            match &found.rows {
                AccountRows::Usage(rows) => {
                    Some(AccountUsage::new(rows, found.span, found.fetched_at))
                }
                AccountRows::Cost(_) => None,
            }
        })
    }

    fn answer<T>(
        &self,
        report: AccountReport,
        clock: Clock,
        refresh: bool,
        summary: impl Fn(&Found) -> Option<T>,
    ) -> AccountAnswer<T> {
        let mut damaged = None;
        let (found, error) = match &self.key {
            Ok(key) => self.find(report, key, clock, refresh, &mut damaged),
            Err(error) => (None, Some(error.clone())),
        };
        let now = clock.now();
        AccountAnswer {
            summary: found.as_ref().and_then(summary),
            error: error.as_ref().map(AccountErrorView::from),
            cache: CacheView {
                age_s: found
                    .as_ref()
                    .map(|found| u64::try_from(age_s(found.fetched_at, now)).unwrap_or(0)),
                state: found.map_or(CacheState::None, |found| found.state),
                damaged: damaged.map(|path: PathBuf| path.display().to_string()),
            },
        }
    }

    fn find(
        &self,
        report: AccountReport,
        key: &AdminKey,
        clock: Clock,
        refresh: bool,
        damaged: &mut Option<PathBuf>,
    ) -> (Option<Found>, Option<AccountError>) {
        let account = key.fingerprint();
        // Held while the service is asked: whoever asks at the same time waits for the
        // answer instead of asking as well.
        let _lock = self.cache.as_ref().and_then(|cache| cache.lock(report));
        let kept = match self.cache.as_ref().map(|cache| cache.load(report)) {
            Some(Kept::Damaged(aside)) => {
                *damaged = Some(aside);
                None
            }
            Some(Kept::Report(saved, rows)) if saved.account == account => Some((saved, rows)),
            Some(Kept::Report(..) | Kept::Nothing) | None => None,
        };
        let now = clock.now();
        let is_fresh = |saved: &SavedReport| {
            // After midnight the kept report says nothing about the new day.
            age_s(saved.fetched_at, now) < self.fresh_s && saved.span.last == now.day()
        };
        let kept = match kept {
            Some((saved, rows)) if is_fresh(&saved) && !refresh => {
                return (Some(Found::of(&saved, rows, CacheState::Fresh)), None);
            }
            kept => kept,
        };
        let mut fetch = Fetch::new(report, now);
        match self.service.fetch(&mut fetch, key, clock) {
            Ok((pages, rows)) => {
                let saved = SavedReport {
                    fetched_at: clock.now(),
                    span: fetch.span(),
                    account,
                    pages,
                };
                if let Some(cache) = &self.cache {
                    // Not kept: the next answer costs a request, nothing else.
                    let _ = cache.save(report, &saved);
                }
                (Some(Found::of(&saved, rows, CacheState::Live)), None)
            }
            Err(error) => {
                let stale = kept.map(|(saved, rows)| Found::of(&saved, rows, CacheState::Stale));
                (stale, Some(error))
            }
        }
    }
}

impl Found {
    fn of(saved: &SavedReport, rows: AccountRows, state: CacheState) -> Self {
        Self {
            rows,
            span: saved.span,
            fetched_at: saved.fetched_at,
            state,
        }
    }
}

fn age_s(fetched_at: Timestamp, now: Timestamp) -> i64 {
    // A clock that was set back makes a report new, not younger than new.
    (now.as_micros() - fetched_at.as_micros()).max(0) / US_PER_SECOND
}

/// Whole seconds, at least one; anything else is the usual number.
fn fresh_seconds(text: Option<&str>) -> i64 {
    text.and_then(|text| text.trim().parse().ok())
        .map_or(FRESH_S, |seconds: i64| seconds.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_is_whole_seconds() {
        assert_eq!(fresh_seconds(None), 900);
        assert_eq!(fresh_seconds(Some("60")), 60);
        assert_eq!(fresh_seconds(Some("1.5")), 900);
        assert_eq!(fresh_seconds(Some("-3")), 1);
    }
}
