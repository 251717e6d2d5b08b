//! Requests for an approval and what became of them.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::Seconds;
use crate::coordination::{ApprovalRow, ApprovalState, Decision, Refusal};
use crate::json_object::JsonObject;
use crate::time::Timestamp;

/// Who has answered where nobody did: the deadline.
pub const SYSTEM_RESPONDER: &str = "system";

/// What became of a request, for the one who asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApprovalOutcomeView {
    /// The request.
    pub request_id: String,
    /// What became of it.
    pub outcome: ApprovalOutcome,
    /// Whether it may be done.
    pub approved: bool,
    /// Who answered; `system` where the time ran out, `null` while nobody has.
    pub responder: Option<String>,
    /// Why; `null` while nobody has answered.
    pub reason: Option<String>,
    /// From when on it is timed out.
    pub deadline: Timestamp,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalOutcome {
    /// It waits for an answer.
    Pending,
    /// It was answered: yes.
    Approved,
    /// It was answered: no.
    Rejected,
    /// Its deadline passed without an answer.
    TimedOut,
}

/// A request in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApprovalView {
    /// The request.
    pub request_id: String,
    /// What for.
    pub approval_type: String,
    /// Who asks.
    pub agent_id: String,
    /// What the decision rests on.
    pub context: JsonObject,
    /// When it was asked.
    pub requested_at: Timestamp,
    /// From when on it is timed out.
    pub deadline: Timestamp,
    /// How long it can still be answered; zero once it is timed out.
    pub left_s: Seconds,
    /// How long ago it was asked.
    pub age_s: Seconds,
    /// What became of it.
    pub outcome: ApprovalOutcome,
    /// Who answered; `null` where nobody has.
    pub responder: Option<String>,
    /// Why; `null` where nobody has answered.
    pub reason: Option<String>,
    /// When it was answered, by the responder's clock; `null` where nobody has.
    pub decided_at: Option<Timestamp>,
    /// Whether its requester is none of Muster's and looks for the answer once a second.
    pub foreign: bool,
    /// An answer by other software that does not count: it came too late, or
    /// contradicts the one that stands; `null` where none is known.
    pub contested_by: Option<ContestView>,
}

/// An answer that does not count and still lies where agents of attune look.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContestView {
    /// Yes or no.
    pub approved: bool,
    /// Who gave it.
    pub responder: String,
    /// Why.
    pub reason: String,
    /// When, by the responder's clock.
    pub answered_at: Option<Timestamp>,
}

/// What became of an answer, for the one who gave it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnsweredView {
    /// The request.
    pub request_id: String,
    /// What became of the answer.
    pub outcome: AnswerOutcome,
    /// Why it was refused; else `null`.
    pub refusal: Option<AnswerRefusal>,
    /// The answer that stands; `null` where none does.
    pub approved: Option<bool>,
    /// Who gave it.
    pub responder: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When, by the responder's clock.
    pub decided_at: Option<Timestamp>,
    /// When the request's time is or was over; `null` for an unknown request.
    pub deadline: Option<Timestamp>,
    /// How much of that time was left.
    pub left_s: Option<Seconds>,
    /// Whether the requester gave up before it saw the answer; `null` where that
    /// cannot be told.
    pub missed: Option<bool>,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerOutcome {
    /// It stands.
    Taken,
    /// The same was answered before, and stands.
    Repeated,
    /// It was not taken.
    Refused,
}

/// Why an answer was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerRefusal {
    /// No such request is known.
    Unknown,
    /// The opposite was answered before.
    AlreadyDecided,
    /// The deadline has passed.
    DeadlinePassed,
    /// So little time is left that the requester may not see the answer.
    TooLate,
}

/// Requests that were marked as timed out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweptView {
    /// When.
    pub at: Timestamp,
    /// Their ids.
    pub swept: Vec<String>,
}

impl ApprovalOutcome {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::TimedOut => "timed_out",
        }
    }
}

impl ApprovalOutcomeView {
    /// What became of a request by now.
    pub fn of(row: &ApprovalRow) -> Self {
        let (outcome, responder, reason) = told(row);
        Self {
            request_id: row.request.request_id.clone(),
            outcome,
            approved: outcome == ApprovalOutcome::Approved,
            responder: if outcome == ApprovalOutcome::TimedOut {
                Some(SYSTEM_RESPONDER.into())
            } else {
                responder
            },
            reason: if outcome == ApprovalOutcome::TimedOut {
                Some("nobody answered before the deadline".into())
            } else {
                reason
            },
            deadline: row.deadline,
        }
    }
}

impl ApprovalView {
    /// The request as it is at `now`.
    pub fn of(row: &ApprovalRow, now: Timestamp) -> Self {
        let (outcome, responder, reason) = told(row);
        let request = &row.request;
        Self {
            request_id: request.request_id.clone(),
            approval_type: request.approval_type.clone(),
            agent_id: request.agent_id.clone(),
            context: request.context.clone(),
            requested_at: row.requested_at,
            deadline: row.deadline,
            left_s: Seconds::between(now, row.deadline),
            age_s: Seconds::between(row.requested_at, now),
            outcome,
            responder,
            reason,
            decided_at: match &row.state {
                ApprovalState::Answered(answer) => answer.timestamp,
                ApprovalState::Pending | ApprovalState::TimedOut => None,
            },
            foreign: row.foreign,
            contested_by: row.contested_by.as_ref().map(|other| ContestView {
                approved: other.approved,
                responder: other.responder.clone(),
                reason: other.reason.clone(),
                answered_at: other.timestamp,
            }),
        }
    }
}

