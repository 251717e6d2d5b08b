//! Votes on help templates, in a document of attune's form.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use muster_core::entry::{Rating, Vote};
use muster_core::view::{RatedView, RatingView, RatingsView};

use crate::cli::{Context, values};
use crate::error::{Answer, Failure, describe};
use crate::ratings;
use crate::render;
use crate::write::write_votes;

/// Vote on a help template
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster feedback rate ref-cli good\n\n\
        The document is attune's feedback.json or one of the same form. Votes of many\n\
        processes at once are all kept; a damaged document is kept aside, and its name\n\
        told.")]
pub(crate) struct Rate {
    /// The template's id
    #[arg(value_name = "TEMPLATE", value_parser = values::name)]
    template: String,
    /// What you think of it
    #[arg(value_name = "RATING")]
    rating: RatingName,
    #[command(flatten)]
    place: Place,
}

/// Show the votes on templates, by name
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster feedback show\n  muster feedback show ref-cli --file help/generated/feedback.json\n\n\
        Exit status 1 when there is no vote on a template that was named."
)]
pub(crate) struct Show {
    /// Only these templates [default: all]
    #[arg(value_name = "TEMPLATE")]
    templates: Vec<String>,
    #[command(flatten)]
    place: Place,
}

/// Rank the templates, the best first
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster feedback rank --limit 10\n\n\
        The score is (good + 1) / (good + bad + 2): one early vote wrecks nothing. The\n\
        range is the Wilson interval at 95 %, attune's own figure stands beside it.")]
pub(crate) struct Rank {
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args, Debug)]
struct Place {
    /// The document [default: feedback.json in Muster's data folder]
    #[arg(
        long,
        value_name = "FILE",
        env = "MUSTER_FEEDBACK_FILE",
        hide_env_values = true
    )]
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RatingName {
    Good,
    Bad,
}

impl Rate {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let file = self.place.file()?;
        let vote = Vote {
            template: self.template.clone(),
            rating: match self.rating {
                RatingName::Good => Rating::Good,
                RatingName::Bad => Rating::Bad,
            },
        };
        let written = write_votes(&file, &[vote], true, context.clock.now()).map_err(|error| {
            Failure::unreachable(format!(
                "cannot count the vote in {}: {}",
                file.display(),
                describe(&error)
            ))
            .hint("make the file and its folder writable, or name another by --file")
        })?;
        if let Some((_, error)) = written.refused.first() {
            return Err(Failure::unusable(format!(
                "the vote is not counted: the entry of {} in {} is no pair of counts: {}",
                self.template,
                file.display(),
                error.kind
            ))
            .hint("correct the entry; the document is unchanged"));
        }
        let ratings = ratings::read_file(&file)?;
        let votes = ratings.templates.get(&self.template).copied();
        let view = RatedView {
            file: file.display().to_string(),
            set_aside: written.set_aside.map(|aside| aside.display().to_string()),
            rating: RatingView::of(self.template.clone(), votes.unwrap_or_default()),
        };
        context.answer(&view, render::rated)
    }
}

impl Show {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut view = self.place.ratings(false)?;
        let total = view.templates.len() as u64;
        if !self.templates.is_empty() {
            view.templates
                .retain(|rating| self.templates.contains(&rating.template));
        }
        context.answer(&view, |view, style| {
            if view.templates.is_empty() && total > 0 {
                render::none_of(total, "template")
            } else {
                render::ratings(view, style)
            }
        })?;
        let mut all_there = true;
        for asked in &self.templates {
            if !view
                .templates
                .iter()
                .any(|rating| rating.template == *asked)
            {
                all_there = false;
                context.say(0, || format!("there is no vote on {asked}"));
            }
        }
        Ok(Answer::of(all_there))
    }
}

impl Rank {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut view = self.place.ratings(true)?;
        view.templates.truncate(self.limit.unwrap_or(usize::MAX));
        context.answer(&view, render::ratings)
    }
}

impl Place {
    /// The document that was named, else the one in Muster's own data folder: never
    /// one inside an installation of another program.
    fn file(&self) -> Result<PathBuf, Failure> {
        if let Some(file) = self
            .file
            .as_ref()
            .filter(|file| !file.as_os_str().is_empty())
        {
            return Ok(file.clone());
        }
        ratings::default_file()
    }

    fn ratings(&self, best_first: bool) -> Result<RatingsView, Failure> {
        let named = self
            .file
            .as_deref()
            .filter(|file| !file.as_os_str().is_empty());
        ratings::read(named, best_first)
    }
}
