//! What today costs, against what days usually cost.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};

use serde::Serialize;

use crate::money::{Usd, div_half_even};
use crate::telemetry::Telemetry;
use crate::time::Day;
use crate::usage::UsageTotals;

/// The usual is the mean of so many days before today.
const BASELINE_DAYS: i32 = 35;
/// With fewer days than this, nothing is usual.
const MIN_BASELINE_DAYS: u64 = 3;
/// An alarm at so many standard deviations above the mean, and where all days are
/// the same, above so many times that.
const ALARM: i128 = 3;

/// What today costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpendView {
    /// The UTC day.
    pub day: Day,
    /// What it cost so far.
    pub today_usd: Usd,
    /// The mean of the earlier days with any cost; `null` with fewer than three.
    pub usual_usd: Option<Usd>,
    /// How many such days there are within 35 days.
    pub baseline_days: u64,
    /// `ok`, `alarm` or `insufficient_data`.
    pub level: SpendLevel,
    /// Today per usual day.
    pub ratio: Option<f64>,
    /// The same in words.
    pub detail: String,
    /// The model that most of today's cost is of.
    pub top_model: Option<SpendShare>,
    /// The workflow that most of today's cost is of.
    pub top_workflow: Option<SpendShare>,
    /// The cost since the first of the month.
    pub month_to_date_usd: Usd,
    /// The user's own limit for a month.
    pub budget_usd: Option<Usd>,
    /// Month to date per budget.
    pub budget_share: Option<f64>,
}

/// What was spent under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpendShare {
    /// The model or workflow.
    pub name: String,
    /// What it cost.
    pub cost_usd: Usd,
}

/// What today's cost means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpendLevel {
    /// It is as usual, or below.
    Ok,
    /// It is far above.
    Alarm,
    /// Too few days to say.
    InsufficientData,
}

/// What calls under the name of an agent cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentCostView {
    /// How many calls.
    pub calls: u64,
    /// What they cost.
    pub cost_usd: Usd,
    /// Tokens sent.
    pub tokens_in: u64,
    /// Tokens given back.
    pub tokens_out: u64,
    /// Cost by UTC day.
    pub by_day: BTreeMap<String, Usd>,
}

impl Telemetry {
    /// What the calls of workflows with one of these names cost; `None` without any.
    pub fn agent_cost(&self, names: &[&str]) -> Option<AgentCostView> {
        let mut sums = UsageTotals::default();
        let mut by_day: BTreeMap<String, Usd> = BTreeMap::new();
        for (key, at, totals) in self.usage.cube.iter() {
            if names.contains(&&*key.workflow) {
                sums.add(totals);
                add(&mut by_day, at.to_string(), totals.cost);
            }
        }
        (sums.calls > 0).then_some(AgentCostView {
            calls: sums.calls,
            cost_usd: sums.cost,
            tokens_in: sums.tokens_in,
            tokens_out: sums.tokens_out,
            by_day,
        })
    }

    /// What `day` costs by the usage log. The calls of the 35 days before and of the
    /// month have to be in what was read.
    pub fn spend_view(&self, day: Day, budget: Option<Usd>) -> SpendView {
        let mut by_day: BTreeMap<Day, Usd> = BTreeMap::new();
        let mut models: BTreeMap<&str, Usd> = BTreeMap::new();
        let mut workflows: BTreeMap<&str, Usd> = BTreeMap::new();
        for (key, at, totals) in self.usage.cube.iter() {
            add(&mut by_day, at, totals.cost);
            if at == day {
                add(&mut models, &key.model, totals.cost);
                add(&mut workflows, &key.workflow, totals.cost);
            }
        }
        let days = Days::of(&by_day, day);
        let month = month_of(day);
        let month_to_date_usd = by_day
            .iter()
            .filter(|(at, _)| **at <= day && month_of(**at) == month)
            .fold(Usd::ZERO, |sum, (_, cost)| sum.saturating_add(*cost));
        let usual_usd = days.usual();
        let level = days.level();
        SpendView {
            day,
            today_usd: days.today,
            usual_usd,
            baseline_days: days.count,
            level,
            ratio: usual_usd.and_then(|usual| share(days.today, usual)),
            detail: detail(&days, level),
            top_model: top(models),
            top_workflow: top(workflows),
            month_to_date_usd,
            budget_usd: budget,
            budget_share: budget.and_then(|budget| share(month_to_date_usd, budget)),
        }
    }
}

/// Today and the days before it that cost anything.
struct Days {
    today: Usd,
    count: u64,
    sum_nanos: i128,
    /// Of squares of micro-USD: they fit, those of nano-USD would not.
    squares: i128,
    sum_micros: i128,
}

impl Days {
    fn of(by_day: &BTreeMap<Day, Usd>, day: Day) -> Self {
        let mut days = Self {
            today: by_day.get(&day).copied().unwrap_or(Usd::ZERO),
            count: 0,
            sum_nanos: 0,
            squares: 0,
            sum_micros: 0,
        };
        for (at, cost) in by_day {
            let ago = day.number().saturating_sub(at.number());
            if !(1..=BASELINE_DAYS).contains(&ago) || *cost == Usd::ZERO {
                continue;
            }
            let micros = i128::from(cost.as_nanos() / 1000);
            days.count += 1;
            days.sum_nanos += i128::from(cost.as_nanos());
            days.sum_micros += micros;
            days.squares += micros * micros;
        }
        days
    }

