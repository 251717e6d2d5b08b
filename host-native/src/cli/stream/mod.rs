//! `muster stream`: events that many read.

mod consume;
mod delete;
mod info;
mod publish;
mod recent;
mod trim;

use clap::Subcommand;
use muster_core::record::stream_event::StreamId;

use super::Context;
use super::session::on_store;
use crate::error::{Answer, Failure};
use crate::store::Access;

/// The commands of the group.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Publish(publish::Publish),
    Consume(consume::Consume),
    Recent(recent::Recent),
    Info(info::Info),
    Trim(trim::Trim),
    Delete(delete::Delete),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let access = match self {
            Self::Publish(_) => Access::Add,
            Self::Consume(consume) => consume.access(),
            Self::Recent(_) | Self::Info(_) => Access::Look,
            Self::Trim(_) | Self::Delete(_) => Access::Change,
        };
        on_store(context, access, async |session| match self {
            Self::Publish(publish) => publish.run(session).await,
            Self::Consume(consume) => consume.run(session).await,
            Self::Recent(recent) => recent.run(session).await,
            Self::Info(info) => info.run(session).await,
            Self::Trim(trim) => trim.run(session).await,
            Self::Delete(delete) => delete.run(session).await,
        })
    }
}

fn parse_id(text: &str) -> Result<StreamId, String> {
    StreamId::parse(text).ok_or_else(|| "an id looks like 1763632800000-0".into())
}
