//! What users ask the help system, and what it has no answer to.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use crate::aggregate::QuerySums;
use crate::log_kind::LogKind;
use crate::telemetry::Telemetry;
use crate::time::Window;

use super::map::IntoMap as _;
use super::number::{mean_us, rate_of};
use super::rank::ranked;
use super::{Millis, Provenance};

/// Questions to the help system.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HelpReport {
    /// The window that was asked for.
    pub window: Window,
    /// Everything in the window.
    #[serde(flatten)]
    pub totals: HelpTotals,
    /// Questions in the log of questions without an answer. It may differ from
    /// `not_found`: a search with no hits is logged there too.
    pub unmatched: u64,
    /// By the tool that asked.
    pub by_source: BTreeMap<String, HelpGroup>,
    /// By how it was looked up.
    pub by_mode: BTreeMap<String, HelpGroup>,
    /// What was asked most often, as written.
    pub top_topics: Vec<TopicView>,
    /// Further topics, not shown.
    pub topics_left_out: u64,
    /// What was asked most often without an answer, as written.
    pub top_misses: Vec<MissView>,
    /// Further questions without an answer, not shown.
    pub misses_left_out: u64,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Sums over questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct HelpTotals {
    /// How many questions.
    pub queries: u64,
    /// Those with an answer.
    pub found: u64,
    /// Those without.
    pub not_found: u64,
    /// Those without per question, 0 to 1; `null` without questions.
    pub miss_rate: Option<f64>,
    /// Lookups that ended in an error.
    pub failed: u64,
    /// How long a lookup took on average, of those that say; `null` where none does.
    pub mean_duration_ms: Option<Millis>,
}

/// Questions of one source or mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct HelpGroup {
    /// Sums over its questions.
    #[serde(flatten)]
    pub totals: HelpTotals,
    /// Its questions in the log of questions without an answer.
    pub unmatched: u64,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TopicView {
    /// What was asked, as written.
    pub topic: String,
    /// How often.
    pub queries: u64,
    /// How often without an answer.
    pub not_found: u64,
}

/// One question without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissView {
    /// What was asked, as written.
    pub query: String,
    /// How often.
    pub times: u64,
}

impl Telemetry {
    /// Questions to the help system, with the `top` most frequent ones.
    pub fn help_report(&self, top: usize) -> HelpReport {
        let queries = &self.logs.help_queries.sums;
        let unmatched = &self.logs.help_unmatched.sums;
        let topics = ranked(
            queries
                .by_topic
                .iter()
                .map(|(topic, sums)| (sums.queries, (topic, sums))),
            top,
        );
        let misses = ranked(
            unmatched
                .by_query
                .iter()
                .map(|(query, times)| (*times, query)),
            top,
        );
        let mut provenance = self.provenance_of(&[LogKind::HelpQueries, LogKind::HelpUnmatched]);
        provenance.note_lower_bound(queries.all.is_saturated());
        HelpReport {
            window: self.options.window,
            totals: HelpTotals::of(&queries.all),
            unmatched: unmatched.records,
            by_source: groups(&queries.by_source, &unmatched.by_source),
            by_mode: groups(&queries.by_mode, &unmatched.by_mode),
            topics_left_out: topics.left_out,
            top_topics: topics
                .items
                .into_iter()
                .map(|(queries, (topic, sums))| TopicView {
                    topic: topic.to_string(),
                    queries,
                    not_found: sums.queries - sums.found,
                })
                .collect(),
            misses_left_out: misses.left_out,
            top_misses: misses
                .items
                .into_iter()
                .map(|(times, query)| MissView {
                    query: query.to_string(),
                    times,
                })
                .collect(),
            provenance,
        }
    }
}

impl HelpTotals {
    fn of(sums: &QuerySums) -> Self {
        let not_found = sums.queries - sums.found;
        Self {
            queries: sums.queries,
            found: sums.found,
            not_found,
            miss_rate: rate_of(not_found, sums.queries),
            failed: sums.failed,
            mean_duration_ms: mean_us(sums.duration_us, sums.timed),
        }
    }
}

fn groups(
    queries: &BTreeMap<Box<str>, QuerySums>,
    unmatched: &BTreeMap<Box<str>, u64>,
) -> BTreeMap<String, HelpGroup> {
    let mut groups: BTreeMap<String, HelpGroup> = queries
        .iter()
        .map(|(name, sums)| {
            let group = HelpGroup {
                totals: HelpTotals::of(sums),
                unmatched: 0,
            };
            (name.to_string(), group)
        })
        .into_map();
    for (name, times) in unmatched {
        groups.entry(name.to_string()).or_default().unmatched = *times;
    }
    groups
}
