//! Requests for an approval, as text.

use std::fmt::Write as _;

use muster_core::view::{
    AnswerOutcome, AnswerRefusal, AnsweredView, ApprovalOutcome, ApprovalOutcomeView, ApprovalView,
    SweptView,
};

use super::signal::{moment, span};
use super::{Align, Style, Table, counted, plain, shorten};

/// Before what stands below a row.
const INDENT: &str = "    ";

/// What became of a request.
pub fn approval_outcome(view: &ApprovalOutcomeView, style: &Style) -> String {
    let mut text = format!("{}: {}", view.request_id, outcome(view.outcome));
    match (view.outcome, &view.responder, view.reason.as_deref()) {
        (ApprovalOutcome::TimedOut, ..) => {
            let _ = write!(
                text,
                ", nobody answered before {}",
                moment(view.deadline, style)
            );
        }
        (_, Some(responder), reason) => {
            let _ = write!(text, " by {responder}");
            if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
                let _ = write!(text, ": {reason}");
            }
        }
        (..) => {
            let _ = write!(text, " until {}", moment(view.deadline, style));
        }
    }
    style.sentence(&plain(&text)) + "\n"
}

/// Requests in a list.
pub fn approvals(requests: &[ApprovalView], style: &Style) -> String {
    if requests.is_empty() {
        return "Nothing waits for an answer.\n".into();
    }
    let with_outcome = requests
        .iter()
        .any(|request| request.outcome != ApprovalOutcome::Pending);
    let mut columns = vec![
        ("REQUEST", Align::Id),
        ("TYPE", Align::Name),
        ("AGENT", Align::Name),
        ("ASKED", Align::Text),
    ];
    if with_outcome {
        columns.push(("OUTCOME", Align::Text));
    } else {
        columns.push(("LEFT", Align::Number));
    }
    let mut table = Table::new(columns);
    for request in requests {
        let left = || span(request.left_s);
        let mut row = vec![
            request.request_id.clone(),
            request.approval_type.clone(),
            request.agent_id.clone(),
            style.zone.short(request.requested_at),
        ];
        if !with_outcome {
            row.push(left());
        } else if request.outcome == ApprovalOutcome::Pending {
            row.push(format!("{} left", left()));
        } else {
            row.push(outcome(request.outcome).into());
        }
        table.row(row);
    }
    let mut out = String::new();
    for (at, line) in table.render(style).lines().enumerate() {
        out += line;
        out.push('\n');
        if let Some(request) = at.checked_sub(1).and_then(|row| requests.get(row)) {
            below(&mut out, request, style);
        }
    }
    for request in requests {
        if let Some(other) = &request.contested_by {
            let text = format!(
                "{} is {}; that {} wrote {} over it does not count, but agents of attune read it",
                request.request_id,
                outcome(request.outcome),
                other.responder,
                if other.approved {
                    "approved"
                } else {
                    "rejected"
                },
            );
            let _ = writeln!(out, "{}", style.sentence(&plain(&text)));
        }
    }
    out
}

/// What stands below the row of a request: what the decision rests on, who took it
/// and why.
fn below(out: &mut String, request: &ApprovalView, style: &Style) {
    let mut line = |text: &str| {
        let room = style.columns.saturating_sub(INDENT.len());
        let text = shorten(&plain(text), room);
        let _ = writeln!(out, "{}", style.faint(&format!("{INDENT}{text}")));
    };
    if !request.context.is_empty() {
        line(request.context.as_str());
    }
    if let Some(responder) = &request.responder
        && request.outcome != ApprovalOutcome::TimedOut
    {
        line(&match request.reason.as_deref().unwrap_or_default() {
            "" => format!("by {responder}"),
            reason => format!("by {responder}: {reason}"),
        });
    }
}

/// What became of an answer.
pub fn answered(view: &AnsweredView, style: &Style) -> String {
    let said = match view.approved {
        Some(true) => "approved",
        _ => "rejected",
    };
    let mut text = match (view.outcome, view.refusal) {
        (AnswerOutcome::Taken, _) => format!("{} is {said}", view.request_id),
        (AnswerOutcome::Repeated, _) => format!("{} was {said} before", view.request_id),
        (AnswerOutcome::Refused, Some(AnswerRefusal::AlreadyDecided)) => {
            format!("Refused: {} was {said} before", view.request_id)
        }
        (AnswerOutcome::Refused, Some(AnswerRefusal::DeadlinePassed)) => {
            format!("Refused: {} has timed out", view.request_id)
        }
        (AnswerOutcome::Refused, Some(AnswerRefusal::TooLate)) => {
            format!(
                "Refused: the requester may miss the answer to {}",
                view.request_id
            )
        }
        (AnswerOutcome::Refused, Some(AnswerRefusal::Unknown) | None) => {
            format!("Refused: no request {} is known", view.request_id)
        }
    };
    if let Some(responder) = &view.responder {
        let _ = write!(text, " by {responder}");
    }
    if let Some(at) = view.decided_at {
        let _ = write!(text, " at {}", moment(at, style));
    }
    if let Some(reason) = view.reason.as_deref().filter(|reason| !reason.is_empty()) {
        let _ = write!(text, ": {reason}");
    }
    if let Some(deadline) = view.deadline.filter(|_| view.refusal.is_some()) {
        let _ = write!(text, "; its deadline is {}", moment(deadline, style));
        if let Some(left) = view.left_s.filter(|left| left.0 > 0) {
            let _ = write!(text, ", {} left", span(left));
        }
    }
    text.push('.');
    match view.missed {
        Some(true) => text += " The requester had given up before it saw the answer.",
        Some(false) => text += " Nothing says that the requester missed it.",
        None => {}
    }
    style.sentence(&plain(&text)) + "\n"
}

/// Requests that were marked as timed out.
pub fn swept(view: &SweptView, style: &Style) -> String {
    let number = u64::try_from(view.swept.len()).unwrap_or(u64::MAX);
    let mut text = format!("{} timed out", counted(number, "request"));
    if !view.swept.is_empty() {
        let _ = write!(text, ": {}", view.swept.join(", "));
    }
    text.push('.');
    style.sentence(&plain(&text)) + "\n"
}

fn outcome(outcome: ApprovalOutcome) -> &'static str {
    match outcome {
        ApprovalOutcome::Pending => "pending",
        ApprovalOutcome::Approved => "approved",
        ApprovalOutcome::Rejected => "rejected",
        ApprovalOutcome::TimedOut => "timed out",
    }
}
