//! The entry of the command that ran a workflow, which its methods' are children of.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use super::child::Producer;
use super::machine::{DRAIN_MESSAGE, RunOutcome};
use super::redact::REDACTED;
use crate::record::telemetry_entry::{
    Invocation, InvocationResult, InvocationStatus, TelemetryEntry,
};
use crate::time::Timestamp;

/// One call of `workflow run`, with what really came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParentEntry<'a> {
    /// The entry's id, which its children state.
    pub id: &'a str,
    /// When the call began.
    pub started_at: Timestamp,
    /// When it ended; not before it began.
    pub completed_at: Timestamp,
    /// How the runs ended.
    pub outcome: RunOutcome,
}

impl<'a> ParentEntry<'a> {
    /// The entry as it is written. A run that failed, was stopped, waits or has no
    /// end is never a success; a run whose failures were all allowed is one.
    pub fn sign(&self, producer: &'a Producer) -> TelemetryEntry<'a> {
        let failure = match self.outcome {
            RunOutcome::Succeeded => None,
            RunOutcome::Failed => Some(("Error", "workflow run failed")),
            RunOutcome::Cancelled => Some(("Cancelled", "workflow run cancelled")),
            RunOutcome::Suspended => Some(("Suspended", "workflow run waits for approval")),
            RunOutcome::Unknown => Some(("Error", DRAIN_MESSAGE)),
        };
        let result = match failure {
            None => InvocationResult {
                status: InvocationStatus::Success,
                exit_code: 0,
                error_type: None,
                error_message: None,
            },
            Some((error_type, message)) => InvocationResult {
                status: InvocationStatus::Error,
                exit_code: 1,
                error_type: Some(Cow::Borrowed(error_type)),
                error_message: Some(Cow::Borrowed(message)),
            },
        };
        let completed_at = self.completed_at.max(self.started_at);
        let ms = |at: Timestamp| at.as_micros().div_euclid(1000);
        let duration_ms = ms(completed_at).saturating_sub(ms(self.started_at));
        TelemetryEntry {
            id: Cow::Borrowed(self.id),
            invocation: Invocation {
                command: Cow::Borrowed("workflow"),
                subcommand: Some(Cow::Borrowed("run")),
                args: vec![Cow::Borrowed(REDACTED)],
                option_keys: Vec::new(),
                global_options: Vec::new(),
            },
            result,
            started_at: self.started_at,
            completed_at,
            duration_us: Some(duration_ms.saturating_mul(1000)),
            swamp_version: Some(Cow::Borrowed(&producer.swamp_version)),
            deno_version: Some(Cow::Borrowed(&producer.deno_version)),
            platform: Some(Cow::Borrowed(&producer.platform)),
            invocation_context: producer.invocation_context.clone(),
            parent_invocation_id: None,
            workflow_context: None,
            trigger_source: producer.trigger_source,
            initiated_by: producer.initiated_by.as_deref().map(Cow::Borrowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::telemetry_entry_json;

    #[test]
    fn only_what_succeeded_is_a_success() {
        let producer = Producer::default();
        let at = |ms| Timestamp::from_millis(ms).unwrap();
        for (outcome, says) in [
            (
                RunOutcome::Succeeded,
                r#"{"status":"success","exitCode":0}"#,
            ),
            (
                RunOutcome::Failed,
                r#""exitCode":1,"errorType":"Error","errorMessage":"workflow run failed"}"#,
            ),
            (
                RunOutcome::Cancelled,
                r#""exitCode":1,"errorType":"Cancelled""#,
            ),
            (
                RunOutcome::Suspended,
                r#""exitCode":1,"errorType":"Suspended""#,
            ),
            (
                RunOutcome::Unknown,
                r#""errorMessage":"workflow run terminated before completion"}"#,
            ),
        ] {
            let entry = ParentEntry {
                id: "p",
                started_at: at(1500),
                completed_at: at(2750),
                outcome,
            };
            let text = telemetry_entry_json(&entry.sign(&producer));
            assert!(text.contains(says), "{text}");
            let call = r#"{"id":"p","invocation":{"command":"workflow","args":["<REDACTED>"],"optionKeys":[],"globalOptions":[],"subcommand":"run"},"#;
            assert!(text.starts_with(call), "{text}");
            assert!(text.contains(r#""durationMs":1250"#), "{text}");
            assert!(!text.contains("parentInvocationId"), "{text}");
        }
    }

    #[test]
    fn a_clock_that_goes_back_makes_no_negative_duration() {
        let producer = Producer::default();
        let entry = ParentEntry {
            id: "p",
            started_at: Timestamp::MAX,
            completed_at: Timestamp::MIN,
            outcome: RunOutcome::Succeeded,
        };
        let entry = entry.sign(&producer);
        assert_eq!(
            (entry.completed_at, entry.duration_us),
            (Timestamp::MAX, Some(0))
        );
    }
}
