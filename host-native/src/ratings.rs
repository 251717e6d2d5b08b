//! Votes on help templates: the document and what it says.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use muster_core::record::template_ratings::TemplateRatings;
use muster_core::view::RatingsView;

use crate::error::Failure;
use crate::files::{check_regular, text_of};
use crate::folders;

/// No document of votes is longer.
const MAX_BYTES: u64 = 64 << 20;
/// So many scores of a stage and tier count, the newest.
pub(crate) const NEWEST_SCORES: usize = 100;
/// More scores than a workflow has.
pub(crate) const ALL_SCORES: u64 = 1_000_000;

/// The document in Muster's own data folder: never one inside an installation of
/// another program.
pub(crate) fn default_file() -> Result<PathBuf, Failure> {
    match folders::data() {
        Some(data) => Ok(data.join("feedback.json")),
        None => Err(Failure::usage("there is no data folder to keep votes in")
            .hint("name a document by --file")),
    }
}

/// The votes of the document that is named, else of the default one, which need not
/// be there.
pub(crate) fn read(named: Option<&Path>, best_first: bool) -> Result<RatingsView, Failure> {
    let file = match named {
        Some(named) => named.to_path_buf(),
        None => default_file()?,
    };
    let ratings = if named.is_none() && !file.exists() {
        TemplateRatings::default()
    } else {
        read_file(&file)?
    };
    Ok(RatingsView::of(
        file.display().to_string(),
        ratings,
        best_first,
    ))
}

/// The votes of a document.
pub(crate) fn read_file(file: &Path) -> Result<TemplateRatings, Failure> {
    let text = read_text(file).map_err(|error| {
        let failure = Failure::reading(&format!("cannot read {}", file.display()), &error);
        if error.kind() == io::ErrorKind::InvalidData {
            failure.hint("the document must be JSON in UTF-8; the next vote keeps it aside and begins a new one")
        } else {
            failure.hint("name the document by --file")
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
    let mut bytes = Vec::new();
    fs::File::open(file)?
        .take(MAX_BYTES)
        .read_to_end(&mut bytes)?;
    text_of(bytes)
}
