//! Approvals.

use muster_core::Timestamp;
use muster_core::coordination::{
    Answer, ApprovalFilter, ApprovalRow, ApprovalState, Decision, Listing, Malformed, NewApproval,
    Refusal, Requested,
};
use muster_core::record::approval_request::{ApprovalRequest, ApprovalStatus};
use muster_core::record::approval_response::ApprovalResponse;

use super::keys::Subject;
use super::reply::Reply;
use super::script::{
    APPROVAL_ADOPT, APPROVAL_ANSWERED, APPROVAL_DECIDE, APPROVAL_GET, APPROVAL_LIST,
    APPROVAL_REQUEST, APPROVAL_SWEEP,
};
use super::{RedisStore, time};
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// How much longer than its timeout a request's key stays, in milliseconds, as attune's do.
const KEY_REST_MS: u64 = 60_000;
/// How often an answer is tried again after a foreign one was noticed.
const ATTEMPTS: usize = 3;

/// A request as a script tells of it.
struct Told {
    row: ApprovalRow,
    /// An answer at attune's key that is not taken in yet.
    foreign_answer: Option<String>,
}

/// What became of an answer that another wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TakenIn {
    /// Nothing: it is known, is none, or says the same as the one that stands.
    Ignored,
    /// It counts.
    Counts,
    /// It does not count, and that is noted.
    Contests,
}

impl RedisStore {
    pub(super) async fn ask(&self, now: Timestamp, new: &NewApproval) -> StoreResult<Requested> {
        let record = ApprovalRequest {
            request_id: new.request_id.clone(),
            approval_type: new.approval_type.clone(),
            agent_id: new.agent_id.clone(),
            context: new.context.clone(),
            timestamp: Some(now),
            timeout_us: new.timeout_us,
            status: ApprovalStatus::Pending,
        };
        let timeout = i64::try_from(new.timeout_us).unwrap_or(i64::MAX);
        let deadline = now.saturating_add_us(timeout);
        // Whole seconds, as attune counts them.
        let key_ms = new.timeout_us / 1_000_000 * 1000 + KEY_REST_MS;
        let call = self
            .call(&APPROVAL_REQUEST, Subject::Approval)
            .arg(now.as_micros())
            .arg(&new.request_id)
            .arg(record.to_value())
            .arg(deadline.as_micros())
            .arg(self.key_ms(key_ms));
        let reply = self.shared.link.run("ask for an approval", call).await?;
        let [repeated, deadline] = reply.parts()?;
        Ok(Requested {
            deadline: time(deadline)?,
            repeated: repeated.number()? == 1,
        })
    }

    pub(super) async fn answer(&self, now: Timestamp, answer: &Answer) -> StoreResult<Decision> {
        let response = ApprovalResponse {
            request_id: answer.request_id.clone(),
            approved: answer.approved,
            responder: answer.responder.clone(),
            reason: answer.reason.clone(),
            timestamp: Some(now),
        };
        let mut alone = false;
        for _ in 0..ATTEMPTS {
            let call = self
                .call(&APPROVAL_DECIDE, Subject::Approval)
                .arg(now.as_micros())
                .arg(&answer.request_id)
                .arg(response.to_value())
                .arg(u8::from(answer.approved))
                .arg(answer.min_left_us)
                .arg(u8::from(alone));
            let reply = self.shared.link.run("answer an approval", call).await?;
            let mut parts = reply.list()?.into_iter();
            let outcome = parts.next().map(Reply::text).transpose()?;
            let outcome = outcome.unwrap_or_default();
            let Some(row) = parts.next() else {
                // Perhaps a foreign request that nobody has noticed yet.
                if self.notice_request(now, &answer.request_id).await? {
                    continue;
                }
                return Ok(Decision::Refused(Refusal::Unknown));
            };
            let told = told(now, row).map_err(|bad| unreadable(&bad))?;
            if outcome == "answered" {
                // One that came too late, or is none, does not count.
                alone = self.take_in_answer(now, &told).await? != TakenIn::Counts;
                continue;
            }
            let row = told.row;
            return Ok(match outcome.as_str() {
                "taken" => Decision::Taken(row),
                "repeated" => Decision::Repeated(row),
                "decided" => Decision::Refused(Refusal::AlreadyDecided(row)),
                "passed" => Decision::Refused(Refusal::DeadlinePassed(row)),
                _ => Decision::Refused(Refusal::TooLate {
                    row,
                    left_us: parts.next().map(Reply::count).transpose()?.unwrap_or(0),
                }),
            });
        }
        Err(StoreError::new(
            StoreErrorKind::Malformed,
            format!("answer {}", answer.request_id),
            "others keep changing it",
        )
        .hint("try again"))
    }

