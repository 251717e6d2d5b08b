//! How far votes can be trusted.

use alloc::string::String;
use alloc::vec::Vec;

use crate::record::template_ratings::Votes;
use crate::time::Timestamp;

/// The quantile of the normal distribution for 95 in 100.
const Z: f64 = 1.959_963_984_540_054;

/// Votes, each with its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Confidence {
    /// How many votes there are.
    pub votes: u64,
    /// The weight of those in favour; their number unless they decay.
    pub good: f64,
    /// The weight of those against.
    pub bad: f64,
}

/// A vote and when it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedVote {
    /// When.
    pub at: Timestamp,
    /// Whether it is in favour.
    pub good: bool,
}

/// Between which shares the true one lies, 95 times in 100.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ShareInterval {
    /// From.
    pub low: f64,
    /// To.
    pub high: f64,
}

impl Confidence {
    /// Votes that all count the same.
    #[expect(clippy::cast_precision_loss)]
    pub fn of(votes: Votes) -> Self {
        Self {
            votes: votes.good.saturating_add(votes.bad),
            good: votes.good as f64,
            bad: votes.bad as f64,
        }
    }

    /// Votes that lose half their weight in `half_life_us` microseconds: one of age
    /// t counts 2^(-t / half-life). One from the future counts 1. The sum is taken
    /// in the order of the votes.
    #[expect(clippy::cast_precision_loss)]
    pub fn decayed(votes: &[TimedVote], now: Timestamp, half_life_us: u64) -> Self {
        let mut decayed = Self::default();
        for vote in votes {
            let age_us = now.as_micros().saturating_sub(vote.at.as_micros()).max(0);
            let halvings = age_us as f64 / half_life_us.max(1) as f64;
            let weight = libm::exp2(-halvings);
            decayed.votes = decayed.votes.saturating_add(1);
            if vote.good {
                decayed.good += weight;
            } else {
                decayed.bad += weight;
            }
        }
        decayed
    }

    /// The score that things are ranked by: the mean of the Beta distribution that
    /// the votes make of a uniform one, (good + 1) / (good + bad + 2). One bad vote
    /// gives 1/3 and not 0; without votes it is 1/2.
    pub fn score(&self) -> f64 {
        (self.good + 1.0) / (self.good + self.bad + 2.0)
    }

    /// As attune has it: good / (good + bad), and 1 without votes. One bad vote
    /// gives 0.
    pub fn attune_ratio(&self) -> f64 {
        let all = self.good + self.bad;
        if all > 0.0 { self.good / all } else { 1.0 }
    }

    /// Whether there is no vote: then the score says nothing.
    pub fn is_unrated(&self) -> bool {
        self.votes == 0
    }

    /// The Wilson score interval of the share of good votes at 95 %; all of 0 to 1
    /// without votes.
    pub fn interval(&self) -> ShareInterval {
        let all = self.good + self.bad;
        if all <= 0.0 {
            return ShareInterval {
                low: 0.0,
                high: 1.0,
            };
        }
        let share = self.good / all;
        let z2 = Z * Z;
        let scale = 1.0 + z2 / all;
        let middle = (share + z2 / (2.0 * all)) / scale;
        let spread = share * (1.0 - share) / all + z2 / (4.0 * all * all);
        let half = Z * libm::sqrt(spread) / scale;
        ShareInterval {
            low: (middle - half).max(0.0),
            high: (middle + half).min(1.0),
        }
    }
}

/// Puts the best first: by score, then by the lower end of the interval, then by
/// the number of votes, then by name.
pub fn rank(rated: &mut [(String, Confidence)]) {
    let mut keyed: Vec<_> = rated
        .iter()
        .map(|(name, confidence)| {
            let key = (confidence.score(), confidence.interval().low);
            (key, *confidence, name.clone())
        })
        .collect();
    keyed.sort_by(|(a, of_a, name_a), (b, of_b, name_b)| {
        let by_score = b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1));
        by_score
            .then(of_b.votes.cmp(&of_a.votes))
            .then_with(|| name_a.cmp(name_b))
    });
    for (place, (_, confidence, name)) in rated.iter_mut().zip(keyed) {
        *place = (name, confidence);
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    fn of(good: u64, bad: u64) -> Confidence {
        Confidence::of(Votes { good, bad })
    }

    #[test]
    fn one_early_vote_wrecks_nothing() {
        // Good, bad; score, attune's ratio, interval.
        for (good, bad, score, ratio, low, high) in [
            (0, 0, "0.5000", "1.0000", "0.0000", "1.0000"),
            (0, 1, "0.3333", "0.0000", "0.0000", "0.7935"),
            (1, 0, "0.6667", "1.0000", "0.2065", "1.0000"),
            (12, 4, "0.7222", "0.7500", "0.5050", "0.8982"),
            (50, 50, "0.5000", "0.5000", "0.4038", "0.5962"),
            (900, 100, "0.8992", "0.9000", "0.8798", "0.9171"),
        ] {
            let confidence = of(good, bad);
            let interval = confidence.interval();
            let four = |value: f64| format!("{value:.4}");
            assert_eq!(four(confidence.score()), score, "{good}/{bad}");
            assert_eq!(four(confidence.attune_ratio()), ratio, "{good}/{bad}");
            assert_eq!(four(interval.low), low, "{good}/{bad}");
            assert_eq!(four(interval.high), high, "{good}/{bad}");
        }
        assert!(of(0, 0).is_unrated());
        assert!(!of(0, 1).is_unrated());
    }

    #[test]
    fn old_votes_count_less() {
        let now = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
        let day = 86_400_000_000;
        let vote = |days: i64, good| TimedVote {
            at: now.saturating_add_us(-days * day),
            good,
        };
        let votes = [
            vote(0, true),
            vote(7, false),
            vote(14, false),
            vote(-1, true),
        ];
        let decayed = Confidence::decayed(&votes, now, 7 * day.unsigned_abs());
        assert_eq!(decayed.votes, 4);
        assert_eq!(format!("{} {}", decayed.good, decayed.bad), "2 0.75");
        let nothing = Confidence::decayed(&votes, now, 0);
        assert_eq!(format!("{} {}", nothing.good, nothing.bad), "2 0");
    }

    #[test]
    fn the_best_is_first_and_equals_are_in_order() {
        let mut rated: Vec<(String, Confidence)> = [
            ("new", of(0, 0)),
            ("bad", of(0, 1)),
            ("even", of(50, 50)),
            ("good", of(900, 100)),
            ("b", of(1, 0)),
            ("a", of(1, 0)),
        ]
        .map(|(name, confidence)| (name.into(), confidence))
        .into();
        rank(&mut rated);
        let names: Vec<_> = rated.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["good", "a", "b", "even", "new", "bad"]);
    }

    proptest! {
        #[test]
        fn shares_stay_within_bounds(good in any::<u64>(), bad in any::<u64>()) {
            let confidence = of(good, bad);
            let interval = confidence.interval();
            prop_assert!((0.0..=1.0).contains(&confidence.score()));
            prop_assert!(interval.low <= interval.high);
            prop_assert!((0.0..=1.0).contains(&interval.low) && interval.high <= 1.0);
        }

        #[test]
        fn a_good_vote_never_lowers_the_score(good in 0..1_000_000_u64, bad in 0..1_000_000_u64) {
            prop_assert!(of(good + 1, bad).score() > of(good, bad).score());
            prop_assert!(of(good, bad + 1).score() < of(good, bad).score());
        }
    }
}
