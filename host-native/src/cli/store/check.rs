//! `muster store check`.

use clap::Args;
use muster_core::coordination::{ApprovalFilter, Listing, Malformed, Position, StreamRead};
use muster_core::view::{MalformedView, StoreCheckView};

use crate::cli::Context;
use crate::cli::session::Session;
use crate::error::{Answer, Failure};
use crate::render;
use crate::store::{StoreError, StoreUrl};

/// Events of one stream that are read at a time.
const PAGE: u64 = 1000;

/// Read everything in the store and name each value that is no record
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster store check --store redis://localhost --json\n\n\
        Exit status 1 when a value is malformed, 4 when the store itself is damaged.\n\
        Nothing is repaired or removed."
)]
pub(crate) struct Check {}

impl Check {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let view = check(session).await?;
        session.context.answer(&view, render::store_check)?;
        Ok(Answer::of(view.sound))
    }

    /// Of the user's database that is not there yet.
    pub(super) fn of_none(context: &Context, url: &StoreUrl) -> Result<Answer, Failure> {
        let view = StoreCheckView {
            location: url.to_string(),
            sound: true,
            ..StoreCheckView::default()
        };
        context.answer(&view, render::store_check)
    }
}

async fn check(session: &Session<'_>) -> Result<StoreCheckView, StoreError> {
    let store = &session.store;
    let mut malformed = Vec::new();
    let mut view = StoreCheckView {
        location: store.info(session.now()).await?.location,
        ..StoreCheckView::default()
    };
    let now = session.now();
    view.signals = counted(store.all_signals(now, false).await?, &mut malformed);
    // The malformed ones are the same.
    view.expired_signals = store.all_signals(now, true).await?.items.len() as u64;
    view.agents = counted(store.fleet(now).await?, &mut malformed);
    let all = ApprovalFilter {
        approval_type: None,
        closed: true,
    };
    view.approvals = counted(store.approvals(now, &all).await?, &mut malformed);
    for stream in store.streams(now).await? {
        view.streams += 1;
        let mut read = StreamRead {
            from: vec![(stream.event_type, Position::Start)],
            count: PAGE,
        };
        loop {
            let Some(batch) = store.read(now, &read).await?.pop() else {
                break;
            };
            view.events += batch.events.len() as u64;
            let all = batch.events.len() + batch.malformed.len();
            malformed.extend(batch.malformed);
            if all == 0 {
                break;
            }
            read.from = vec![(batch.event_type, Position::After(batch.next))];
        }
    }
    view.sound = malformed.is_empty();
    view.malformed = malformed.iter().map(MalformedView::from).collect();
    Ok(view)
}

fn counted<T>(listing: Listing<T>, malformed: &mut Vec<Malformed>) -> u64 {
    malformed.extend(listing.malformed);
    listing.items.len() as u64
}
