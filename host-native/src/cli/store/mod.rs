//! `muster store`: the place where agents meet, itself.

mod check;
mod info;
mod watch;

use std::path::Path;

use clap::Subcommand;

use super::Context;
use super::session::{Session, is_begun, on_store, runtime, store_url};
use crate::error::{Answer, Failure};
use crate::store::{Access, StoreUrl};

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
            Self::Info(info) => match absent(context)? {
                Some(url) => info::Info::of_none(context, &url),
                None => on_store(context, Access::Look, async |session| {
                    info.run(session).await
                }),
            },
            Self::Check(check) => match absent(context)? {
                Some(url) => check::Check::of_none(context, &url),
                None => runtime()?.block_on(async {
                    let session = Session::open_to_look_through(context).await?;
                    check.run(&session).await
                }),
            },
            Self::Watch(watch) => runtime()?.block_on(async {
                let session = Session::open_to_watch(context, watch.configure).await?;
                watch.run(&session).await
            }),
        }
    }
}

/// The address of a database that nobody has written to yet: who only looks makes none.
/// One that was named has to be there, if empty.
fn absent(context: &Context) -> Result<Option<StoreUrl>, Failure> {
    let config = context.config(Path::new("."))?;
    let url = store_url(context, &config)?;
    if is_begun(&url)? {
        return Ok(None);
    }
    let is_named = context.store.is_some() || config.store.is_some();
    if is_named && url.path().is_none_or(|path| !path.exists()) {
        return Err(Failure::unreachable(format!("{url} is not there"))
            .hint("name another by --store; the first command that writes makes one"));
    }
    Ok(Some(url))
}
