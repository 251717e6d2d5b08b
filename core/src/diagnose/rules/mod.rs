//! The rules that no table can say: one function per question, each a plain
//! function of the case.

mod channels;
mod data;
mod gateway;
mod model;
mod observability;
mod outbound;
mod process;
mod queue;
mod redis;
mod session;
mod substrate;

use alloc::vec::Vec;

use super::case::Case;
use super::verdict::Judgement;

/// Everything that the rules say of a case.
pub(crate) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    const RULES: [fn(&Case<'_>) -> Vec<Judgement>; 11] = [
        substrate::judge,
        process::judge,
        gateway::judge,
        channels::judge,
        model::judge,
        session::judge,
        queue::judge,
        redis::judge,
        outbound::judge,
        observability::judge,
        data::judge,
    ];
    RULES.into_iter().flat_map(|rule| rule(case)).collect()
}
