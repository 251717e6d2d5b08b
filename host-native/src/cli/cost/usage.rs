//! `muster cost usage`: the tokens that the organisation uses.

use clap::Args;

use super::{AccountArgs, show};
use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::render;

/// Show the tokens that your organisation uses, by day and model
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  ANTHROPIC_ADMIN_API_KEY=sk-ant-admin... muster cost usage --json\n\n\
        The key and the cache are those of `muster cost summary`."
)]
pub(crate) struct Usage {
    #[command(flatten)]
    account: AccountArgs,
}

impl Usage {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let answer = self
            .account
            .account()?
            .usage(context.clock, self.account.refresh);
        show(context, &answer, render::account_usage)
    }
}
