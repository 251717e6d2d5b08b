//! Suspicion by the phi accrual failure detector.

/// So many gaps are needed before anything is said.
const MIN_GAPS: usize = 5;
/// The deviation of the gaps is taken for at least this part of their mean: beats
/// as regular as a clock would make every delay an alarm.
const MIN_DEVIATION: f64 = 0.1;
/// More than this is not told apart.
const MAX_PHI: f64 = 99.0;

/// How unlikely a silence of `age_us` is after such gaps, in microseconds: the
/// negative decimal logarithm of the probability that a beat comes later than that,
/// to a thousandth. 1 is one in ten, 3 one in a thousand; at most 99. `None` for
/// fewer than five gaps.
///
/// Hayashibara et al., "The phi accrual failure detector" (2004), with the normal
/// distribution approximated by a logistic function as in Akka.
#[expect(clippy::cast_precision_loss)]
pub fn suspicion(gaps: &[u64], age_us: u64) -> Option<f64> {
    if gaps.len() < MIN_GAPS {
        return None;
    }
    let count = gaps.len() as u64;
    let sum: u128 = gaps.iter().map(|gap| u128::from(*gap)).sum();
    let mean = sum as f64 / count as f64;
    let squares = gaps.iter().map(|gap| {
        let off = *gap as f64 - mean;
        off * off
    });
    let deviation = libm::sqrt(squares.sum::<f64>() / count as f64).max(mean * MIN_DEVIATION);
    if deviation <= 0.0 {
        return None;
    }
    let y = (age_us as f64 - mean) / deviation;
    // The probability of a later beat is 1 / (1 + e^x).
    let x = y * (1.5976 + 0.070_566 * y * y);
    // For a large x the 1 is nothing beside e^x, which would overflow.
    let phi = if x > 30.0 {
        x * core::f64::consts::LOG10_E
    } else {
        libm::log10(1.0 + libm::exp(x))
    };
    Some(libm::round(phi.min(MAX_PHI) * 1000.0) / 1000.0)
}
