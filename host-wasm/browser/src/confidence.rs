//! How far votes can be trusted, for browsers and Node.

use js_sys::Array;
use muster_core::confidence::{Confidence, TimedVote, rank};
use muster_core::record::template_ratings::Votes;
use muster_core::to_json;
use muster_core::view::ConfidenceView;
use wasm_bindgen::prelude::*;

use crate::liveness::JsMoment;
use crate::options::{Fields, moment, whole};
use crate::{error, parsed};

#[wasm_bindgen]
extern "C" {
    /// The TypeScript interface `Votes`.
    #[wasm_bindgen(typescript_type = "Votes")]
    #[derive(Debug)]
    pub type JsVotes;

    /// The TypeScript type `TimedVote[]`.
    #[wasm_bindgen(typescript_type = "TimedVote[]")]
    #[derive(Debug)]
    pub type JsTimedVotes;

    /// The TypeScript type `[string, Votes][]`.
    #[wasm_bindgen(typescript_type = "[string, Votes][]")]
    #[derive(Debug)]
    pub type JsCandidates;
}

/// What votes come to that all count the same.
#[expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript objects cross as owned handles"
)]
#[wasm_bindgen(js_name = rateVotes, skip_typescript)]
pub fn rate_votes(votes: JsVotes) -> Result<JsValue, JsError> {
    rating(Confidence::of(counts(votes.as_ref())?))
}

/// What votes come to that lose half their weight in `half_life_ms` milliseconds.
#[expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript objects cross as owned handles"
)]
#[wasm_bindgen(js_name = decayVotes, skip_typescript)]
pub fn decay_votes(
    votes: JsTimedVotes,
    now: JsMoment,
    half_life_ms: f64,
) -> Result<JsValue, JsError> {
    let now = moment("now", now.as_ref())?;
    let votes: Vec<TimedVote> = array("votes", votes.as_ref())?
        .iter()
        .map(|vote| timed_vote(&vote))
        .collect::<Result<_, _>>()?;
    let halves_after_us = whole("halfLifeMs", half_life_ms)?.saturating_mul(1000);
    rating(Confidence::decayed(&votes, now, halves_after_us))
}

/// The names of what was voted on, the best first.
#[expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript objects cross as owned handles"
)]
#[wasm_bindgen(js_name = rankVotes, skip_typescript)]
pub fn rank_votes(candidates: JsCandidates) -> Result<Vec<String>, JsError> {
    let mut rated = Vec::new();
    for candidate in array("candidates", candidates.as_ref())?.iter() {
        let pair = array("candidates", &candidate)?;
        let name = pair
            .get(0)
            .as_string()
            .ok_or_else(|| error("candidates: a name is not a string"))?;
        rated.push((name, Confidence::of(counts(&pair.get(1))?)));
    }
    rank(&mut rated);
    Ok(rated.into_iter().map(|(name, _)| name).collect())
}

fn rating(confidence: Confidence) -> Result<JsValue, JsError> {
    parsed(&to_json(&ConfidenceView::from(confidence)))
}

fn counts(votes: &JsValue) -> Result<Votes, JsError> {
    let fields = Fields::of(Some(votes), &["good", "bad"])?;
    Ok(Votes {
        good: fields.count("good")?.unwrap_or(0),
        bad: fields.count("bad")?.unwrap_or(0),
    })
}

fn timed_vote(vote: &JsValue) -> Result<TimedVote, JsError> {
    let fields = Fields::of(Some(vote), &["at", "good"])?;
    let at = fields.get("at")?.ok_or_else(|| error("at: missing"))?;
    Ok(TimedVote {
        at: moment("at", &at)?,
        good: fields.flag("good")?,
    })
}

fn array<'a>(name: &str, value: &'a JsValue) -> Result<&'a Array, JsError> {
    value
        .dyn_ref()
        .ok_or_else(|| error(&format!("{name}: not an array")))
}
