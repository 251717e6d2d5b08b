//! Votes on help templates, in a document of attune's form.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use muster_core::entry::{Rating, Vote};
use muster_core::record::template_ratings::TemplateRatings;
use muster_core::view::{RatedView, RatingView, RatingsView};

use crate::cli::{Context, values};
use crate::error::{Answer, Failure, describe};
use crate::files::check_regular;
use crate::render;
use crate::store::default_sqlite_path;
use crate::write::write_votes;

/// No document of votes is longer.
const MAX_BYTES: u64 = 64 << 20;

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
        let ratings = read(&file)?;
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
        if !self.templates.is_empty() {
            view.templates
                .retain(|rating| self.templates.contains(&rating.template));
        }
        context.answer(&view, render::ratings)?;
        let all_there = self.templates.iter().all(|asked| {
            let mut found = view.templates.iter();
            found.any(|rating| rating.template == *asked)
        });
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
        // The data folder is the one that the database lies in.
        match default_sqlite_path() {
            Some(database) => Ok(database.with_file_name("feedback.json")),
            None => Err(Failure::usage("there is no data folder to keep votes in")
                .hint("name a document by --file")),
        }
    }

    fn ratings(&self, best_first: bool) -> Result<RatingsView, Failure> {
        let file = self.file()?;
        let ratings = if self.file.is_none() && !file.exists() {
            TemplateRatings::default()
        } else {
            read(&file)?
        };
        Ok(RatingsView::of(
            file.display().to_string(),
            ratings,
            best_first,
        ))
    }
}

fn read(file: &Path) -> Result<TemplateRatings, Failure> {
    let text = read_text(file).map_err(|error| {
        let message = format!("cannot read {}: {}", file.display(), describe(&error));
        if error.kind() == io::ErrorKind::InvalidData {
            Failure::unusable(message).hint("the document must be JSON in UTF-8")
        } else {
            Failure::unreachable(message).hint("name the document by --file")
        }
    })?;
    let text = text.trim_start_matches('\u{feff}');
    TemplateRatings::parse(text).map_err(|error| {
        Failure::unusable(format!("{} holds no votes: {}", file.display(), error.kind))
            .hint("the next vote keeps the document aside and begins a new one")
    })
}

fn read_text(file: &Path) -> io::Result<String> {
    check_regular(&fs::metadata(file)?)?;
    let mut text = String::new();
    fs::File::open(file)?
        .take(MAX_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}
