//! Rows as CSV: a line of names, then one line each, all digits kept.

use muster_core::view::TotalsView;

/// Builds CSV text.
#[derive(Debug)]
pub(super) struct Csv {
    writer: csv::Writer<Vec<u8>>,
}

impl Csv {
    /// A text with these names in its first line.
    pub(super) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut csv = Self {
            writer: csv::Writer::from_writer(Vec::new()),
        };
        csv.line(names);
        csv
    }

    /// Adds a line, which has as many cells as the first.
    pub(super) fn line<T: AsRef<[u8]>>(&mut self, cells: impl IntoIterator<Item = T>) {
        // Writing into memory fails only for lines of unequal length.
        let written = self.writer.write_record(cells);
        debug_assert!(written.is_ok(), "{written:?}");
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        let bytes = self.writer.into_inner().unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    }
}

/// The names of [`totals_cells`].
pub(super) const TOTALS: [&str; 10] = [
    "calls",
    "cost_usd",
    "tokens_in",
    "tokens_out",
    "cache_hits",
    "cache_hit_rate",
    "prompt_cache_hits",
    "prompt_cache_read_tokens",
    "prompt_cache_creation_tokens",
    "duration_ms",
];

/// Sums as cells.
pub(super) fn totals_cells(totals: &TotalsView) -> [String; 10] {
    [
        totals.calls.to_string(),
        totals.cost_usd.to_string(),
        totals.tokens_in.to_string(),
        totals.tokens_out.to_string(),
        totals.cache_hits.to_string(),
        totals.cache_hit_rate.to_string(),
        totals.prompt_cache_hits.to_string(),
        totals.prompt_cache_read_tokens.to_string(),
        totals.prompt_cache_creation_tokens.to_string(),
        totals.duration_ms.to_string(),
    ]
}
