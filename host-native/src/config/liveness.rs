//! `[liveness]`.

use muster_core::liveness::LivenessOptions;

use super::Config;
use super::reader::{Reader, Value};
use crate::error::Failure;

/// The settings of `[liveness]`; what is not set has the core's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LivenessSettings {
    /// `interval_s`: the interval of an agent that shows none, in microseconds.
    pub interval_us: Option<u64>,
    /// `late_percent`: late above so many hundredths of the interval.
    pub late_percent: Option<u64>,
    /// `stale_intervals`: stale above so many intervals, and
    pub stale_intervals: Option<u64>,
    /// `stale_s`: never before this age, in microseconds.
    pub stale_us: Option<u64>,
    /// `clock_skew_s`: differences of clocks up to this are not spoken of, in
    /// microseconds.
    pub clock_skew_us: Option<u64>,
}

impl LivenessSettings {
    /// The limits that hold.
    pub fn options(&self) -> LivenessOptions {
        let default = LivenessOptions::default();
        LivenessOptions {
            default_interval_us: self.interval_us.unwrap_or(default.default_interval_us),
            late_percent: self.late_percent.unwrap_or(default.late_percent),
            stale_intervals: self.stale_intervals.unwrap_or(default.stale_intervals),
            stale_floor_us: self.stale_us.unwrap_or(default.stale_floor_us),
            skew_us: self.clock_skew_us.unwrap_or(default.skew_us),
        }
    }

    pub(super) fn lay_under(&mut self, weaker: Self) {
        self.interval_us = self.interval_us.or(weaker.interval_us);
        self.late_percent = self.late_percent.or(weaker.late_percent);
        self.stale_intervals = self.stale_intervals.or(weaker.stale_intervals);
        self.stale_us = self.stale_us.or(weaker.stale_us);
        self.clock_skew_us = self.clock_skew_us.or(weaker.clock_skew_us);
    }
}

impl Reader<'_> {
    pub(super) fn liveness(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        let liveness = &mut config.liveness;
        for (key, value) in self.table(value)? {
            match &**key.get_ref() {
                "interval_s" => liveness.interval_us = Some(self.seconds(value)?),
                "late_percent" => liveness.late_percent = Some(self.whole(value)?),
                "stale_intervals" => liveness.stale_intervals = Some(self.whole(value)?),
                "stale_s" => liveness.stale_us = Some(self.seconds(value)?),
                "clock_skew_s" => liveness.clock_skew_us = Some(self.seconds(value)?),
                name => return Err(self.unknown(&key.span(), &format!("liveness.{name}"))),
            }
        }
        Ok(())
    }
}
