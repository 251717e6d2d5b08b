//! `muster store info`.

use clap::Args;
use muster_core::view::StoreInfoView;

use crate::cli::Context;
use crate::cli::session::Session;
use crate::error::{Answer, Failure};
use crate::render;
use crate::store::{Durability, SqliteStore, StoreInfo, StoreUrl};

/// Show what sort of store it is, and what an accepted write survives
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster store info --store redis://localhost\n\n\
        Exit status 3 when it cannot be reached."
)]
pub(crate) struct Info {}

impl Info {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let view = view(session.store.info(session.now()).await?);
        session.context.answer(&view, render::store)
    }

    /// Of the user's database that is not there yet.
    pub(super) fn of_none(context: &Context, url: &StoreUrl) -> Result<Answer, Failure> {
        let view = view(StoreInfo {
            backend: "sqlite",
            location: url.to_string(),
            version: SqliteStore::version().to_owned(),
            durability: Durability::Disk,
            observed_since: None,
            notes: vec!["it is not there yet: the first command that writes makes it".into()],
        });
        context.answer(&view, render::store)
    }
}

fn view(info: StoreInfo) -> StoreInfoView {
    StoreInfoView {
        backend: info.backend.into(),
        location: info.location,
        version: info.version,
        durability: info.durability.name().into(),
        observed_since: info.observed_since,
        notes: info.notes,
    }
}
