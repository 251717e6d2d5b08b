//! How far votes can be trusted.

use muster_core::confidence::{self, Confidence, TimedVote as CoreVote};
use muster_core::record::template_ratings::Votes as CoreVotes;

use crate::Component;
use crate::bindings::exports::muster::core::confidence::{
    Candidate, Error, Guest, Rating, TimedVote, Votes,
};
use crate::convert::timestamp;

impl Guest for Component {
    fn count(good: u64, bad: u64) -> Votes {
        votes(Confidence::of(CoreVotes { good, bad }))
    }

    fn decay(given: Vec<TimedVote>, now: i64, half_life_us: u64) -> Result<Votes, Error> {
        let now = timestamp(now)?;
        let given = given.into_iter().map(timed_vote);
        let given: Vec<CoreVote> = given.collect::<Result<_, _>>()?;
        Ok(votes(Confidence::decayed(&given, now, half_life_us)))
    }

    fn rate(given: Votes) -> Rating {
        let confidence = of_votes(given);
        let interval = confidence.interval();
        Rating {
            votes: given,
            score: confidence.score(),
            rated: !confidence.is_unrated(),
            low: interval.low,
            high: interval.high,
            attune_confidence: confidence.attune_ratio(),
        }
    }

    fn rank(candidates: Vec<Candidate>) -> Vec<Candidate> {
        let candidates = candidates.into_iter();
        let mut ranked: Vec<(String, Confidence)> = candidates
            .map(|(name, given)| (name, of_votes(given)))
            .collect();
        confidence::rank(&mut ranked);
        let ranked = ranked.into_iter();
        ranked.map(|(name, given)| (name, votes(given))).collect()
    }
}

fn timed_vote(vote: TimedVote) -> Result<CoreVote, Error> {
    Ok(CoreVote {
        at: timestamp(vote.at)?,
        good: vote.good,
    })
}

fn votes(confidence: Confidence) -> Votes {
    Votes {
        count: confidence.votes,
        good: confidence.good,
        bad: confidence.bad,
    }
}

fn of_votes(votes: Votes) -> Confidence {
    Confidence {
        votes: votes.count,
        good: votes.good,
        bad: votes.bad,
    }
}
