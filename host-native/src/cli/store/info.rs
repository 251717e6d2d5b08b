//! `muster store info`.

use clap::Args;
use muster_core::view::StoreView;

use crate::cli::session::Session;
use crate::error::{Answer, Failure};
use crate::render;
use crate::store::StoreInfo;

/// Show what sort of store it is, and what an accepted write survives
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster store info --store redis://localhost\n\n\
        Exit status 3 when it cannot be reached."
)]
pub(crate) struct Info {}

impl Info {
    #[expect(clippy::unused_self, reason = "it has no options yet")]
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let view = view(session.store.info(session.now()).await?);
        session.context.answer(&view, render::store)
    }
}

fn view(info: StoreInfo) -> StoreView {
    StoreView {
        backend: info.backend.into(),
        location: info.location,
        version: info.version,
        durability: info.durability.name().into(),
        observed_since: info.observed_since,
        notes: info.notes,
    }
}
