//! Calls added up by who made them, with what, and when.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

use super::Latencies;
use crate::money::Usd;
use crate::record::usage::{UNKNOWN, UsageRecord};
use crate::same_bytes::same_bytes;
use crate::time::Day;

/// What calls are told apart by. Texts are as written, the tier's case included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageKey {
    /// Who made the calls.
    pub workflow: Box<str>,
    /// The price class.
    pub tier: Box<str>,
    /// The model's id.
    pub model: Box<str>,
    /// Who runs the model.
    pub provider: Box<str>,
    /// The part of the workflow, `unknown` where none is stated.
    pub stage: Box<str>,
}

/// Sums over calls. Every sum stops at its type's end instead of wrapping, so
/// that any order of adding gives the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageTotals {
    /// How many calls.
    pub calls: u64,
    /// What they cost.
    pub cost: Usd,
    /// Tokens sent to the model.
    pub tokens_in: u64,
    /// Tokens that the model gave back.
    pub tokens_out: u64,
    /// Calls answered from the response cache.
    pub cache_hits: u64,
    /// Calls that used a cached prompt.
    pub prompt_cache_hits: u64,
    /// Tokens read from the prompt cache.
    pub prompt_cache_read_tokens: u64,
    /// Tokens written into the prompt cache.
    pub prompt_cache_creation_tokens: u64,
    /// How long the calls took together, in microseconds.
    pub duration_us: u64,
    /// Calls that recorded no tokens at all.
    pub tokenless_calls: u64,
    /// What those cost.
    pub tokenless_cost: Usd,
}

impl UsageTotals {
    /// The sums of a single call.
    pub fn of(record: &UsageRecord<'_>) -> Self {
        let tokenless = record.tokens_in == 0 && record.tokens_out == 0;
        Self {
            calls: 1,
            cost: record.cost,
            tokens_in: record.tokens_in,
            tokens_out: record.tokens_out,
            cache_hits: u64::from(record.cache_hit),
            prompt_cache_hits: u64::from(record.prompt_cache.hit),
            prompt_cache_read_tokens: record.prompt_cache.read_tokens,
            prompt_cache_creation_tokens: record.prompt_cache.creation_tokens,
            duration_us: record.duration_us,
            tokenless_calls: u64::from(tokenless),
            tokenless_cost: if tokenless { record.cost } else { Usd::ZERO },
        }
    }

    /// Adds the sums of further calls.
    pub fn add(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.cost = self.cost.saturating_add(other.cost);
        self.tokens_in = self.tokens_in.saturating_add(other.tokens_in);
        self.tokens_out = self.tokens_out.saturating_add(other.tokens_out);
        self.cache_hits = self.cache_hits.saturating_add(other.cache_hits);
        self.prompt_cache_hits = self
            .prompt_cache_hits
            .saturating_add(other.prompt_cache_hits);
        self.prompt_cache_read_tokens = self
            .prompt_cache_read_tokens
            .saturating_add(other.prompt_cache_read_tokens);
        self.prompt_cache_creation_tokens = self
            .prompt_cache_creation_tokens
            .saturating_add(other.prompt_cache_creation_tokens);
        self.duration_us = self.duration_us.saturating_add(other.duration_us);
        self.tokenless_calls = self.tokenless_calls.saturating_add(other.tokenless_calls);
        self.tokenless_cost = self.tokenless_cost.saturating_add(other.tokenless_cost);
    }

    /// Whether a sum reached its type's end and is only a lower bound.
    pub fn is_saturated(&self) -> bool {
        self.cost == Usd::MAX
            || [
                self.calls,
                self.tokens_in,
                self.tokens_out,
                self.prompt_cache_read_tokens,
                self.prompt_cache_creation_tokens,
                self.duration_us,
            ]
            .contains(&u64::MAX)
    }
}

/// What is kept of the calls of one key on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageCell {
    /// Their sums.
    pub totals: UsageTotals,
    /// How long they took.
    pub latencies: Latencies,
}

impl UsageCell {
    /// Adds what is kept of further calls.
    pub fn add(&mut self, other: &Self) {
        self.totals.add(&other.totals);
        self.latencies.merge(&other.latencies);
    }
}

/// Calls added up by [`UsageKey`] and UTC day.
#[derive(Clone, Debug, Default)]
pub struct UsageCube {
    rows: Vec<Row>,
    /// Indexes into `rows`, found by the hash of the key.
    index: HashTable<u32>,
}

#[derive(Clone, Debug)]
struct Row {
    key: UsageKey,
    hash: u64,
    /// Sorted by day.
    days: Vec<(Day, UsageCell)>,
}

