//! `muster gateway rules`: the rules that a diagnosis goes by.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use muster_core::view::{CauseView, RulesView};

use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::gateway::{Rules, check_pack};
use crate::render;

/// The commands of the group.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(List),
    Explain(Explain),
    Check(Check),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::List(list) => list.run(context),
            Self::Explain(explain) => explain.run(context),
            Self::Check(check) => check.run(context),
        }
    }
}

/// List every cause that a diagnosis can name
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster gateway rules list --rules ./rules")]
pub(crate) struct List {
    /// Add the rule packs and guests in this folder; can be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

impl List {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let view = RulesView::of(&Rules::load(&self.rules)?.book);
        context.answer(&view, render::rules)
    }
}

/// Explain a cause: what points at it, what it explains, what to do
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster gateway rules explain queue.drain_wedged")]
pub(crate) struct Explain {
    /// The cause's id, as `rules list` shows it
    #[arg(value_name = "ID")]
    id: String,
    /// Add the rule packs and guests in this folder; can be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

impl Explain {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let rules = Rules::load(&self.rules)?.book;
        let view: Option<CauseView> = CauseView::of(&rules, &self.id);
        let missing = view.is_none();
        context.answer(&view, |view, style| match view {
            Some(view) => render::cause(view, style),
            None => format!(
                "No pack has a cause {}. See `muster gateway rules list`.\n",
                render::plain(&self.id)
            ),
        })?;
        Ok(if missing { Answer::No } else { Answer::Yes })
    }
}

/// Check a rule pack, where what is wrong is told with its line, or a guest with rules
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster gateway rules check ./rules/nginx.toml\n  \
        muster gateway rules check ./rules/bursts.wasm"
)]
pub(crate) struct Check {
    /// The packs and guests
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

impl Check {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut checked = Vec::new();
        for file in &self.files {
            checked.push(check_pack(file, context.verbose > 0)?);
        }
        context.answer(&checked, |checked, _| render::checked_packs(checked))
    }
}