    fn usual(&self) -> Option<Usd> {
        if self.count < MIN_BASELINE_DAYS {
            return None;
        }
        let mean = div_half_even(self.sum_nanos, i128::from(self.count))?;
        i64::try_from(mean).ok().map(Usd::from_nanos)
    }

    fn level(&self) -> SpendLevel {
        if self.count < MIN_BASELINE_DAYS {
            return SpendLevel::InsufficientData;
        }
        let n = i128::from(self.count);
        let today = i128::from(self.today.as_nanos() / 1000);
        let above = n * today - self.sum_micros;
        // n squared times n - 1 times the sample variance.
        let spread = n * (n * self.squares - self.sum_micros * self.sum_micros);
        let is_alarm = if spread == 0 {
            n * today > ALARM * self.sum_micros
        } else {
            above > 0 && above * above * (n - 1) >= ALARM * ALARM * spread
        };
        if is_alarm {
            SpendLevel::Alarm
        } else {
            SpendLevel::Ok
        }
    }
}

fn detail(days: &Days, level: SpendLevel) -> String {
    match (level, days.usual()) {
        (SpendLevel::InsufficientData, _) | (_, None) => format!(
            "too few days with any cost to say what is usual: {} of {MIN_BASELINE_DAYS}",
            days.count
        ),
        (SpendLevel::Alarm, Some(usual)) => {
            let times = share(days.today, usual).unwrap_or(0.0);
            format!("{times:.1} times a usual day, far outside its spread")
        }
        (SpendLevel::Ok, Some(_)) => {
            format!(
                "within the spread of the last {} days with any cost",
                days.count
            )
        }
    }
}

fn add<K: Ord>(sums: &mut BTreeMap<K, Usd>, key: K, cost: Usd) {
    let sum = sums.entry(key).or_default();
    *sum = sum.saturating_add(cost);
}

fn top(sums: BTreeMap<&str, Usd>) -> Option<SpendShare> {
    let (name, cost_usd) = sums.into_iter().max_by_key(|(_, cost)| *cost)?;
    (cost_usd > Usd::ZERO).then(|| SpendShare {
        name: name.into(),
        cost_usd,
    })
}

#[expect(clippy::cast_precision_loss)]
fn share(part: Usd, whole: Usd) -> Option<f64> {
    (whole > Usd::ZERO).then(|| part.as_nanos() as f64 / whole.as_nanos() as f64)
}

/// Year and month, as a text that differs between months.
fn month_of(day: Day) -> String {
    let mut text = day.to_string();
    text.truncate(text.len().saturating_sub(3));
    text
}

#[cfg(test)]
mod tests {
    use core::fmt::Write as _;

    use super::*;
    use crate::log_kind::LogKind;
    use crate::telemetry::ReadOptions;

    fn spend(calls: &[(&str, &str, &str)], budget: Option<Usd>) -> SpendView {
        let mut telemetry = Telemetry::new(ReadOptions::default());
        let mut log = String::new();
        for (day, model, cost) in calls {
            let _ = writeln!(
                log,
                "{{\"v\":\"1.0\",\"ts\":\"{day}T08:00:00Z\",\"workflow\":\"review\",\"tier\":\"CHEAP\",\"model\":\"{model}\",\"cost\":{cost}}}"
            );
        }
        let mut scan = telemetry.scan(LogKind::Usage, 0);
        scan.push(log.as_bytes());
        scan.finish();
        telemetry.absorb("usage.jsonl", log.len() as u64, scan);
        telemetry.spend_view(Day::parse("2026-11-20").unwrap(), budget)
    }

    #[test]
    fn a_day_far_outside_the_spread_is_an_alarm() {
        let usual = [
            ("2026-11-17", "a", "1"),
            ("2026-11-18", "a", "1.2"),
            ("2026-11-19", "a", "0.8"),
        ];
        let mut calls = usual.to_vec();
        calls.extend([("2026-11-20", "a", "1"), ("2026-11-20", "b", "0.5")]);
        let view = spend(&calls, None);
        assert_eq!(view.level, SpendLevel::Ok);
        assert_eq!(view.usual_usd, Usd::parse("1").ok());
        assert_eq!(view.ratio, Some(1.5));
        calls.push(("2026-11-20", "b", "5"));
        let view = spend(&calls, Usd::parse("20").ok());
        assert_eq!(view.level, SpendLevel::Alarm);
        assert_eq!(view.top_model.unwrap().name, "b");
        assert_eq!(view.month_to_date_usd.to_string(), "9.5");
        assert_eq!(view.budget_share, Some(0.475));
    }

    #[test]
    fn a_flat_history_has_a_rule_of_its_own() {
        let mut calls = alloc::vec![
            ("2026-11-17", "a", "1"),
            ("2026-11-18", "a", "1"),
            ("2026-11-19", "a", "1"),
            ("2026-11-20", "a", "3"),
        ];
        assert_eq!(spend(&calls, None).level, SpendLevel::Ok);
        calls.push(("2026-11-20", "a", "0.01"));
        assert_eq!(spend(&calls, None).level, SpendLevel::Alarm);
    }

    #[test]
    fn too_few_days_say_nothing() {
        let view = spend(
            &[("2026-11-19", "a", "1"), ("2026-11-20", "a", "100")],
            None,
        );
        assert_eq!(view.level, SpendLevel::InsufficientData);
        assert_eq!((view.usual_usd, view.ratio), (None, None));
        assert_eq!(spend(&[], None).top_model, None);
    }
}
