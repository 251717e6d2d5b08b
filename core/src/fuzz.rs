//! Bodies of fuzz tests: any bytes go in, an invariant is checked at the end.
//!
//! They are ordinary functions, so that they are compiled whenever the library
//! is; a fuzzer's target and the bounded runs of the test suite are one call each.

use crate::log_kind::LogKind;
use crate::telemetry::{ReadOptions, Telemetry};
use crate::view::to_json;

/// Any log cut in two anywhere gives the report of the whole.
#[doc(hidden)]
pub fn fuzz_log(
    kind: LogKind,
    bytes: &[u8],
    cut: usize,
) -> Result<(), (alloc::string::String, alloc::string::String)> {
    let report = |chunks: &[&[u8]]| {
        let mut telemetry = Telemetry::new(ReadOptions::default());
        let mut scan = telemetry.scan(kind, 0);
        for chunk in chunks {
            scan.push(chunk);
        }
        scan.finish();
        telemetry.absorb("log", bytes.len() as u64, scan);
        to_json(&telemetry.usage_report())
    };
    let (head, tail) = bytes.split_at(cut.min(bytes.len()));
    let (whole, parts) = (report(&[bytes]), report(&[head, tail]));
    if whole == parts {
        Ok(())
    } else {
        Err((whole, parts))
    }
}