    pub(super) async fn one_approval(
        &self,
        now: Timestamp,
        request_id: &str,
    ) -> StoreResult<Option<ApprovalRow>> {
        for _ in 0..ATTEMPTS {
            let call = self
                .call(&APPROVAL_GET, Subject::Approval)
                .arg(now.as_micros())
                .arg(request_id);
            let reply = self.shared.link.run("look up an approval", call).await?;
            let [known, at_key] = reply.parts()?;
            let at_key = at_key.text()?;
            let Ok(told) = told(now, known) else {
                if at_key.is_empty() || !self.shared.options.foreign {
                    return Ok(None);
                }
                if self.adopt_request(now, &at_key).await.map_err(|error| {
                    unreadable(&Malformed {
                        key: format!("approval_request:{request_id}"),
                        error,
                    })
                })?? {
                    continue;
                }
                return Ok(None);
            };
            if self.take_in_answer(now, &told).await? != TakenIn::Ignored {
                continue;
            }
            let mut row = told.row;
            // What the requester has stored shows whether it saw the answer.
            if let Some(stored) = ApprovalRequest::parse(&at_key).ok().filter(|_| row.foreign) {
                row.request.status = stored.status;
            }
            return Ok(Some(row));
        }
        Ok(None)
    }

    pub(super) async fn list_approvals(
        &self,
        now: Timestamp,
        filter: &ApprovalFilter,
    ) -> StoreResult<Listing<ApprovalRow>> {
        self.notice_foreign(now).await?;
        let mut listing = self.approval_rows(now, filter.closed).await?;
        listing.items.retain(|row| {
            let wanted = filter.approval_type.as_ref();
            wanted.is_none_or(|wanted| *wanted == row.request.approval_type)
                && (filter.closed || row.state == ApprovalState::Pending)
        });
        listing.items.sort_by(|a, b| {
            let place = |row: &ApprovalRow| (row.requested_at, row.request.request_id.clone());
            place(a).cmp(&place(b))
        });
        Ok(listing)
    }

    async fn approval_rows(
        &self,
        now: Timestamp,
        closed: bool,
    ) -> StoreResult<Listing<ApprovalRow>> {
        let call = self
            .call(&APPROVAL_LIST, Subject::Approval)
            .arg(now.as_micros())
            .arg(u8::from(closed));
        let reply = self.shared.link.run("list approvals", call).await?;
        let mut listing = Listing::default();
        for row in reply.list()? {
            let told = match told(now, row) {
                Ok(told) => told,
                Err(bad) => {
                    listing.malformed.push(bad);
                    continue;
                }
            };
            let mut row = told.row.clone();
            if self.take_in_answer(now, &told).await? != TakenIn::Ignored {
                let id = &told.row.request.request_id;
                if let Some(answered) = Box::pin(self.one_approval(now, id)).await? {
                    row = answered;
                }
            }
            listing.items.push(row);
        }
        listing.malformed.extend(self.malformed_approvals().await);
        Ok(listing)
    }

    pub(super) async fn sweep_approvals(&self, now: Timestamp) -> StoreResult<Vec<String>> {
        self.notice_foreign(now).await?;
        let call = self
            .call(&APPROVAL_SWEEP, Subject::Approval)
            .arg(now.as_micros());
        let reply = self.shared.link.run("sweep approvals", call).await?;
        let mut ids = reply
            .list()?
            .into_iter()
            .map(Reply::text)
            .collect::<StoreResult<Vec<_>>>()?;
        ids.sort();
        Ok(ids)
    }

    /// Takes in a request that lies at attune's key; whether there was one.
    async fn notice_request(&self, now: Timestamp, request_id: &str) -> StoreResult<bool> {
        let call = self
            .call(&APPROVAL_GET, Subject::Approval)
            .arg(now.as_micros())
            .arg(request_id);
        let reply = self.shared.link.run("look up an approval", call).await?;
        let [_known, at_key] = reply.parts()?;
        let at_key = at_key.text()?;
        if at_key.is_empty() || !self.shared.options.foreign {
            return Ok(false);
        }
        match self.adopt_request(now, &at_key).await {
            Ok(adopted) => adopted,
            Err(error) => Err(unreadable(&Malformed {
                key: format!("approval_request:{request_id}"),
                error,
            })),
        }
    }