impl AnsweredView {
    /// What became of an answer that was given at `now`.
    pub fn of(request_id: &str, decision: &Decision, now: Timestamp) -> Self {
        let (outcome, refusal, row) = match decision {
            Decision::Taken(row) => (AnswerOutcome::Taken, None, Some(row)),
            Decision::Repeated(row) => (AnswerOutcome::Repeated, None, Some(row)),
            Decision::Refused(refusal) => {
                let (why, row) = match refusal {
                    Refusal::Unknown => (AnswerRefusal::Unknown, None),
                    Refusal::AlreadyDecided(row) => (AnswerRefusal::AlreadyDecided, Some(row)),
                    Refusal::DeadlinePassed(row) => (AnswerRefusal::DeadlinePassed, Some(row)),
                    Refusal::TooLate { row, .. } => (AnswerRefusal::TooLate, Some(row)),
                };
                (AnswerOutcome::Refused, Some(why), row)
            }
        };
        let answer = row.and_then(|row| match &row.state {
            ApprovalState::Answered(answer) => Some(answer),
            ApprovalState::Pending | ApprovalState::TimedOut => None,
        });
        Self {
            request_id: request_id.into(),
            outcome,
            refusal,
            approved: answer.map(|answer| answer.approved),
            responder: answer.map(|answer| answer.responder.clone()),
            reason: answer.map(|answer| answer.reason.clone()),
            decided_at: answer.and_then(|answer| answer.timestamp),
            deadline: row.map(|row| row.deadline),
            left_s: row.map(|row| Seconds::between(now, row.deadline)),
            missed: None,
        }
    }

    /// Whether the answer that was given stands.
    pub fn stands(&self) -> bool {
        self.outcome != AnswerOutcome::Refused
    }
}

fn told(row: &ApprovalRow) -> (ApprovalOutcome, Option<String>, Option<String>) {
    match &row.state {
        ApprovalState::Pending => (ApprovalOutcome::Pending, None, None),
        ApprovalState::TimedOut => (ApprovalOutcome::TimedOut, None, None),
        ApprovalState::Answered(answer) => (
            if answer.approved {
                ApprovalOutcome::Approved
            } else {
                ApprovalOutcome::Rejected
            },
            Some(answer.responder.clone()),
            Some(answer.reason.clone()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::approval_request::ApprovalRequest;
    use crate::record::approval_response::ApprovalResponse;
    use crate::view::to_json;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn row(state: ApprovalState) -> ApprovalRow {
        let request = ApprovalRequest::parse(
            r#"{"request_id": "approval_1", "approval_type": "deploy", "agent_id": "wf",
                "timestamp": "2026-11-20T10:00:00Z", "timeout_seconds": 300.0}"#,
        )
        .unwrap();
        ApprovalRow {
            requested_at: at("2026-11-20T10:00:00Z"),
            deadline: at("2026-11-20T10:05:00Z"),
            request,
            state,
            foreign: false,
            contested_by: None,
        }
    }

    fn answer(approved: bool) -> ApprovalState {
        ApprovalState::Answered(ApprovalResponse {
            request_id: "approval_1".into(),
            approved,
            responder: "kim".into(),
            reason: "fine".into(),
            timestamp: Some(at("2026-11-20T10:01:00Z")),
        })
    }

    #[test]
    fn timed_out_is_not_rejected() {
        let view = ApprovalOutcomeView::of(&row(ApprovalState::TimedOut));
        assert_eq!(
            to_json(&view),
            r#"{"request_id":"approval_1","outcome":"timed_out","approved":false,"responder":"system","reason":"nobody answered before the deadline","deadline":"2026-11-20T10:05:00Z"}"#
        );
        let view = ApprovalOutcomeView::of(&row(answer(false)));
        assert_eq!(view.outcome, ApprovalOutcome::Rejected);
        assert_eq!(view.responder.as_deref(), Some("kim"));
        assert!(ApprovalOutcomeView::of(&row(answer(true))).approved);
    }

    #[test]
    fn a_list_says_how_much_time_is_left() {
        let now = at("2026-11-20T10:04:30Z");
        let view = ApprovalView::of(&row(ApprovalState::Pending), now);
        assert_eq!(view.left_s, Seconds(30_000_000));
        assert_eq!(view.age_s, Seconds(270_000_000));
        let late = ApprovalView::of(&row(ApprovalState::TimedOut), at("2026-11-20T11:00:00Z"));
        assert_eq!(late.left_s, Seconds(0));
    }

    #[test]
    fn a_refusal_tells_the_facts() {
        let now = at("2026-11-20T10:04:00Z");
        let of = |decision| AnsweredView::of("approval_1", &decision, now);
        let view = of(Decision::Refused(Refusal::AlreadyDecided(row(answer(
            true,
        )))));
        assert!(!view.stands());
        assert_eq!(view.refusal, Some(AnswerRefusal::AlreadyDecided));
        assert_eq!(view.approved, Some(true));
        assert_eq!(view.responder.as_deref(), Some("kim"));
        let view = of(Decision::Refused(Refusal::Unknown));
        assert_eq!((view.deadline, view.approved), (None, None));
        assert!(of(Decision::Taken(row(answer(true)))).stands());
        assert!(of(Decision::Repeated(row(answer(true)))).stands());
    }
}
