//! The usual line, read in one pass.
//!
//! The writer of `usage.jsonl` gives its keys in one order and without spaces.
//! This reader knows that order alone. At the first surprise it gives up, and
//! the general reader decides; so it never has to judge what is wrong.

use alloc::borrow::Cow;

use super::{PromptCache, UsageRecord};
use crate::cursor::Cursor;
use crate::money::Usd;
use crate::time::Timestamp;

/// The record, or `None` for any line that is not exactly in the usual form.
pub(super) fn parse(line: &str) -> Option<UsageRecord<'_>> {
    let mut cursor = Cursor::new(line);
    let version = if cursor.skip("{\"v\":\"1.0\"").is_some() {
        "1.0"
    } else {
        cursor.skip("{\"v\":\"")?;
        cursor.text()?
    };
    cursor.skip(",\"ts\":\"")?;
    let at = cursor.time()?;
    cursor.skip(",\"workflow\":\"")?;
    let workflow = cursor.text()?;
    cursor.skip(",\"tier\":\"")?;
    let tier = cursor.text()?;
    cursor.skip(",\"model\":\"")?;
    let model = cursor.text()?;
    cursor.skip(",\"provider\":\"")?;
    let provider = cursor.text()?;
    cursor.skip(",\"cost\":")?;
    let cost = cursor.usd()?;
    cursor.skip(",\"tokens\":{\"input\":")?;
    let tokens_in = cursor.count()?;
    cursor.skip(",\"output\":")?;
    let tokens_out = cursor.count()?;
    cursor.skip("},\"cache\":{\"hit\":")?;
    let cache_hit = cursor.flag()?;
    let cache_type = if cursor.skip(",\"type\":\"").is_some() {
        Some(cursor.text()?)
    } else {
        None
    };
    cursor.skip("},\"duration_ms\":")?;
    let duration_us = cursor.count()?.checked_mul(1000)?;
    if duration_us > crate::json::MAX_COUNT {
        return None;
    }
    cursor.skip(",\"user_id\":\"")?;
    let user_id = cursor.text()?;
    let stage = if cursor.skip(",\"stage\":\"").is_some() {
        Some(cursor.text()?)
    } else {
        None
    };
    let mut prompt_cache = PromptCache::default();
    if cursor.skip(",\"prompt_cache\":{\"hit\":").is_some() {
        prompt_cache.hit = cursor.flag()?;
        cursor.skip(",\"creation_tokens\":")?;
        prompt_cache.creation_tokens = cursor.count()?;
        cursor.skip(",\"read_tokens\":")?;
        prompt_cache.read_tokens = cursor.count()?;
        cursor.skip("}")?;
    }
    cursor.skip(",\"seq\":")?;
    let seq = cursor.count()?;
    if cursor.rest() != b"}" {
        return None;
    }
    Some(UsageRecord {
        version: Some(Cow::Borrowed(version)),
        at,
        workflow: Cow::Borrowed(workflow),
        tier: Cow::Borrowed(tier),
        model: Cow::Borrowed(model),
        provider: Cow::Borrowed(provider),
        cost,
        tokens_in,
        tokens_out,
        cache_hit,
        cache_type: cache_type.map(Cow::Borrowed),
        duration_us,
        user_id: Some(Cow::Borrowed(user_id)),
        stage: stage.map(Cow::Borrowed),
        prompt_cache,
        seq: Some(seq),
    })
}

impl Cursor<'_> {
    fn time(&mut self) -> Option<Timestamp> {
        let (text, rest) = self.rest().split_first_chunk::<27>()?;
        if rest.first() != Some(&b'"') {
            return None;
        }
        self.at += 28;
        Timestamp::parse_usage_form(text)
    }

    fn flag(&mut self) -> Option<bool> {
        if self.skip("true").is_some() {
            Some(true)
        } else {
            self.skip("false").map(|()| false)
        }
    }

    /// An integer of at most fifteen digits.
    fn count(&mut self) -> Option<u64> {
        self.digits(15)
    }

    /// Dollars with at most nine digits on either side of the point.
    fn usd(&mut self) -> Option<Usd> {
        let mut nanos = self.digits(9)?;
        let mut places = 0;
        if self.skip(".").is_some() {
            (nanos, places) = self.more_digits(nanos, 9)?;
        }
        if matches!(self.rest().first(), Some(b'e' | b'E')) {
            return None;
        }
        let scale = POWERS_OF_TEN.get(9 - places)?;
        i64::try_from(nanos.checked_mul(*scale)?)
            .ok()
            .map(Usd::from_nanos)
    }

    /// One to `limit` digits without a leading zero.
    fn digits(&mut self, limit: usize) -> Option<u64> {
        let zero_first = self.rest().first() == Some(&b'0');
        let (value, digits) = self.more_digits(0, limit)?;
        if zero_first && digits > 1 {
            None
        } else {
            Some(value)
        }
    }

    /// One to `limit` digits that continue `value`, and how many there were.
    fn more_digits(&mut self, mut value: u64, limit: usize) -> Option<(u64, usize)> {
        let mut digits = 0;
        for &b in self.rest() {
            let digit = b.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            digits += 1;
            if digits > limit {
                return None;
            }
            value = value * 10 + u64::from(digit);
        }
        self.at += digits;
        (digits > 0).then_some((value, digits))
    }
}

const POWERS_OF_TEN: [u64; 10] = [
    1,
    10,
    100,
    1000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
];
