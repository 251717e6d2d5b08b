//! The gateway of the simulated fleet: a tool call that hangs.

use std::fmt::Write as _;

use muster_core::Timestamp;

/// Its evidence as a bundle; `@-29000ms@` and `@-29000at@` are times so many
/// milliseconds before now, as a number and as a text.
const BUNDLE: &str = include_str!("gateway.json");

/// The evidence of the simulated gateway at `now`.
pub(crate) fn evidence(now: Timestamp) -> String {
    let mut bundle = String::with_capacity(BUNDLE.len() + 256);
    for (at, part) in BUNDLE.split('@').enumerate() {
        let (ms, is_text) = match (part.strip_suffix("ms"), part.strip_suffix("at")) {
            (Some(ms), _) if at % 2 == 1 => (ms, false),
            (_, Some(ms)) if at % 2 == 1 => (ms, true),
            _ => {
                bundle += part;
                continue;
            }
        };
        let us = ms.parse::<i64>().unwrap_or(0).saturating_mul(1000);
        let time = now.saturating_add_us(us);
        // Writing to a string cannot fail.
        let _ = if is_text {
            write!(bundle, "{time}")
        } else {
            write!(bundle, "{}", time.as_micros() / 1000)
        };
    }
    bundle
}

#[cfg(test)]
mod tests {
    use muster_core::diagnose::{DEFAULT_RECORDS, DiagnoseOptions, Evidence, Rulebook, diagnose};

    use super::*;

    #[test]
    fn the_simulated_gateway_has_one_clear_finding() {
        let now = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        let bundle = evidence(now);
        assert!(!bundle.contains('@'), "{bundle}");
        let rules = Rulebook::gateway();
        let evidence = Evidence::parse_bundle(&bundle, &rules, DEFAULT_RECORDS).unwrap();
        assert_eq!(evidence.now, Some(now));
        let view = diagnose(&evidence, &rules, now, &DiagnoseOptions::default());
        let view = muster_core::to_json(&view);
        assert!(view.contains("session.stuck_tool"), "{view}");
    }
}
