//! `muster cost`: what the organisation is billed and uses, by the provider.

mod summary;
mod usage;

use clap::{Args, Subcommand};
use muster_core::view::AccountAnswer;
use serde::Serialize;

use crate::account::{Account, SERVICE};
use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::folders;
use crate::render::Style;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Summary(summary::Summary),
    Usage(usage::Usage),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Summary(summary) => summary.run(context),
            Self::Usage(usage) => usage.run(context),
        }
    }
}

/// Options of both reports.
#[derive(Args, Debug)]
struct AccountArgs {
    /// Ask the service now, even if a report of the last 15 minutes is kept
    #[arg(long)]
    refresh: bool,
    /// The address of the service
    #[arg(
        long,
        value_name = "URL",
        env = "MUSTER_ACCOUNT_URL",
        default_value = SERVICE,
        hide_env_values = true
    )]
    url: String,
}

impl AccountArgs {
    fn account(&self) -> Result<Account, Failure> {
        Account::new(
            &self.url,
            folders::cache().map(|cache| cache.join("account")),
        )
    }
}

/// Prints the answer. With any report the exit status is 0; without one the error is told
/// in the same document, and the exit status is 3.
fn show<T: Serialize>(
    context: &Context,
    answer: &AccountAnswer<T>,
    render: impl FnOnce(&AccountAnswer<T>, &Style) -> String,
) -> Result<Answer, Failure> {
    let Some(error) = answer.error.as_ref().filter(|_| answer.summary.is_none()) else {
        return context.answer(answer, render);
    };
    if context.json {
        context.answer(answer, render)?;
        return Ok(Answer::Unreachable);
    }
    Err(
        Failure::unreachable(format!("no report ({}): {}", error.kind, error.message))
            .hint(error.hint),
    )
}
