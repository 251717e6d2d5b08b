//! `muster store`: the place where agents meet, itself.

mod check;
mod info;
mod watch;

use clap::Subcommand;

use super::Context;
use super::session::{Session, on_store, runtime};
use crate::error::{Answer, Failure};

/// The commands of the group.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Info(info::Info),
    Check(check::Check),
    Watch(watch::Watch),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Info(info) => on_store(context, async |session| info.run(session).await),
            Self::Check(check) => on_store(context, async |session| check.run(session).await),
            Self::Watch(watch) => runtime()?.block_on(async {
                let session = Session::open_to_watch(context, watch.configure).await?;
                watch.run(&session).await
            }),
        }
    }
}