    /// Takes in another's request; whether it is new.
    pub(super) async fn adopt_request(
        &self,
        now: Timestamp,
        value: &str,
    ) -> Result<StoreResult<bool>, muster_core::RecordError> {
        let request = ApprovalRequest::parse(value)?;
        let asked = request.timestamp.unwrap_or(now);
        let timeout = i64::try_from(request.timeout_us).unwrap_or(i64::MAX);
        let call = self
            .call(&APPROVAL_ADOPT, Subject::Approval)
            .arg(now.as_micros())
            .arg(&request.request_id)
            .arg(value)
            .arg(asked.as_micros())
            .arg(asked.saturating_add_us(timeout).as_micros())
            .arg(request.status.name());
        let reply = self
            .shared
            .link
            .run("take in a foreign approval", call)
            .await;
        Ok(reply.and_then(Reply::number).map(|new| new == 1))
    }

    /// Takes in the answer that another wrote.
    async fn take_in_answer(&self, now: Timestamp, told: &Told) -> StoreResult<TakenIn> {
        let answer = told.foreign_answer.as_ref();
        let Some(value) = answer.filter(|_| self.shared.options.foreign) else {
            return Ok(TakenIn::Ignored);
        };
        let Ok(response) = ApprovalResponse::parse(value) else {
            return Ok(TakenIn::Ignored);
        };
        let at = response.timestamp.unwrap_or(now);
        let call = self
            .call(&APPROVAL_ANSWERED, Subject::Approval)
            .arg(now.as_micros())
            .arg(&told.row.request.request_id)
            .arg(value)
            .arg(u8::from(response.approved))
            .arg(at.as_micros());
        let reply = self
            .shared
            .link
            .run("take in a foreign answer", call)
            .await?;
        Ok(match reply.number()? {
            1 => TakenIn::Counts,
            2 => {
                self.shared.foreign.watch.note_contest();
                self.tell(|| contest(&told.row, &response));
                TakenIn::Contests
            }
            _ => TakenIn::Ignored,
        })
    }
}

/// What other software has done to a decision, in words.
fn contest(row: &ApprovalRow, other: &ApprovalResponse) -> String {
    let id = &row.request.request_id;
    let said = |approved| if approved { "approved" } else { "rejected" };
    let stands = match &row.state {
        ApprovalState::Answered(first) => {
            format!("was {} by {}", said(first.approved), first.responder)
        }
        ApprovalState::Pending | ApprovalState::TimedOut => "had timed out".into(),
    };
    format!(
        "{id} {stands}, which stands; {} then wrote that it is {} where agents of attune look",
        other.responder,
        said(other.approved)
    )
}

fn told(now: Timestamp, reply: Reply) -> Result<Told, Malformed> {
    let nothing = || Malformed {
        key: "approval_request".into(),
        error: muster_core::RecordError {
            kind: muster_core::RecordErrorKind::MissingField("request_id"),
            at: 0,
        },
    };
    let parts: [Reply; 9] = reply.parts().map_err(|_| nothing())?;
    let [
        id,
        value,
        asked,
        deadline,
        foreign,
        status,
        response,
        at_key,
        contested,
    ] = parts;
    let text = |reply: Reply| reply.text().unwrap_or_default();
    let id = text(id);
    let malformed = |key: &str, error| Malformed {
        key: format!("{key}:{id}"),
        error,
    };
    let mut request =
        ApprovalRequest::parse(&text(value)).map_err(|e| malformed("approval_request", e))?;
    if let Some(status) = ApprovalStatus::of_name(&text(status)) {
        request.status = status;
    }
    let deadline = time(deadline).map_err(|_| nothing())?;
    let response = text(response);
    let state = if !response.is_empty() {
        let response =
            ApprovalResponse::parse(&response).map_err(|e| malformed("approval_response", e))?;
        ApprovalState::Answered(response)
    } else if deadline <= now {
        ApprovalState::TimedOut
    } else {
        ApprovalState::Pending
    };
    let at_key = text(at_key);
    Ok(Told {
        row: ApprovalRow {
            request,
            requested_at: time(asked).map_err(|_| nothing())?,
            deadline,
            state,
            foreign: text(foreign) == "1",
            contested_by: ApprovalResponse::parse(&text(contested)).ok(),
        },
        foreign_answer: (!at_key.is_empty()).then_some(at_key),
    })
}

fn unreadable(malformed: &Malformed) -> StoreError {
    StoreError::new(
        StoreErrorKind::Malformed,
        "read an approval",
        format!("{} is malformed: {}", malformed.key, malformed.error.kind),
    )
}
