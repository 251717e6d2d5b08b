//! Which tier a stage of a workflow should run on, by the scores of its work.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;

use serde::{Serialize, Serializer};

use crate::decimal::Decimal;
use crate::record::quality_feedback::QualityFeedback;

/// So many scores of the current tier are needed before it is left.
pub const MIN_SAMPLES: u64 = 10;
/// So many scores make a recommendation certain.
const FULL_SAMPLES: u64 = 20;
/// Below this mean, in billionths, a tier is not good enough.
const TOO_LOW: i64 = 700_000_000;
/// Above this mean a lower tier may do.
const MORE_THAN_ENOUGH: i64 = 900_000_000;
/// Above this mean the lower tier does.
const LOWER_WILL_DO: i64 = 850_000_000;
/// The older half of the scores counts as at least this in the trend.
const TREND_FLOOR: i64 = 100_000_000;
/// The tiers from cheap to dear.
const TIERS: [&str; 3] = ["cheap", "capable", "premium"];

/// What the scores of one tier come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QualityStats {
    /// How many scores.
    pub samples: u64,
    /// Their sum in billionths.
    sum: i128,
    /// The lowest.
    pub min: Decimal,
    /// The highest.
    pub max: Decimal,
    /// How the newer half differs from the older: (newer - older) / older, with
    /// the older half taken for at least 0.1. Zero for fewer than four scores.
    pub trend: f64,
}

/// Which tier a stage should run on.
#[derive(Clone, Debug, PartialEq)]
pub struct TierRecommendation {
    /// The tier that was asked about, or that of the newest score; `None`: neither.
    pub current: Option<String>,
    /// The tier to run on.
    pub recommended: String,
    /// From 0, a guess, to 1.
    pub confidence: f64,
    /// Why.
    pub reason: TierReason,
    /// What the scores of each tier come to.
    pub by_tier: BTreeMap<String, QualityStats>,
}

/// Why a tier is recommended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierReason {
    /// There is no score.
    NoData,
    /// There are fewer than [`MIN_SAMPLES`] scores of the current tier.
    TooFew,
    /// The mean is below 0.7, and there is a better tier.
    TooLow,
    /// The mean is below 0.7, and there is no better tier.
    TooLowAtTheTop,
    /// The mean is above 0.9, and that of the lower tier above 0.85.
    LowerWillDo,
    /// The mean is above 0.9, and nothing as good is known of the lower tier.
    LowerUnproven,
    /// The mean is as it should be.
    Fits,
    /// The tier is none of those that are known, so none is above or below it.
    OtherTier,
}

impl TierReason {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::TooFew => "too_few",
            Self::TooLow => "too_low",
            Self::TooLowAtTheTop => "too_low_at_the_top",
            Self::LowerWillDo => "lower_will_do",
            Self::LowerUnproven => "lower_unproven",
            Self::Fits => "fits",
            Self::OtherTier => "other_tier",
        }
    }
}

impl fmt::Display for TierReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoData => "no scores yet",
            Self::TooFew => "fewer than 10 scores of this tier",
            Self::TooLow => "the mean score is below 0.7",
            Self::TooLowAtTheTop => "the mean score is below 0.7, and there is no better tier",
            Self::LowerWillDo => {
                "the mean score is above 0.9, and that of the lower tier above 0.85"
            }
            Self::LowerUnproven => {
                "the mean score is above 0.9, and the lower tier has not shown as much"
            }
            Self::Fits => "the mean score is as it should be",
            Self::OtherTier => "no tier is known above or below this one",
        })
    }
}

impl Serialize for TierReason {
    /// The name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl QualityStats {
    /// The statistics of scores, newest first; `None` if there are none.
    #[expect(clippy::cast_precision_loss)]
    pub fn of(newest_first: &[Decimal]) -> Option<Self> {
        let (min, max) = (newest_first.iter().min()?, newest_first.iter().max()?);
        let sum = |scores: &[Decimal]| -> i128 {
            scores
                .iter()
                .map(|score| i128::from(score.as_nanos()))
                .sum()
        };
        let trend = if newest_first.len() < 4 {
            0.0
        } else {
            let (newer, older) = newest_first.split_at(newest_first.len() / 2);
            let mean = |scores: &[Decimal]| sum(scores) as f64 / scores.len() as f64;
            (mean(newer) - mean(older)) / mean(older).max(TREND_FLOOR as f64)
        };
        Some(Self {
            samples: newest_first.len() as u64,
            sum: sum(newest_first),
            min: *min,
            max: *max,
            trend,
        })
    }

