//! Approvals: each decided once, by an answer before the deadline or by the deadline.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use super::{ModelTimeout, forgotten_at, remembered};
use crate::coordination::{
    Answer, ApprovalFilter, ApprovalRow, ApprovalState, Decision, NewApproval, Refusal, Requested,
};
use crate::record::approval_request::{ApprovalRequest, ApprovalStatus};
use crate::record::approval_response::ApprovalResponse;
use crate::time::Timestamp;

/// The requests of a fleet for approvals, from memory.
///
/// A request is remembered for [`crate::coordination::GRACE_S`] after its answer, or after
/// its deadline without one, and then forgotten by [`Self::handle_timeout`].
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    /// By the request's id.
    asked: BTreeMap<String, Asked>,
    /// Requests whose deadline has passed and that nobody has been told of.
    timed_out: VecDeque<String>,
}

#[derive(Clone, Debug)]
struct Asked {
    request: ApprovalRequest,
    requested_at: Timestamp,
    deadline: Timestamp,
    answer: Option<Answered>,
}

#[derive(Clone, Debug)]
struct Answered {
    response: ApprovalResponse,
    at: Timestamp,
}

impl Approvals {
    /// Asks; a second call with the same id changes nothing.
    pub fn request(&mut self, now: Timestamp, request: NewApproval) -> Requested {
        if let Some(asked) = self.known(now, &request.request_id) {
            return Requested {
                deadline: asked.deadline,
                repeated: true,
            };
        }
        let timeout = i64::try_from(request.timeout_us).unwrap_or(i64::MAX);
        let deadline = now.saturating_add_us(timeout);
        let asked = Asked {
            request: ApprovalRequest {
                request_id: request.request_id.clone(),
                approval_type: request.approval_type,
                agent_id: request.agent_id,
                context: request.context,
                timestamp: Some(now),
                timeout_us: request.timeout_us,
                status: ApprovalStatus::Pending,
            },
            requested_at: now,
            deadline,
            answer: None,
        };
        self.asked.insert(request.request_id, asked);
        Requested {
            deadline,
            repeated: false,
        }
    }

    /// Answers.
    pub fn decide(&mut self, now: Timestamp, answer: Answer) -> Decision {
        let known = self.asked.get_mut(&answer.request_id);
        let Some(asked) = known.filter(|asked| asked.is_remembered(now)) else {
            return Decision::Refused(Refusal::Unknown);
        };
        if let Some(first) = &asked.answer {
            return if first.response.approved == answer.approved {
                Decision::Repeated(asked.row(now))
            } else {
                Decision::Refused(Refusal::AlreadyDecided(asked.row(now)))
            };
        }
        let left = asked.deadline.as_micros().saturating_sub(now.as_micros());
        let left_us = u64::try_from(left).unwrap_or(0);
        if left_us == 0 {
            return Decision::Refused(Refusal::DeadlinePassed(asked.row(now)));
        }
        if left_us < answer.min_left_us {
            let row = asked.row(now);
            return Decision::Refused(Refusal::TooLate { row, left_us });
        }
        asked.request.status = if answer.approved {
            ApprovalStatus::Approved
        } else {
            ApprovalStatus::Rejected
        };
        asked.answer = Some(Answered {
            response: ApprovalResponse {
                request_id: answer.request_id,
                approved: answer.approved,
                responder: answer.responder,
                reason: answer.reason,
                timestamp: Some(now),
            },
            at: now,
        });
        Decision::Taken(asked.row(now))
    }

    /// What became of a request; `None`: nothing is known of it.
    pub fn get(&self, now: Timestamp, request_id: &str) -> Option<ApprovalRow> {
        self.known(now, request_id).map(|asked| asked.row(now))
    }

    /// Requests, oldest first, those of one moment by id.
    pub fn list(&self, now: Timestamp, filter: &ApprovalFilter) -> Vec<ApprovalRow> {
        let mut rows: Vec<_> = self
            .asked
            .values()
            .filter(|asked| asked.is_remembered(now))
            .filter(|asked| {
                let wanted = filter.approval_type.as_ref();
                wanted.is_none_or(|wanted| *wanted == asked.request.approval_type)
            })
            .map(|asked| asked.row(now))
            .filter(|row| filter.closed || row.state == ApprovalState::Pending)
            .collect();
        // By id where they were asked at the same moment: the sort is stable.
        rows.sort_by_key(|row| row.requested_at);
        rows
    }

    pub(super) fn sweep(&mut self, now: Timestamp) -> Vec<String> {
        let mut swept = Vec::new();
        for (id, asked) in &mut self.asked {
            if asked.is_remembered(now) && asked.times_out(now) {
                swept.push(id.clone());
            }
        }
        swept
    }

    pub(super) fn forget(&mut self, now: Timestamp) {
        self.asked.retain(|_, asked| asked.is_remembered(now));
    }

    /// Time has gone on: marks requests whose deadline has passed, once each, and
    /// forgets those that were over for longer than they are remembered.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        for (id, asked) in &mut self.asked {
            if asked.times_out(now) {
                self.timed_out.push_back(id.clone());
            }
        }
        self.forget(now);
    }

    /// The next request that has timed out, in the order of the calls of
    /// [`Self::handle_timeout`], then by id.
    pub fn poll_timed_out(&mut self) -> Option<String> {
        self.timed_out.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<(Timestamp, ModelTimeout)> {
        self.asked
            .values()
            .map(|asked| match asked.request.status {
                ApprovalStatus::Pending => (asked.deadline, ModelTimeout::Deadline),
                _ => (forgotten_at(asked.over_at()), ModelTimeout::Forgotten),
            })
            .min_by_key(|(at, _)| *at)
    }

    fn known(&self, now: Timestamp, request_id: &str) -> Option<&Asked> {
        let asked = self.asked.get(request_id);
        asked.filter(|asked| asked.is_remembered(now))
    }
}

impl Asked {
    /// For the grace period after its answer, or after its deadline without one.
    fn is_remembered(&self, now: Timestamp) -> bool {
        remembered(self.over_at(), now)
    }

    /// Marks it if its deadline has passed without an answer; once.
    fn times_out(&mut self, now: Timestamp) -> bool {
        let is_due = self.answer.is_none()
            && self.deadline <= now
            && self.request.status == ApprovalStatus::Pending;
        if is_due {
            self.request.status = ApprovalStatus::Timeout;
        }
        is_due
    }

    fn over_at(&self) -> Timestamp {
        let answer = self.answer.as_ref();
        answer.map_or(self.deadline, |answer| answer.at)
    }

    fn row(&self, now: Timestamp) -> ApprovalRow {
        ApprovalRow {
            request: self.request.clone(),
            requested_at: self.requested_at,
            deadline: self.deadline,
            state: match &self.answer {
                Some(answer) => ApprovalState::Answered(answer.response.clone()),
                None if self.deadline <= now => ApprovalState::TimedOut,
                None => ApprovalState::Pending,
            },
            foreign: false,
            contested_by: None,
        }
    }
}
