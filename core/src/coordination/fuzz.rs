//! Bodies of fuzz tests of what stores hold and do.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::entry::stream_fields;
use crate::record::approval_request::ApprovalRequest;
use crate::record::approval_response::ApprovalResponse;
use crate::record::heartbeat::Heartbeat;
use crate::record::quality_feedback::QualityFeedback;
use crate::record::signal::Signal;
use crate::record::stream_event::{StreamEvent, StreamId};

/// Any text as a value of a store is read or refused; what was read, written and
/// read again is the same.
#[doc(hidden)]
pub fn fuzz_stored_value(text: &str) -> Result<(), (String, String)> {
    macro_rules! same_again {
        ($($record:ty),*) => {
            $(if let Ok(record) = <$record>::parse(text) {
                let again = <$record>::parse(&record.to_value());
                if again.as_ref() != Ok(&record) {
                    return Err((format!("{record:?}"), format!("{again:?}")));
                }
            })*
        };
    }
    same_again!(
        Signal,
        Heartbeat,
        ApprovalRequest,
        ApprovalResponse,
        QualityFeedback
    );
    let id = StreamId::parse(text).unwrap_or_default();
    if let Ok(event) = StreamEvent::parse(id, [("event_type", text), ("data", text)]) {
        let fields: Vec<_> = stream_fields(&event).collect();
        let fields = fields.iter().map(|(name, value)| (*name, &**value));
        let again = StreamEvent::parse(id, fields);
        if again.as_ref() != Ok(&event) {
            return Err((format!("{event:?}"), format!("{again:?}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Fields of values in stores.
    const VALUE_PIECES: [&str; 22] = [
        r#""signal_id":"s""#,
        r#""signal_type":"\ud83d\ude00""#,
        r#""source_agent":"\u0000""#,
        r#""target_agent":"*""#,
        r#""payload":{"a":[1.50,null],"b":"\ud800"}"#,
        r#""timestamp":"2026-11-20T10:00:00.5+02:00""#,
        r#""ttl_seconds":6e1"#,
        r#""agent_id":"a""#,
        r#""status":"pending""#,
        r#""progress":-0.1234567894"#,
        r#""current_task":"t""#,
        r#""last_beat":"0000-01-01""#,
        r#""metadata":{"interval_s":1}"#,
        r#""display_name":null"#,
        r#""request_id":"r""#,
        r#""approval_type":"t""#,
        r#""timeout_seconds":1e9"#,
        r#""approved":true"#,
        r#""workflow_name":"w","stage_name":"s","tier":"t","quality_score":1"#,
        "\"reason\":\"\u{e9}\u{7f}\"",
        "5-3",
        "{}",
    ];

    proptest! {
        #[test]
        fn values_of_stores_are_read_or_refused(pieces in prop::collection::vec(prop::sample::select(VALUE_PIECES.as_slice()), 0..16)) {
            let inner = pieces.join(", ");
            for text in [format!("{{{inner}}}"), inner] {
                prop_assert_eq!(fuzz_stored_value(&text), Ok(()));
            }
        }
    }
}