    /// Whether the mean is below a score; exact, where [`Self::mean`] is rounded.
    pub fn is_below(&self, score: Decimal) -> bool {
        self.sum < i128::from(score.as_nanos()) * i128::from(self.samples)
    }

    /// The mean score.
    #[expect(clippy::cast_precision_loss)]
    pub fn mean(&self) -> f64 {
        self.sum as f64 / (self.samples as f64 * 1e9)
    }

    /// Whether the mean is above or below a number of billionths, exactly.
    fn compare_mean(&self, nanos: i64) -> core::cmp::Ordering {
        self.sum
            .cmp(&(i128::from(nanos) * i128::from(self.samples)))
    }
}

impl TierRecommendation {
    /// The tier for one stage by its scores, which are given newest first: of each
    /// tier the newest `per_tier` count. `current` is the tier that it runs on; else
    /// that of the newest score.
    pub fn of(newest_first: &[QualityFeedback], current: Option<&str>, per_tier: usize) -> Self {
        let mut scores: BTreeMap<&str, alloc::vec::Vec<Decimal>> = BTreeMap::new();
        for score in newest_first {
            let of_tier = scores.entry(&score.tier).or_default();
            if of_tier.len() < per_tier {
                of_tier.push(score.quality_score);
            }
        }
        let mut by_tier = BTreeMap::new();
        for (tier, scores) in scores {
            if let Some(stats) = QualityStats::of(&scores) {
                by_tier.insert(tier.into(), stats);
            }
        }
        let newest = newest_first.first().map(|score| &*score.tier);
        let Some(tier) = current.or(newest).filter(|_| !by_tier.is_empty()) else {
            return Self {
                current: current.map(Into::into),
                recommended: current.unwrap_or(TIERS[0]).into(),
                confidence: 0.0,
                reason: TierReason::NoData,
                by_tier,
            };
        };
        let (recommended, confidence, reason) = decide(tier, &by_tier);
        Self {
            current: Some(tier.into()),
            recommended: recommended.into(),
            confidence,
            reason,
            by_tier,
        }
    }
}

