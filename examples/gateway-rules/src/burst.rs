//! Records that lie close together.

use std::collections::BTreeSet;

/// So many connections make a burst.
const CONNECTIONS: usize = 3;
/// Within this time, in microseconds.
const WITHIN_US: i64 = 60_000_000;

/// A burst: the numbers of its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burst {
    /// The first.
    pub first: usize,
    /// The last.
    pub last: usize,
    /// How many connections failed.
    pub connections: usize,
}

/// The largest burst among errors with their times, oldest first, and the connections
/// that failed. One connection that fails again and again is none.
pub fn burst(errors: &[(i64, &str)]) -> Option<Burst> {
    let mut largest: Option<Burst> = None;
    for (first, (begin, _)) in errors.iter().enumerate() {
        let rest = errors.get(first..).unwrap_or_default();
        let within = rest
            .iter()
            .take_while(|(at, _)| at.saturating_sub(*begin) <= WITHIN_US);
        let connections: BTreeSet<&str> = within.clone().map(|(_, name)| *name).collect();
        let found = Burst {
            first,
            last: first + within.count().saturating_sub(1),
            connections: connections.len(),
        };
        let larger = largest
            .as_ref()
            .is_none_or(|known| found.connections > known.connections);
        if found.connections >= CONNECTIONS && larger {
            largest = Some(found);
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn connections_that_fail_together_are_a_burst() {
        let errors = [
            (0, "1"),
            (100 * SECOND, "2"),
            (110 * SECOND, "3"),
            (150 * SECOND, "3"),
            (160 * SECOND, "4"),
            (161 * SECOND, "5"),
        ];
        let expected = Burst {
            first: 1,
            last: 4,
            connections: 3,
        };
        assert_eq!(burst(&errors), Some(expected));
    }

    #[test]
    fn errors_that_are_far_apart_or_of_one_connection_are_none() {
        let apart: Vec<(i64, &str)> = ["1", "2", "3", "4"]
            .into_iter()
            .zip(0..)
            .map(|(name, at)| (at * 61 * SECOND, name))
            .collect();
        assert_eq!(burst(&apart), None);
        assert_eq!(burst(&[(0, "1"), (1, "1"), (2, "1"), (3, "2")]), None);
        assert_eq!(burst(&[]), None);
    }
}
