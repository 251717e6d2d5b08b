//! `muster approval list`.

use std::cell::Cell;
use std::collections::BTreeSet;

use clap::Args;
use muster_core::coordination::ApprovalFilter;
use muster_core::view::{ApprovalOutcome, ApprovalView};
use tokio::time::Instant;

use crate::cli::live::{Frame, live};
use crate::cli::session::Session;
use crate::cli::values::{self, Span};
use crate::error::{Answer, Failure};
use crate::render;
use crate::store::{Access, Interest, StoreError};

/// List the requests that wait for an answer, with the time left
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster approval list\n  muster approval list --watch --alert-when-older 5m\n\n\
        With --alert-when-older the exit status is 1 when any request has waited longer.\n\
        With --watch it is shown again at every change until interrupted, and each\n\
        request that becomes older is told once on the standard error."
)]
pub(crate) struct List {
    /// Only requests of this type
    #[arg(long = "type", value_name = "TYPE", value_parser = values::name)]
    approval_type: Option<String>,
    /// Also those that were answered or timed out within a day
    #[arg(long)]
    all: bool,
    /// Show it again at every change
    #[arg(long)]
    watch: bool,
    /// Raise an alert for requests that have waited longer than this
    #[arg(long, value_name = "SPAN")]
    alert_when_older: Option<Span>,
}

impl List {
    /// What it needs the store for.
    pub(super) const fn access(&self) -> Access {
        if self.watch {
            Access::Follow
        } else {
            Access::Look
        }
    }

    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let total = Cell::new(0);
        let show = |requests: &Vec<ApprovalView>, style: &render::Style| {
            if requests.is_empty() && total.get() > 0 {
                render::none_of(total.get(), "request")
            } else {
                render::approvals(requests, style)
            }
        };
        if !self.watch {
            let requests = self.requests(session, &total).await?;
            session.context.answer(&requests, show)?;
            let old = requests.iter().filter(|request| self.is_old(request));
            let mut none = true;
            for request in old {
                none = false;
                alert(session, request);
            }
            return Ok(Answer::of(none));
        }
        let mut alerted = BTreeSet::new();
        live(
            session,
            Interest::Approvals,
            async |_| {
                let requests = self.requests(session, &total).await?;
                for request in requests.iter().filter(|request| self.is_old(request)) {
                    if alerted.insert(request.request_id.clone()) {
                        alert(session, request);
                    }
                }
                alerted.retain(|id| requests.iter().any(|request| request.request_id == *id));
                let next = requests
                    .iter()
                    .filter_map(|request| self.changes_at(session, request))
                    .min();
                Ok(Frame {
                    view: requests,
                    next,
                })
            },
            show,
        )
        .await
    }

    /// The requests of the type that is asked for; `total` becomes how many there are
    /// of any.
    async fn requests(
        &self,
        session: &Session<'_>,
        total: &Cell<u64>,
    ) -> Result<Vec<ApprovalView>, StoreError> {
        let filter = ApprovalFilter {
            approval_type: None,
            closed: self.all,
        };
        let now = session.now();
        let listing = session.store.approvals(now, &filter).await?;
        let rows = session.items(listing);
        total.set(rows.len() as u64);
        let wanted = self.approval_type.as_ref();
        Ok(rows
            .iter()
            .filter(|row| wanted.is_none_or(|wanted| *wanted == row.request.approval_type))
            .map(|row| ApprovalView::of(row, now))
            .collect())
    }

    fn is_old(&self, request: &ApprovalView) -> bool {
        request.outcome == ApprovalOutcome::Pending
            && self
                .alert_when_older
                .is_some_and(|span| request.age_s.0 > span.us())
    }

    /// When a request times out or becomes old, whichever comes next.
    fn changes_at(&self, session: &Session<'_>, request: &ApprovalView) -> Option<Instant> {
        if request.outcome != ApprovalOutcome::Pending {
            return None;
        }
        let old_at = self
            .alert_when_older
            .filter(|_| !self.is_old(request))
            .map(|span| span.after(request.requested_at).saturating_add_us(1));
        let at = old_at.map_or(request.deadline, |old| old.min(request.deadline));
        Some(session.moment_of(at))
    }
}

fn alert(session: &Session<'_>, request: &ApprovalView) {
    session.context.say(0, || {
        format!(
            "alert: {} ({} for {}) has waited {}",
            request.request_id,
            request.approval_type,
            request.agent_id,
            render::span(request.age_s)
        )
    });
}