impl UsageCube {
    /// Adds one call.
    pub fn push(&mut self, record: &UsageRecord<'_>) {
        let parts = [
            &*record.workflow,
            &*record.tier,
            &*record.model,
            &*record.provider,
            record.stage.as_deref().unwrap_or(UNKNOWN),
        ];
        let cell = self.row(parts).cell(record.at.day());
        cell.totals.add(&UsageTotals::of(record));
        cell.latencies.add(record.duration_us);
    }

    /// Adds the calls of another cube.
    pub fn merge(&mut self, other: &Self) {
        for theirs in &other.rows {
            let row = self.row(theirs.key.parts());
            for (day, cell) in &theirs.days {
                row.cell(*day).add(cell);
            }
        }
    }

    /// Adds calls that are already summed.
    pub(crate) fn add(&mut self, key: &UsageKey, day: Day, cell: &UsageCell) {
        self.row(key.parts()).cell(day).add(cell);
    }

    /// All sums, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&UsageKey, Day, &UsageTotals)> {
        self.cells()
            .map(|(key, day, cell)| (key, day, &cell.totals))
    }

    /// All that is kept, in no particular order.
    pub fn cells(&self) -> impl Iterator<Item = (&UsageKey, Day, &UsageCell)> {
        self.rows
            .iter()
            .flat_map(|row| row.days.iter().map(|(day, cell)| (&row.key, *day, cell)))
    }

    /// The sum over everything.
    pub fn totals(&self) -> UsageTotals {
        let mut sum = UsageTotals::default();
        for (_, _, totals) in self.iter() {
            sum.add(totals);
        }
        sum
    }

    /// Whether there is no call.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn row(&mut self, parts: [&str; 5]) -> &mut Row {
        let hash = hash(parts);
        let rows = &self.rows;
        let found = self.index.find(hash, |&at| {
            rows.get(at as usize).is_some_and(|row| row.key.is(parts))
        });
        let at = if let Some(&at) = found {
            at as usize
        } else {
            let at = self.rows.len();
            let [workflow, tier, model, provider, stage] = parts.map(Box::from);
            let key = UsageKey {
                workflow,
                tier,
                model,
                provider,
                stage,
            };
            self.rows.push(Row {
                key,
                hash,
                days: Vec::new(),
            });
            let rows = &self.rows;
            // Four thousand million keys do not fit a memory that holds their texts.
            let entry = u32::try_from(at).unwrap_or(u32::MAX);
            self.index.insert_unique(hash, entry, |&at| {
                rows.get(at as usize).map_or(0, |row| row.hash)
            });
            at
        };
        &mut self.rows[at]
    }
}

impl PartialEq for UsageCube {
    /// Equal sums, whatever the order in which they came.
    fn eq(&self, other: &Self) -> bool {
        fn sorted(cube: &UsageCube) -> Vec<(&UsageKey, &[(Day, UsageCell)])> {
            let mut rows: Vec<_> = cube
                .rows
                .iter()
                .map(|r| (&r.key, r.days.as_slice()))
                .collect();
            rows.sort_unstable_by_key(|(key, _)| *key);
            rows
        }
        sorted(self) == sorted(other)
    }
}

impl Row {
    fn cell(&mut self, day: Day) -> &mut UsageCell {
        // Logs are written in order of time: nearly always the last day or a new one.
        let end = self.days.len();
        let at = match self.days.last() {
            Some((last, _)) if *last == day => end - 1,
            Some((last, _)) if *last > day => {
                match self.days.binary_search_by_key(&day, |(day, _)| *day) {
                    Ok(at) => at,
                    Err(at) => {
                        self.days.insert(at, (day, UsageCell::default()));
                        at
                    }
                }
            }
            _ => {
                self.days.push((day, UsageCell::default()));
                end
            }
        };
        &mut self.days[at].1
    }
}

impl UsageKey {
    /// What it is made of, in the order of the fields.
    pub(super) fn parts(&self) -> [&str; 5] {
        [
            &self.workflow,
            &self.tier,
            &self.model,
            &self.provider,
            &self.stage,
        ]
    }

    fn is(&self, [workflow, tier, model, provider, stage]: [&str; 5]) -> bool {
        same_bytes(self.workflow.as_bytes(), workflow.as_bytes())
            && same_bytes(self.tier.as_bytes(), tier.as_bytes())
            && same_bytes(self.model.as_bytes(), model.as_bytes())
            && same_bytes(self.provider.as_bytes(), provider.as_bytes())
            && same_bytes(self.stage.as_bytes(), stage.as_bytes())
    }
}

fn hash(parts: [&str; 5]) -> u64 {
    let mut hasher = FxHasher::default();
    parts.hash(&mut hasher);
    hasher.finish()
}
