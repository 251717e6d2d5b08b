//! `muster approval respond`.

use std::time::Duration;

use clap::{ArgGroup, Args};
use muster_core::coordination::{Answer as Reply, Decision, MIN_ANSWER_LEFT_US};
use muster_core::record::approval_request::ApprovalStatus;
use muster_core::view::{AnswerRefusal, AnsweredView};
use tokio::time::sleep;

use crate::cli::session::Session;
use crate::cli::values;
use crate::error::{Answer, Failure};
use crate::render;

/// What a requester that polls may need to look and to note what it saw.
const READ_BACK: Duration = Duration::from_millis(1500);
/// With more time left than this an answer is not missed, in microseconds.
const SAFE_US: i64 = 3_000_000;

/// Answer a request for an approval, of attune agents too
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("answer").required(true),
    after_help = "Examples:\n  muster approval respond approval_5f3a9c55 --approve\n  muster approval respond approval_5f3a9c55 --reject --reason 'not on a Friday'\n\n\
        Exit status 0 when the answer stands, 1 when it was refused: the request is not\n\
        known, was answered the other way, or its deadline has passed. A requester that\n\
        looks once a second may miss an answer given in its last 1.5 seconds: such an\n\
        answer needs --force, and Muster says whether it was missed."
)]
pub(crate) struct Respond {
    /// The request's id
    #[arg(value_name = "ID", value_parser = values::name)]
    id: String,
    /// It may be done
    #[arg(long, group = "answer")]
    approve: bool,
    /// It may not be done
    #[arg(long, group = "answer")]
    reject: bool,
    /// Why
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    reason: String,
    /// Who answers [default: the user]
    #[arg(long, value_name = "NAME", env = "MUSTER_RESPONDER", value_parser = values::name)]
    responder: Option<String>,
    /// Answer also when so little time is left that the answer may be missed
    #[arg(long)]
    force: bool,
}

impl Respond {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let mut min_left_us = 0;
        if !self.force {
            let row = session.store.approval(session.now(), &self.id).await?;
            if row.is_some_and(|row| row.foreign) {
                min_left_us = MIN_ANSWER_LEFT_US;
            }
        }
        let reply = Reply {
            request_id: self.id.clone(),
            approved: self.approve,
            responder: self.responder.clone().unwrap_or_else(values::user),
            reason: self.reason.clone(),
            min_left_us,
        };
        let now = session.now();
        let decision = session.store.decide(now, &reply).await?;
        let mut view = AnsweredView::of(&self.id, &decision, now);
        if let Decision::Taken(row) = &decision {
            let left = row.deadline.as_micros().saturating_sub(now.as_micros());
            if row.foreign && left < SAFE_US {
                view.missed = self.was_missed(session, row.deadline).await?;
            }
        }
        session.context.answer(&view, render::answered)?;
        if view.refusal == Some(AnswerRefusal::TooLate) {
            session
                .context
                .say(0, || "--force answers in spite of that".into());
        }
        Ok(Answer::of(view.stands() && view.missed != Some(true)))
    }

    /// Reads back what the requester noted once its time was up; `None` if its
    /// request is gone.
    async fn was_missed(
        &self,
        session: &Session<'_>,
        deadline: muster_core::Timestamp,
    ) -> Result<Option<bool>, Failure> {
        session.begin_to_wait();
        let left = deadline
            .as_micros()
            .saturating_sub(session.now().as_micros());
        sleep(Duration::from_micros(u64::try_from(left).unwrap_or(0)) + READ_BACK).await;
        let row = session.store.approval(session.now(), &self.id).await?;
        Ok(row.map(|row| row.request.status == ApprovalStatus::Timeout))
    }
}
