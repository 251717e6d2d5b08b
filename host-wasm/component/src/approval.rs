//! Requests for an approval.

use core::cell::RefCell;

use muster_core::Timestamp;
use muster_core::coordination;

use crate::Component;
use crate::bindings::exports::muster::core::approval::{
    Answer, ApprovalFilter, ApprovalRow, ApprovalState, Decision, Error, Guest, GuestApprovals,
    NewApproval, Refusal, Requested, Response, Wake,
};
use crate::convert::{object, timestamp, wake};

impl Guest for Component {
    type Approvals = Approvals;
}

pub(crate) struct Approvals(RefCell<coordination::Approvals>);

impl GuestApprovals for Approvals {
    fn new() -> Self {
        Self(RefCell::default())
    }

    fn request(&self, now: i64, request: NewApproval) -> Result<Requested, Error> {
        let now = timestamp(now)?;
        let request = coordination::NewApproval {
            request_id: request.request_id,
            approval_type: request.approval_type,
            agent_id: request.agent_id,
            context: object("context", &request.context)?,
            timeout_us: request.timeout_us,
        };
        let requested = self.0.borrow_mut().request(now, request);
        Ok(Requested {
            deadline: requested.deadline.as_micros(),
            repeated: requested.repeated,
        })
    }

    fn decide(&self, now: i64, answer: Answer) -> Result<Decision, Error> {
        let now = timestamp(now)?;
        let answer = coordination::Answer {
            request_id: answer.request_id,
            approved: answer.approved,
            responder: answer.responder,
            reason: answer.reason,
            min_left_us: answer.min_left_us,
        };
        Ok(decision(self.0.borrow_mut().decide(now, answer)))
    }

    fn look_up(&self, now: i64, request_id: String) -> Result<Option<ApprovalRow>, Error> {
        let now = timestamp(now)?;
        Ok(self.0.borrow().get(now, &request_id).map(row))
    }

    fn requests(&self, now: i64, filter: ApprovalFilter) -> Result<Vec<ApprovalRow>, Error> {
        let now = timestamp(now)?;
        let filter = coordination::ApprovalFilter {
            approval_type: filter.approval_type,
            closed: filter.closed,
        };
        let rows = self.0.borrow().list(now, &filter);
        Ok(rows.into_iter().map(row).collect())
    }

    fn handle_timeout(&self, now: i64) -> Result<(), Error> {
        let now = timestamp(now)?;
        self.0.borrow_mut().handle_timeout(now);
        Ok(())
    }

    fn poll_timed_out(&self) -> Option<String> {
        self.0.borrow_mut().poll_timed_out()
    }

    fn poll_timeout(&self) -> Option<Wake> {
        let (at, reason) = self.0.borrow().poll_timeout()?;
        Some(wake(at, reason.name()))
    }
}

fn decision(decision: coordination::Decision) -> Decision {
    match decision {
        coordination::Decision::Taken(taken) => Decision::Taken(row(taken)),
        coordination::Decision::Repeated(first) => Decision::Repeated(row(first)),
        coordination::Decision::Refused(refusal) => Decision::Refused(match refusal {
            coordination::Refusal::Unknown => Refusal::Unknown,
            coordination::Refusal::AlreadyDecided(first) => Refusal::AlreadyDecided(row(first)),
            coordination::Refusal::DeadlinePassed(late) => Refusal::DeadlinePassed(row(late)),
            coordination::Refusal::TooLate { row: late, .. } => Refusal::TooLate(row(late)),
        }),
    }
}

fn row(row: coordination::ApprovalRow) -> ApprovalRow {
    let request = row.request;
    ApprovalRow {
        request_id: request.request_id,
        approval_type: request.approval_type,
        agent_id: request.agent_id,
        context: request.context.as_str().to_owned(),
        requested_at: row.requested_at.as_micros(),
        deadline: row.deadline.as_micros(),
        state: match row.state {
            coordination::ApprovalState::Pending => ApprovalState::Pending,
            coordination::ApprovalState::Answered(answer) => ApprovalState::Answered(Response {
                approved: answer.approved,
                responder: answer.responder,
                reason: answer.reason,
                at: answer.timestamp.map(Timestamp::as_micros),
            }),
            coordination::ApprovalState::TimedOut => ApprovalState::TimedOut,
        },
    }
}
