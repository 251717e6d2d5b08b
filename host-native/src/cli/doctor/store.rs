//! The third to the fifth step: the store, the lifetimes in it, the approvals.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use muster_core::coordination::ApprovalFilter;
use muster_core::view::{CheckStatus, CheckView, DoctorStep, QuietAgent};

use crate::cli::Context;
use crate::cli::heartbeat::roll::{Roll, is_quiet};
use crate::cli::session::{Session, is_begun, runtime, store_url};
use crate::error::Failure;
use crate::store::{Access, Durability, StoreError, StoreInfo};

/// What does not work without a store.
const WITHOUT: &str =
    "without it signals, heartbeats, approvals, streams and scores stop; reports on logs go on";

/// The steps that need the store, in their order.
pub(super) fn check(context: &Context) -> Result<Vec<CheckView>, Failure> {
    let url = store_url(context, &context.config(Path::new("."))?)?;
    // What cannot even be looked at is told below.
    if is_begun(&url).is_ok_and(|begun| !begun) {
        let evidence = vec![format!(
            "nothing was written to {url} yet; the first command that writes makes it"
        )];
        return Ok(unchecked(CheckView::new(
            DoctorStep::Store,
            CheckStatus::NotApplicable,
            "no store has been used yet",
            evidence,
            "muster heartbeat list",
        )));
    }
    runtime()?.block_on(async {
        let session = match Session::open(context, Access::Look).await {
            Ok(session) => session,
            Err(failure) => {
                let evidence = vec![failure.to_string().replace('\n', ";"), WITHOUT.into()];
                return Ok(unchecked(broken(evidence)));
            }
        };
        match checks(&session).await {
            Ok(checks) => Ok(checks),
            Err(error) => {
                let mut evidence = vec![error.to_string()];
                evidence.extend(error.hint);
                evidence.push(WITHOUT.into());
                Ok(unchecked(broken(evidence)))
            }
        }
    })
}

async fn checks(session: &Session<'_>) -> Result<Vec<CheckView>, StoreError> {
    let info = session.store.info(session.now()).await?;
    Ok(vec![
        of_info(&info),
        lifetimes(session).await?,
        approvals(session).await?,
    ])
}

fn of_info(info: &StoreInfo) -> CheckView {
    let mut evidence = vec![format!(
        "{} {} at {}, durability: {}",
        info.backend,
        info.version,
        info.location,
        info.durability.name()
    )];
    evidence.push(match info.observed_since {
        Some(since) => format!("watched since {since}"),
        None => {
            "nobody watches it: what other systems write and lose between two looks cannot be known"
                .into()
        }
    });
    evidence.extend(info.notes.iter().cloned());
    let forgets = info.durability == Durability::Memory;
    let (status, finding) = if forgets {
        (
            CheckStatus::Problem,
            "the store answers, but keeps nothing when its server ends",
        )
    } else {
        (CheckStatus::Ok, "the store answers")
    };
    CheckView::new(
        DoctorStep::Store,
        status,
        finding,
        evidence,
        "muster heartbeat list",
    )
}

fn broken(evidence: Vec<String>) -> CheckView {
    CheckView::new(
        DoctorStep::Store,
        CheckStatus::Problem,
        "the store cannot be used",
        evidence,
        "muster -v heartbeat list",
    )
}

/// The store's step, and those that could not be gone through without it.
fn unchecked(store: CheckView) -> Vec<CheckView> {
    let skipped = |id, command: &str| {
        CheckView::new(
            id,
            CheckStatus::NotApplicable,
            "not looked at: there is no store to look into",
            Vec::new(),
            command,
        )
    };
    vec![
        store,
        skipped(DoctorStep::Ttls, "muster signal list --expired"),
        skipped(DoctorStep::Approvals, "muster approval list --all"),
    ]
}

async fn lifetimes(session: &Session<'_>) -> Result<CheckView, StoreError> {
    let (store, now) = (&session.store, session.now());
    let expired = session.items(store.all_signals(now, true).await?);
    let waiting = session.items(store.all_signals(now, false).await?);
    let types: BTreeSet<&String> = expired
        .iter()
        .chain(&waiting)
        .map(|pending| &pending.signal.signal_type)
        .collect();
    let mut slowest_us = BTreeMap::new();
    for signal_type in types {
        if let Some(us) = store.slowest_delivery(now, Some(signal_type)).await? {
            slowest_us.insert(signal_type.clone(), us);
        }
    }
    let agents = Roll::call(session).await?.views();
    let quiet: Vec<QuietAgent> = agents
        .into_iter()
        .filter(is_quiet)
        .map(|agent| QuietAgent {
            agent_id: agent.agent_id,
            state: format!("{}: {}", agent.state.name(), agent.reason),
        })
        .collect();
    Ok(CheckView::of_ttls(&expired, &waiting, &slowest_us, &quiet))
}

async fn approvals(session: &Session<'_>) -> Result<CheckView, StoreError> {
    let filter = ApprovalFilter {
        closed: true,
        ..ApprovalFilter::default()
    };
    let now = session.now();
    let rows = session.items(session.store.approvals(now, &filter).await?);
    Ok(CheckView::of_approvals(&rows, now))
}
