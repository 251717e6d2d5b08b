//! Since when an agent beats without a gap, beyond the beats that are remembered one
//! by one.

use crate::time::Timestamp;

/// What is left of the beats that are older than the remembered ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeatRun {
    /// Since when no gap stood out among its beats.
    pub since: Timestamp,
    /// The longest of the gaps that were forgotten since then, in microseconds.
    pub longest_us: u64,
}

impl BeatRun {
    /// The run once the oldest of the arrivals is forgotten; `arrivals` has it still.
    ///
    /// A gap stands out when it is longer than one and a half of the mean of those
    /// after it. The beat that ends it does not count as one in time: the run begins
    /// with the one after that.
    pub fn forgetting(before: Option<Self>, arrivals: &[Timestamp]) -> Option<Self> {
        let [oldest, second, third, .., last] = arrivals else {
            return before;
        };
        let gap_us = |from: &Timestamp, to: &Timestamp| {
            let us = to.as_micros().saturating_sub(from.as_micros());
            u64::try_from(us).unwrap_or(0)
        };
        let gap = gap_us(oldest, second);
        let rest = gap_us(second, last);
        let gaps = arrivals.len().saturating_sub(2) as u128;
        Some(if u128::from(gap) * 2 * gaps > u128::from(rest) * 3 {
            Self {
                since: *third,
                longest_us: 0,
            }
        } else {
            Self {
                since: before.map_or(*oldest, |before| before.since),
                longest_us: before.map_or(gap, |before| before.longest_us.max(gap)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::coordination::BEAT_HISTORY;

    fn at(second: i64) -> Timestamp {
        let start = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
        start.saturating_add_us(second * 1_000_000)
    }

    /// The run and the arrivals after beats at these seconds.
    fn after(seconds: impl Iterator<Item = i64>) -> (Option<BeatRun>, Vec<Timestamp>) {
        let (mut run, mut arrivals) = (None, Vec::new());
        for second in seconds {
            if arrivals.len() == BEAT_HISTORY {
                run = BeatRun::forgetting(run, &arrivals);
                arrivals.remove(0);
            }
            arrivals.push(at(second));
        }
        (run, arrivals)
    }

    #[test]
    fn a_run_goes_back_to_its_first_beat() {
        let (run, arrivals) = after((0..16).map(|n| n * 10));
        assert_eq!((run, arrivals.len()), (None, BEAT_HISTORY));
        let (run, arrivals) = after((0..1000).map(|n| n * 10 + n % 3));
        let run = run.unwrap();
        assert_eq!((run.since, arrivals.len()), (at(0), BEAT_HISTORY));
        assert_eq!(run.longest_us, 11_000_000);
    }

    #[test]
    fn a_silence_ends_a_run_once_it_is_forgotten() {
        let beats = || (0..1000).map(|n| if n < 500 { n * 10 } else { n * 10 + 60 });
        let (run, _) = after(beats().take(515));
        assert_eq!(run.unwrap().since, at(0));
        let (run, _) = after(beats());
        // Beat 500 ended the silence; the run begins with the next.
        assert_eq!(run.unwrap().since, at(5070));
        assert_eq!(run.unwrap().longest_us, 10_000_000);
    }

    #[test]
    fn beats_at_one_moment_and_clocks_set_back_break_nothing() {
        let (run, _) = after((0..100).map(|_| 7));
        assert_eq!(run.unwrap().longest_us, 0);
        let (run, _) = after((0..100).map(|n| -n));
        assert_eq!(run.unwrap().longest_us, 0);
    }
}
