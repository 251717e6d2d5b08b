//! `muster gateway diagnose`: what is broken first, why, and what to do.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use muster_core::diagnose::{
    DEFAULT_HOURS, DEFAULT_RECORDS, DiagnoseError, DiagnoseOptions, Layer,
};
use muster_core::view::DiagnosisView;

use super::live::{Live, LiveArgs, block_on};
use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::files::text_of;
use crate::gateway::Rules;
use crate::render::{self, DiagnosisDetail};

/// Say what is broken first in a gateway, why, and what to do
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  muster gateway diagnose\n  \
        muster gateway diagnose --bundle evidence.json --explain\n  \
        muster gateway diagnose --profile systemd --rules rules/ --watch\n  \
        muster gateway diagnose --format markdown > ticket.md\n\n\
        Without --bundle it looks at the gateway of this machine, and changes nothing\n\
        there unless --with-test is given.\n\n\
        Exit status: 0 all is well, 1 it is not or cannot be told, 4 no evidence bundle.")]
pub(crate) struct Diagnose {
    #[command(flatten)]
    live: LiveArgs,
    /// Diagnose the evidence in this file; - reads the standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["with_test", "watch"])]
    bundle: Option<PathBuf>,
    /// Older things are history
    #[arg(long, value_name = "N", default_value_t = DEFAULT_HOURS, value_parser = clap::value_parser!(u32).range(1..=8760))]
    hours: u32,
    /// Of each kind of record in a log, look at this many of the newest
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RECORDS)]
    lines: usize,
    /// Show this layer alone
    #[arg(long, value_name = "LAYER", value_parser = PossibleValuesParser::new(Layer::ALL.map(Layer::name)))]
    layer: Option<String>,
    /// Send a prompt through the gateway as well, and see whether its answer comes back
    #[arg(long)]
    with_test: bool,
    /// Look again every so many seconds, until interrupted
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "10", value_parser = clap::value_parser!(u32).range(1..=86400))]
    watch: Option<u32>,
    /// Show the evidence of every finding, what makes what secondary, and the files
    #[arg(long)]
    explain: bool,
    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// The forms of an answer for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For a ticket
    Markdown,
    /// One page that needs nothing else
    Html,
}

/// A diagnosis and the files that its evidence names.
type Told = (DiagnosisView, Vec<render::Artifact>);

impl Diagnose {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        if context.json && self.format != Format::Text {
            return Err(Failure::usage("--json and --format exclude each other"));
        }
        if let Some(bundle) = &self.bundle {
            let told = self.of_file(context, bundle)?;
            return self.answer(context, told);
        }
        let live = self.live.open(context)?;
        let Some(seconds) = self.watch else {
            let told = block_on(self.look(context, &live))?;
            return self.answer(context, told);
        };
        block_on(async {
            let mut first = true;
            loop {
                let told = self.look(context, &live).await?;
                context.begin_again(first)?;
                self.answer(context, told)?;
                first = false;
                tokio::time::sleep(Duration::from_secs(seconds.into())).await;
            }
        })
    }

    fn options(&self, context: &Context) -> DiagnoseOptions {
        DiagnoseOptions {
            hours: self.hours,
            records: self.lines,
            now: context.clock.fixed,
            profile: None,
        }
    }

    /// Of a bundle that somebody collected.
    fn of_file(&self, context: &Context, bundle: &Path) -> Result<Told, Failure> {
        let rules = Rules::load(&self.live.rules)?;
        let options = DiagnoseOptions {
            profile: self.live.profile.clone(),
            ..self.options(context)
        };
        let text = Self::read(bundle)?;
        let view = rules.judge(&text, &options).map_err(|error: DiagnoseError| {
            Failure::unusable(format!("{}: {error}", bundle.display()))
                .hint("a bundle is `{\"muster_bundle\":1,\"now_ms\":...,\"evidence\":{...}}`; see docs/gateway.md")
        })?;
        let files = if self.explain {
            let document: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let files = document.pointer("/evidence/artifacts");
            files
                .and_then(serde_json::Value::as_object)
                .map(render::Artifact::all)
        } else {
            None
        };
        Ok((view, files.unwrap_or_default()))
    }

    /// Of the gateway of this machine, as it is now.
    async fn look(&self, context: &Context, live: &Live) -> Result<Told, Failure> {
        let now = context.clock.now();
        let mut bundle = live.collect(now, self.hours, true).await;
        if self.with_test {
            super::test::into_bundle(live, &mut bundle).await;
        }
        let files = bundle
            .artifacts()
            .map(render::Artifact::all)
            .unwrap_or_default();
        let options = DiagnoseOptions {
            now: None,
            ..self.options(context)
        };
        Ok((live.diagnose(bundle, &options)?, files))
    }

    fn answer(&self, context: &Context, told: Told) -> Result<Answer, Failure> {
        let (mut view, files) = told;
        let is_ok = view.is_ok();
        if let Some(layer) = &self.layer {
            view.layers.retain(|shown| shown.layer.name() == layer);
        }
        let detail = if self.explain || self.layer.is_some() {
            DiagnosisDetail::Evidence
        } else {
            DiagnosisDetail::Short
        };
        let now = view.now;
        context.answer(&view, |view, style| match self.format {
            Format::Text => {
                let mut text = render::diagnosis(view, style, detail);
                if self.explain && !files.is_empty() {
                    text += &render::artifacts(&files, now, style);
                }
                text
            }
            Format::Markdown => render::diagnosis_markdown(view, detail),
            Format::Html => render::diagnosis_html(view, detail),
        })?;
        Ok(Answer::of(is_ok))
    }

    fn read(bundle: &Path) -> Result<String, Failure> {
        let bytes = if bundle == Path::new("-") {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            fs::read(bundle)
        };
        bytes.and_then(text_of).map_err(|error| {
            let tried = format!("cannot read the bundle {}", bundle.display());
            Failure::reading(&tried, &error)
                .hint("name an evidence bundle that is there, or - for the standard input")
        })
    }
}
