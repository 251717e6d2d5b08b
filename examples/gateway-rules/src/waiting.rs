//! What waits in Redis against what the gateway counts.

use serde_json::Value;

/// Fewer may be under way.
const MORE: u64 = 3;

/// How many events wait in the list and how many the status knows of, where the status
/// knows of fewer. `Err` says why it cannot be told.
pub fn uncounted(status: &str, list: &str) -> Result<Option<(u64, u64)>, String> {
    let status: Value =
        serde_json::from_str(status).map_err(|_| "the status is no JSON".to_owned())?;
    let length: Value = serde_json::from_str(list).unwrap_or_default();
    let waiting = match &length {
        Value::Null => 0,
        Value::Array(members) => members.len() as u64,
        other => other
            .as_u64()
            .ok_or_else(|| "the list of events has no length".to_owned())?,
    };
    // The command that prints the status wraps it.
    let status = status.get("result").unwrap_or(&status);
    let counted = status
        .get("totalPending")
        .and_then(Value::as_u64)
        .ok_or_else(|| "the status does not count what is pending".to_owned())?;
    let missed = waiting.saturating_sub(counted);
    Ok((missed > MORE).then_some((waiting, counted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_the_status_does_not_count_are_found() {
        let status = "{\"totalPending\":1}";
        for (list, expected) in [
            ("4", Ok(None)),
            ("5", Ok(Some((5, 1)))),
            ("[1,2,3,4,5,6]", Ok(Some((6, 1)))),
            ("null", Ok(None)),
            ("\"x\"", Err("the list of events has no length".to_owned())),
        ] {
            assert_eq!(uncounted(status, list), expected, "{list}");
        }
        let wrapped = "{\"ok\":true,\"result\":{\"totalPending\":0}}";
        assert_eq!(uncounted(wrapped, "9"), Ok(Some((9, 0))));
        assert!(uncounted("{}", "9").is_err());
        assert!(uncounted("half {", "9").is_err());
    }
}
