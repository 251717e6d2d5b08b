//! `muster gateway collect`: evidence into a file, to be diagnosed elsewhere.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use muster_core::diagnose::DEFAULT_HOURS;
use tempfile::NamedTempFile;

use super::live::{LiveArgs, block_on};
use crate::cli::Context;
use crate::error::{Answer, Failure};

/// Collect evidence of a gateway into one file, without keys, messages and names
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster gateway collect --out evidence.json\n  \
        muster gateway collect --profile systemd > evidence.json\n\n\
        Nothing is changed or sent. What cannot be read is named in the file with the\n\
        reason. Keys and tokens are never written; messages and ids of chats only by\n\
        --with-text.\n\n\
        Exit status: 0 it is written, 2 no such profile, 3 the file cannot be written."
)]
pub(crate) struct Collect {
    #[command(flatten)]
    live: LiveArgs,
    /// Write the evidence to this file; - is the standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Keep the texts of messages and the ids of chats
    #[arg(long)]
    with_text: bool,
    /// Collect telemetry of this many hours, at least 6
    #[arg(long, value_name = "N", default_value_t = DEFAULT_HOURS, value_parser = clap::value_parser!(u32).range(1..=8760))]
    hours: u32,
}

impl Collect {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let live = self.live.open(context)?;
        let now = context.clock.now();
        let bundle = block_on(async { Ok(live.collect(now, self.hours, self.with_text).await) })?;
        let (found, missing) = (bundle.evidence.len(), bundle.unreadable.clone());
        let text = bundle.into_json() + "\n";
        if self.out == Path::new("-") {
            context.print(&text)?;
        } else {
            write(&self.out, &text)
                .map_err(|error| Failure::output(&self.out.display().to_string(), &error))?;
            if context.json {
                let missing: Vec<&String> = missing.keys().collect();
                let told = serde_json::json!({
                    "file": self.out.display().to_string(),
                    "bytes": text.len(),
                    "pieces": found,
                    "unreadable": missing,
                });
                context.print(&format!("{told}\n"))?;
            } else {
                context.print(&format!(
                    "{}: {found} pieces of evidence, {} that could not be read\n",
                    self.out.display(),
                    missing.len()
                ))?;
            }
        }
        for (name, why) in missing {
            context.say(1, || format!("{name}: {why}"));
        }
        Ok(Answer::Yes)
    }
}

/// Writes a file as a whole, readable by its owner alone.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
