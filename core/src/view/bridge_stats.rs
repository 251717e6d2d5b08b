//! What the telemetry entries say of commands, workflows and their steps.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use crate::bridge::EntryStats;
use crate::bridge::stats::{CommandKey, Durations, Outcomes, Tally};
use crate::time::Window;

use super::number::rate_of;
use super::rank::ranked;

/// Statistics over telemetry entries. Percentiles are at most a 64th too large.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BridgeStatsReport {
    /// The window that was asked for.
    pub window: Window,
    /// Calls of commands; methods of workflows' steps are not among them.
    pub commands: CallStats,
    /// Methods of workflows' steps.
    pub methods: CallStats,
    /// Parents and their children, joined by the parent's id.
    pub families: FamilyStats,
    /// By workflow.
    pub by_workflow: BTreeMap<String, CallStats>,
    /// Jobs, the most frequent first.
    pub by_job: Vec<JobStats>,
    /// Steps, the most frequent first.
    pub by_step: Vec<StepStats>,
    /// By method.
    pub by_method: BTreeMap<String, CallStats>,
    /// By the model's type.
    pub by_model_type: BTreeMap<String, CallStats>,
    /// By executor, where an entry says.
    pub by_executor: BTreeMap<String, CallStats>,
    /// By driver, where an entry says.
    pub by_driver: BTreeMap<String, CallStats>,
    /// Jobs that are not listed.
    pub jobs_left_out: u64,
    /// Steps that are not listed.
    pub steps_left_out: u64,
    /// Entries that began outside the window.
    pub outside_window: u64,
    /// The figures that swamp's own `telemetry stats` gives.
    pub swamp: SwampStats,
}

/// Calls of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallStats {
    /// How many.
    pub total: u64,
    /// Those that succeeded.
    pub success: u64,
    /// Those that failed, stops included.
    pub error: u64,
    /// Those that the user could have known to fail.
    pub user_error: u64,
    /// Those of the errors that were stops.
    pub cancelled: u64,
    /// Failures before the method began; they have no duration.
    pub failed_before_method: u64,
    /// Methods that these called; known of a live stream only.
    pub nested_invocations: u64,
    /// Successes out of all; `null` of none.
    pub success_rate: Option<f64>,
    /// How long they took, failures before the method left out.
    pub duration_ms: DurationStats,
}

/// Durations in milliseconds; `null` where there are none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DurationStats {
    /// How many are known.
    pub count: u64,
    /// Their mean.
    pub mean: Option<f64>,
    /// Half took at most this long.
    pub p50: Option<u64>,
    /// 95 of 100 took at most this long.
    pub p95: Option<u64>,
    /// 99 of 100 took at most this long.
    pub p99: Option<u64>,
}

/// A job of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobStats {
    /// The workflow.
    pub workflow: String,
    /// The job.
    pub job: String,
    /// Its methods.
    #[serde(flatten)]
    pub calls: CallStats,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepStats {
    /// The workflow.
    pub workflow: String,
    /// The job.
    pub job: String,
    /// The step; the items of a forEach are steps of their own.
    pub step: String,
    /// Its methods.
    #[serde(flatten)]
    pub calls: CallStats,
}

/// How the outcome of a run goes with those of its methods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FamilyStats {
    /// Runs that succeeded with all their methods.
    pub succeeded: u64,
    /// Runs that succeeded although methods failed: allowed failures, or a parent
    /// that states success after a failure.
    pub succeeded_with_failed_children: u64,
    /// Runs that failed with failed methods.
    pub failed: u64,
    /// Runs that failed although all their methods succeeded.
    pub failed_without_failed_children: u64,
    /// Parents that are named by children and are not there.
    pub missing_parents: u64,
}

/// The figures of swamp's `telemetry stats`: parents and children together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SwampStats {
    /// All entries.
    pub total_invocations: u64,
    /// Those with `success`.
    pub success_count: u64,
    /// Those with `error`.
    pub error_count: u64,
    /// Those with `user_error`.
    pub user_error_count: u64,
    /// Percent of all.
    pub success_rate: f64,
    /// Percent of all that are errors of either class.
    pub error_rate: f64,
    /// How often each command was called.
    pub command_frequency: BTreeMap<String, u64>,
    /// How often each option was given.
    pub option_frequency: BTreeMap<String, u64>,
    /// Mean milliseconds by command, rounded half up.
    pub average_duration_by_command: BTreeMap<String, i64>,
    /// Entries by operating system.
    pub platform_distribution: BTreeMap<String, u64>,
}

