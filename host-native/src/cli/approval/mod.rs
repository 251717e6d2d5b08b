//! `muster approval`: what waits for a human, and the human's answers.

mod list;
mod request;
mod respond;
mod sweep;

use clap::Subcommand;

use super::Context;
use super::session::on_store;
use crate::error::{Answer, Failure};
use crate::store::Access;

/// The commands of the group.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Request(request::Request),
    Respond(respond::Respond),
    List(list::List),
    Sweep(sweep::Sweep),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        if let Self::Request(request) = self {
            return request.run(context);
        }
        let access = match self {
            Self::Request(_) => Access::Add,
            Self::Respond(_) => Access::Change,
            Self::List(list) => list.access(),
            Self::Sweep(sweep) => sweep.access(),
        };
        on_store(context, access, async |session| match self {
            Self::Request(request) => request.run(session.context),
            Self::Respond(respond) => respond.run(session).await,
            Self::List(list) => list.run(session).await,
            Self::Sweep(sweep) => sweep.run(session).await,
        })
    }
}
