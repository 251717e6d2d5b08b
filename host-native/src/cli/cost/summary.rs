//! `muster cost summary`: what the organisation is billed.

use clap::Args;

use super::{AccountArgs, show};
use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::render;

/// Show what your organisation is billed: today, this week, this month, by model
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  ANTHROPIC_ADMIN_API_KEY=sk-ant-admin... muster cost summary\n\n\
        The key is read from ANTHROPIC_ADMIN_API_KEY, else from anthropic-admin.env\n\
        (mode 0600) in the attune home. Reports are kept for 15 minutes; when the\n\
        service cannot be reached, the kept one is shown with its age and the reason.\n\
        Exit status 3: there is no report at all."
)]
pub(crate) struct Summary {
    #[command(flatten)]
    account: AccountArgs,
}

impl Summary {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let answer = self
            .account
            .account()?
            .cost(context.clock, self.account.refresh);
        show(context, &answer, render::account_cost)
    }
}