impl EntryStats {
    /// The report, with at most `top` jobs and `top` steps.
    pub fn report(&self, window: Window, top: usize) -> BridgeStatsReport {
        let jobs = self.jobs.iter();
        let jobs = ranked(
            jobs.map(|(key, tally)| (tally.outcomes.total, (key, tally))),
            top,
        );
        let steps = self.steps.iter();
        let steps = ranked(
            steps.map(|(key, tally)| (tally.outcomes.total, (key, tally))),
            top,
        );
        BridgeStatsReport {
            window,
            commands: CallStats::of(&self.own),
            methods: CallStats::of(&self.children),
            families: self.family_stats(),
            by_workflow: by_name(&self.workflows),
            by_job: jobs
                .items
                .into_iter()
                .map(|(_, (key, tally))| JobStats {
                    workflow: key.workflow.to_string(),
                    job: key.job.to_string(),
                    calls: CallStats::of(tally),
                })
                .collect(),
            by_step: steps
                .items
                .into_iter()
                .map(|(_, (key, tally))| StepStats {
                    workflow: key.workflow.to_string(),
                    job: key.job.to_string(),
                    step: key.step.to_string(),
                    calls: CallStats::of(tally),
                })
                .collect(),
            by_method: by_name(&self.methods),
            by_model_type: by_name(&self.model_types),
            by_executor: by_name(&self.executors),
            by_driver: by_name(&self.drivers),
            jobs_left_out: jobs.left_out,
            steps_left_out: steps.left_out,
            outside_window: self.outside,
            swamp: self.swamp_stats(),
        }
    }

    fn family_stats(&self) -> FamilyStats {
        let mut stats = FamilyStats::default();
        for family in self.families.values() {
            let count = match (family.parent, family.failed_children > 0) {
                (Some(true), false) => &mut stats.succeeded,
                (Some(true), true) => &mut stats.succeeded_with_failed_children,
                (Some(false), true) => &mut stats.failed,
                (Some(false), false) => &mut stats.failed_without_failed_children,
                (None, _) => &mut stats.missing_parents,
            };
            *count += 1;
        }
        stats
    }

    fn swamp_stats(&self) -> SwampStats {
        let Outcomes {
            total,
            success,
            error,
            user_error,
        } = self.all;
        let mut commands: BTreeMap<String, Durations> = BTreeMap::new();
        for (
            CommandKey {
                command,
                subcommand,
            },
            durations,
        ) in &self.commands
        {
            let name = match subcommand {
                Some(subcommand) => [command, " ", subcommand].concat(),
                None => command.to_string(),
            };
            let sum = commands.entry(name).or_default();
            sum.calls += durations.calls;
            sum.timed += durations.timed;
            sum.sum_us += durations.sum_us;
        }
        let averages = commands
            .iter()
            .filter_map(|(name, durations)| Some((name.clone(), half_up_ms(durations)?)));
        SwampStats {
            total_invocations: total,
            success_count: success,
            error_count: error,
            user_error_count: user_error,
            success_rate: percent(success, total),
            error_rate: percent(error + user_error, total),
            average_duration_by_command: averages.collect(),
            command_frequency: commands
                .into_iter()
                .map(|(name, durations)| (name, durations.calls))
                .collect(),
            option_frequency: counts(&self.options),
            platform_distribution: counts(&self.platforms),
        }
    }
}

impl CallStats {
    fn of(tally: &Tally) -> Self {
        let Outcomes {
            total,
            success,
            error,
            user_error,
        } = tally.outcomes;
        let durations = &tally.durations;
        Self {
            total,
            success,
            error,
            user_error,
            cancelled: tally.cancelled,
            failed_before_method: tally.before,
            nested_invocations: tally.nested_invocations,
            success_rate: rate_of(success, total),
            duration_ms: DurationStats {
                count: durations.count(),
                mean: mean(durations.sum(), durations.count()),
                p50: durations.percentile(50),
                p95: durations.percentile(95),
                p99: durations.percentile(99),
            },
        }
    }
}

fn by_name(tallies: &BTreeMap<Box<str>, Tally>) -> BTreeMap<String, CallStats> {
    tallies
        .iter()
        .map(|(name, tally)| (name.to_string(), CallStats::of(tally)))
        .collect()
}

fn counts(counts: &BTreeMap<Box<str>, u64>) -> BTreeMap<String, u64> {
    counts
        .iter()
        .map(|(name, count)| (name.to_string(), *count))
        .collect()
}

/// Percent, zero of nothing, as swamp has it.
#[expect(clippy::cast_precision_loss)]
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        100.0 * part as f64 / whole as f64
    }
}

#[expect(clippy::cast_precision_loss)]
fn mean(sum: u128, count: u64) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}

