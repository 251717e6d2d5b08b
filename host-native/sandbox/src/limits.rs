//! What a guest may use.

use std::time::Duration;

use wasmtime::{ResourceLimiter, StoreLimits, StoreLimitsBuilder};

/// What one guest may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory, in bytes.
    pub memory_bytes: usize,
    /// Entries of each table.
    pub table_elements: usize,
    /// Time for each call, measured in steps of 10 ms; `None`: no bound. Guests
    /// that are watched run a quarter slower: for foreign ones.
    pub time: Option<Duration>,
}

impl Default for Limits {
    /// 256 MiB of memory, 10,000 table entries, no bound on time.
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            table_elements: 10_000,
            time: None,
        }
    }
}

/// Instances, memories and tables of a guest: a component made by wit-component
/// consists of a few core instances.
const MAX_PARTS: usize = 16;

impl Limits {
    pub(crate) fn limiter(self) -> Limiter {
        Limiter {
            limits: StoreLimitsBuilder::new()
                .memory_size(self.memory_bytes)
                .table_elements(self.table_elements)
                .instances(MAX_PARTS)
                .memories(MAX_PARTS)
                .tables(MAX_PARTS)
                .trap_on_grow_failure(true)
                .build(),
            refused: None,
        }
    }
}

/// Keeps a guest within its limits and remembers which one it hit.
pub(crate) struct Limiter {
    limits: StoreLimits,
    pub(crate) refused: Option<Refused>,
}

/// The limit that a guest hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Memory,
    Table,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let answer = self.limits.memory_growing(current, desired, maximum);
        if !matches!(answer, Ok(true)) {
            self.refused = Some(Refused::Memory);
        }
        answer
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let answer = self.limits.table_growing(current, desired, maximum);
        if !matches!(answer, Ok(true)) {
            self.refused = Some(Refused::Table);
        }
        answer
    }

    fn instances(&self) -> usize {
        self.limits.instances()
    }

    fn tables(&self) -> usize {
        self.limits.tables()
    }

    fn memories(&self) -> usize {
        self.limits.memories()
    }
}
