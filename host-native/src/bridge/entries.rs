//! The entries of a spool, whether they were sent or not.

use std::io;

use muster_core::delivery::SpoolName;
use muster_core::record::telemetry_entry::TelemetryEntry;

use super::{Content, EntrySources, Spool};

/// Gives every entry of a spool to `each`, and counts in `sources` which they are.
pub(crate) fn for_each_entry(
    spool: &Spool,
    sources: &mut EntrySources,
    mut each: impl FnMut(&TelemetryEntry<'_>),
) -> io::Result<()> {
    let listing = spool.list()?;
    sources.spool = Some(spool.folder().to_path_buf());
    let mut read = |names: &[SpoolName]| {
        let mut read = 0;
        for name in names {
            match spool.read(name)? {
                Content::Text(text) => match TelemetryEntry::parse(&text) {
                    Ok(entry) => {
                        each(&entry);
                        read += 1;
                    }
                    Err(_) => sources.skipped += 1,
                },
                // Sent meanwhile, and so read under its other name or not at all.
                Content::Gone => {}
                Content::Unusable(_) => sources.skipped += 1,
            }
        }
        io::Result::Ok(read)
    };
    let pending = read(&listing.pending)?;
    let flushed = read(&listing.flushed)?;
    let quarantined = read(&listing.quarantined)?;
    sources.pending = pending;
    sources.flushed = flushed;
    sources.quarantined = quarantined;
    Ok(())
}