/// The mean in milliseconds; halves go up, also below zero.
fn half_up_ms(durations: &Durations) -> Option<i64> {
    let unit = i128::from(durations.timed) * 1000;
    (unit > 0)
        .then(|| (2 * durations.sum_us + unit).div_euclid(2 * unit))
        .and_then(|ms| i64::try_from(ms).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::record::telemetry_entry::TelemetryEntry;
    use crate::to_json;

    const CASES: &str = include_str!("../../../tests/fixtures/swamp/stats_cases.json");
    const REAL: &str = include_str!("../../../tests/fixtures/swamp/run_mixed-wf.entries.jsonl");

    fn of<'a>(entries: impl IntoIterator<Item = &'a str>) -> EntryStats {
        let mut stats = EntryStats::default();
        for entry in entries {
            stats.add(&TelemetryEntry::parse(entry).unwrap(), &Window::ALL);
        }
        stats
    }

    fn report(stats: &EntryStats) -> Value {
        serde_json::from_str(&to_json(&stats.report(Window::ALL, 20))).unwrap()
    }

    #[test]
    fn the_figures_of_the_peer() {
        let cases: Value = serde_json::from_str(CASES).unwrap();
        let cases = cases.as_array().unwrap();
        assert!(cases.len() >= 4);
        for case in cases {
            let entries: Vec<String> = case["entries"]
                .as_array()
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect();
            let got = report(&of(entries.iter().map(String::as_str)));
            let peer = case["peer_head"].as_object().unwrap();
            for (name, value) in peer {
                // Echoes the argument; the window stands for it here.
                if name == "daysAnalyzed" {
                    continue;
                }
                let same = match (got["swamp"][name].as_f64(), value.as_f64()) {
                    (Some(a), Some(b)) => (a - b).abs() < f64::EPSILON,
                    _ => got["swamp"][name] == *value,
                };
                assert!(same, "{} {name}: {}", case["name"], got["swamp"][name]);
            }
        }
    }

    #[test]
    fn steps_and_runs_are_told_apart() {
        let got = report(&of(REAL.lines()));
        assert_eq!(got["commands"]["total"], 1);
        assert_eq!(got["methods"]["total"], 6);
        assert_eq!(got["methods"]["error"], 3);
        assert_eq!(got["methods"]["failed_before_method"], 2);
        assert_eq!(got["methods"]["success_rate"], 0.5);
        assert_eq!(got["families"]["succeeded_with_failed_children"], 1);
        assert_eq!(got["by_step"].as_array().unwrap().len(), 6);
        assert_eq!(got["by_job"][0]["job"], "deploy:us-east-1");
        assert_eq!(got["by_model_type"]["command/shell"]["total"], 5);
        assert_eq!(got["by_method"]["execute"]["duration_ms"]["count"], 4);
        assert_eq!(got["by_executor"], json!({}));
        let few = of(REAL.lines()).report(Window::ALL, 2);
        assert_eq!((few.by_step.len(), few.steps_left_out), (2, 4));
    }

    #[test]
    fn means_are_rounded_half_up_and_windows_are_half_open() {
        for (sum_us, timed, ms) in [
            (-3000, 2, Some(-1)),
            (3000, 2, Some(2)),
            (1499, 1, Some(1)),
            (0, 0, None),
        ] {
            let durations = Durations {
                calls: timed,
                timed,
                sum_us,
            };
            assert_eq!(half_up_ms(&durations), ms);
        }
        let first = REAL.lines().next().unwrap();
        let entry = TelemetryEntry::parse(first).unwrap();
        let mut stats = EntryStats::default();
        for (from, to) in [
            (None, Some(entry.started_at)),
            (Some(entry.started_at), None),
        ] {
            stats.add(&entry, &Window { from, to });
        }
        let report = stats.report(Window::ALL, 1);
        assert_eq!((report.outside_window, report.commands.total), (1, 1));
    }

    proptest! {
        #[test]
        fn parts_merge_to_the_whole(order in prop::collection::vec(0..9_usize, 0..20), cut in 0..20_usize) {
            let slow = include_str!("../../../tests/fixtures/swamp/run_slow-wf.entries.jsonl");
            let lines: Vec<&str> = REAL.lines().chain(slow.lines()).collect();
            let picked: Vec<&str> = order.iter().map(|&at| lines[at]).collect();
            let (a, b) = picked.split_at(cut.min(picked.len()));
            let mut merged = of(b.iter().copied());
            merged.merge(of(a.iter().copied()));
            prop_assert_eq!(merged, of(picked));
        }
    }
}