/// The tier to run on, how certain that is, and why.
#[expect(clippy::cast_precision_loss)]
fn decide<'a>(
    tier: &'a str,
    by_tier: &BTreeMap<String, QualityStats>,
) -> (&'a str, f64, TierReason) {
    let Some(stats) = by_tier
        .get(tier)
        .filter(|stats| stats.samples >= MIN_SAMPLES)
    else {
        return (tier, 0.0, TierReason::TooFew);
    };
    let confidence = stats.samples.min(FULL_SAMPLES) as f64 / FULL_SAMPLES as f64;
    let place = TIERS.iter().position(|known| *known == tier);
    let at = |place: Option<usize>| place.and_then(|place| TIERS.get(place).copied());
    if stats.compare_mean(TOO_LOW).is_lt() {
        return match (place, at(place.map(|place| place + 1))) {
            (None, _) => (tier, confidence, TierReason::OtherTier),
            (_, Some(better)) => (better, confidence, TierReason::TooLow),
            (_, None) => (tier, 1.0, TierReason::TooLowAtTheTop),
        };
    }
    let lower = at(place.and_then(|place| place.checked_sub(1)));
    match lower {
        Some(lower) if stats.compare_mean(MORE_THAN_ENOUGH).is_gt() => {
            let does = by_tier
                .get(lower)
                .is_some_and(|stats| stats.compare_mean(LOWER_WILL_DO).is_gt());
            if does {
                (lower, confidence, TierReason::LowerWillDo)
            } else {
                (tier, confidence, TierReason::LowerUnproven)
            }
        }
        _ => (tier, confidence, TierReason::Fits),
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::json_object::JsonObject;

    /// Scores in hundredths.
    fn scores(tier: &str, hundredths: &[i64]) -> Vec<QualityFeedback> {
        let score = |hundredths: &i64| QualityFeedback {
            feedback_id: String::new(),
            workflow_name: "w".into(),
            stage_name: "s".into(),
            tier: tier.into(),
            quality_score: Decimal::from_nanos(hundredths * 10_000_000),
            timestamp: None,
            metadata: JsonObject::default(),
        };
        hundredths.iter().map(score).collect()
    }

    #[test]
    fn tiers_follow_the_table() {
        let many = |tier, score| scores(tier, &[score; 12]);
        // Scores, the current tier; the tier to run on, confidence, reason.
        for (scores, current, tier, confidence, reason) in [
            (Vec::new(), None, "cheap", "0", "no_data"),
            (Vec::new(), Some("premium"), "premium", "0", "no_data"),
            (scores("cheap", &[10; 9]), None, "cheap", "0", "too_few"),
            (
                many("cheap", 10),
                Some("capable"),
                "capable",
                "0",
                "too_few",
            ),
            (many("cheap", 69), None, "capable", "0.6", "too_low"),
            (many("cheap", 70), None, "cheap", "0.6", "fits"),
            (many("capable", 69), None, "premium", "0.6", "too_low"),
            (
                many("premium", 69),
                None,
                "premium",
                "1",
                "too_low_at_the_top",
            ),
            (many("cheap", 95), None, "cheap", "0.6", "fits"),
            (many("capable", 90), None, "capable", "0.6", "fits"),
            (
                many("capable", 91),
                None,
                "capable",
                "0.6",
                "lower_unproven",
            ),
            (
                [many("capable", 91), scores("cheap", &[86])].concat(),
                None,
                "cheap",
                "0.6",
                "lower_will_do",
            ),
            (
                [many("capable", 91), scores("cheap", &[85])].concat(),
                None,
                "capable",
                "0.6",
                "lower_unproven",
            ),
            (many("huge", 10), None, "huge", "0.6", "other_tier"),
            (scores("cheap", &[50; 40]), None, "capable", "1", "too_low"),
        ] {
            let recommended = TierRecommendation::of(&scores, current, 100);
            let got = (
                &*recommended.recommended,
                format!("{}", recommended.confidence),
                recommended.reason.name(),
            );
            assert_eq!(got, (tier, confidence.into(), reason), "{scores:?}");
        }
    }

    #[test]
    fn the_newest_scores_count() {
        // 300 bad ones after 100 good ones.
        let newest_first = [scores("cheap", &[30; 300]), scores("cheap", &[95; 100])].concat();
        let recommended = TierRecommendation::of(&newest_first, None, 100);
        assert_eq!(recommended.recommended, "capable");
        assert_eq!(recommended.by_tier["cheap"].samples, 100);
        let mixed = [scores("premium", &[80]), scores("cheap", &[80; 20])].concat();
        let recommended = TierRecommendation::of(&mixed, None, 100);
        assert_eq!(recommended.current.as_deref(), Some("premium"));
    }

    #[test]
    fn statistics_are_exact() {
        let nanos = |hundredths: &[i64]| -> Vec<Decimal> {
            let each = hundredths.iter();
            each.map(|h| Decimal::from_nanos(h * 10_000_000)).collect()
        };
        assert_eq!(QualityStats::of(&[]), None);
        let stats = QualityStats::of(&nanos(&[80, 60, 40])).unwrap();
        assert_eq!(format!("{} {}", stats.mean(), stats.trend), "0.6 0");
        let stats = QualityStats::of(&nanos(&[90, 70, 50, 30])).unwrap();
        assert_eq!(stats.max.to_string(), "0.9");
        assert_eq!(format!("{}", stats.trend), "1");
        let from_nothing = QualityStats::of(&nanos(&[10, 10, 0, 0])).unwrap();
        assert_eq!(format!("{}", from_nothing.trend), "1");
    }

    proptest! {
        #[test]
        fn any_scores_give_a_tier(
            given in prop::collection::vec((0..4_usize, 0..=100_i64), 0..60),
            per_tier in 0..30_usize,
        ) {
            let tiers = ["cheap", "capable", "premium", "other"];
            let scores: Vec<_> = given
                .iter()
                .flat_map(|(tier, score)| scores(tiers[*tier], &[*score]))
                .collect();
            let recommended = TierRecommendation::of(&scores, None, per_tier);
            prop_assert!((0.0..=1.0).contains(&recommended.confidence));
            for stats in recommended.by_tier.values() {
                prop_assert!((0.0..=1.0).contains(&stats.mean()));
                prop_assert!(stats.samples <= per_tier as u64);
            }
        }
    }
}
