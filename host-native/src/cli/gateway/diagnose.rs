//! `muster gateway diagnose`: what is broken first, why, and what to do.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use muster_core::diagnose::{
    DEFAULT_HOURS, DEFAULT_RECORDS, DiagnoseError, DiagnoseOptions, Evidence, Layer, diagnose,
};

use crate::cli::Context;
use crate::error::{Answer, Failure, describe};
use crate::gateway::load_packs;
use crate::render::{self, DiagnosisDetail};

/// Say what is broken first in a gateway, why, and what to do
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster gateway diagnose --bundle evidence.json\n  \
        muster gateway diagnose --bundle evidence.json --format markdown > ticket.md\n\n\
        Exit status: 0 all is well, 1 it is not or cannot be told, 4 no evidence bundle."
)]
pub(crate) struct Diagnose {
    /// Diagnose the evidence in this file; - reads the standard input
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// Older things are history
    #[arg(long, value_name = "N", default_value_t = DEFAULT_HOURS, value_parser = clap::value_parser!(u32).range(1..=8760))]
    hours: u32,
    /// Of each kind of record in a log, look at this many of the newest
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RECORDS)]
    lines: usize,
    /// Show this layer alone
    #[arg(long, value_name = "LAYER", value_parser = PossibleValuesParser::new(Layer::ALL.map(Layer::name)))]
    layer: Option<String>,
    /// Show the evidence of every finding, and what makes what secondary
    #[arg(long)]
    explain: bool,
    /// Add the rule packs in this folder; can be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// The set-up: joelclaw, or any other name for one that has only what its packs look at
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
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

impl Diagnose {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let rules = load_packs(&self.rules)?;
        let options = DiagnoseOptions {
            hours: self.hours,
            records: self.lines,
            now: context.clock.fixed,
            profile: self.profile.clone(),
        };
        let text = self.read()?;
        let unusable = |error: DiagnoseError| {
            Failure::unusable(format!("{}: {error}", self.bundle.display()))
                .hint("a bundle is `{\"muster_bundle\":1,\"now_ms\":...,\"evidence\":{...}}`; see docs/gateway.md")
        };
        let evidence = Evidence::parse_bundle(&text, &rules, options.records)
            .map_err(|error| unusable(DiagnoseError::Bundle(error)))?;
        let now = options
            .now
            .or(evidence.now)
            .ok_or_else(|| unusable(DiagnoseError::NoTime))?;
        let mut view = diagnose(&evidence, &rules, now, &options);
        if let Some(layer) = &self.layer {
            view.layers.retain(|shown| shown.layer.name() == layer);
        }
        if context.json && self.format != Format::Text {
            return Err(Failure::usage("--json and --format exclude each other"));
        }
        let detail = if self.explain || self.layer.is_some() {
            DiagnosisDetail::Evidence
        } else {
            DiagnosisDetail::Short
        };
        context.answer(&view, |view, style| match self.format {
            Format::Text => render::diagnosis(view, style, detail),
            Format::Markdown => render::diagnosis_markdown(view, detail),
            Format::Html => render::diagnosis_html(view, detail),
        })?;
        Ok(if view.is_ok() {
            Answer::Yes
        } else {
            Answer::No
        })
    }

    fn read(&self) -> Result<String, Failure> {
        let bytes = if self.bundle == Path::new("-") {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            fs::read(&self.bundle)
        };
        let bytes = bytes.map_err(|error| {
            Failure::unreachable(format!(
                "cannot read the bundle {}: {}",
                self.bundle.display(),
                describe(&error)
            ))
            .hint("name a file that is there, or - for the standard input")
        })?;
        String::from_utf8(bytes).map_err(|error| {
            Failure::unusable(format!(
                "{}: not an evidence bundle: not UTF-8 at byte {}",
                self.bundle.display(),
                error.utf8_error().valid_up_to()
            ))
        })
    }
}
