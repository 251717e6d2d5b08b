//! Exceptions that nobody caught.

use alloc::vec::Vec;

use crate::diagnose::case::Case;
use crate::diagnose::layer::Layer;
use crate::diagnose::verdict::Judgement;

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    // Redis's commands that were given up are told by the rule on retries.
    let is_redis = |text: &str| {
        text.contains("MaxRetriesPerRequest") || text.contains("max retries per request")
    };
    let mut exhibits = Vec::new();
    for rule in ["uncaught_exception", "unhandled_rejection"] {
        for placed in case.err.current(rule) {
            if !placed
                .record
                .fields
                .iter()
                .any(|(_, value)| is_redis(value))
            {
                exhibits.push(case.err.exhibit(placed));
            }
        }
    }
    let layer = if exhibits.is_empty() {
        Layer::Otel
    } else {
        Layer::ErrorLog
    };
    for action in ["daemon.uncaught_exception", "daemon.unhandled_rejection"] {
        for event in case.events(action) {
            if !event.error.as_deref().is_some_and(is_redis) {
                exhibits.push(Case::event_exhibit(event));
            }
        }
    }
    if exhibits.is_empty() {
        return Vec::new();
    }
    alloc::vec![case.find_in("process.uncaught_exception", layer, exhibits)]
}
