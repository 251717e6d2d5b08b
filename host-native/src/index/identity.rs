//! What tells one state of a file from another.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use crate::clock::Clock;

/// A state of a file, as far as its inode shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    /// Last change of the content, in nanoseconds since 1970.
    pub(super) modified: i64,
    /// Last change of the inode.
    pub(super) changed: i64,
}

/// Bytes of the stored form.
pub(super) const IDENTITY_BYTES: usize = 40;

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let nanos =
            |seconds: i64, nanos| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the file has not changed for so long.
    pub(super) fn is_older_than(&self, nanos: i64) -> bool {
        let now = Clock::default().now().as_micros().saturating_mul(1000);
        self.modified.max(self.changed).saturating_add(nanos) < now
    }

    pub(super) fn to_bytes(self) -> [u8; IDENTITY_BYTES] {
        let mut bytes = [0; IDENTITY_BYTES];
        let fields = [
            self.device,
            self.inode,
            self.size,
            self.modified.cast_unsigned(),
            self.changed.cast_unsigned(),
        ];
        for (place, field) in bytes.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; IDENTITY_BYTES]) -> Self {
        let mut fields = bytes
            .chunks_exact(8)
            .map(|field| field.try_into().map_or(0, u64::from_le_bytes));
        let mut next = || fields.next().unwrap_or(0);
        Self {
            device: next(),
            inode: next(),
            size: next(),
            modified: next().cast_signed(),
            changed: next().cast_signed(),
        }
    }
}
