//! `muster telemetry record`: writes records into the logs, beside other writers.

use std::fmt::Write as _;
use std::io::{self, BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use muster_core::{Usd, to_json};
use serde::Serialize;
use serde_json::json;

use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::files::Places;
use crate::render;
use crate::write::{AppendOptions, Destination, Pseudonyms, ROTATE_BYTES, Recorded, record};

/// The variable by which users turn the help logs off.
const HELP_SWITCH: &str = "ATTUNE_HELP_TELEMETRY";

/// Write records into the logs: from options, or JSON lines from the standard input
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
        muster telemetry record --workflow review --tier CHEAP \\\n    \
        --model claude-haiku-4-5 --provider anthropic --cost 0.0021 \\\n    \
        --tokens-in 900 --tokens-out 240\n  \
        agent | muster telemetry record usage\n  \
        muster telemetry record feedback --file feedback.json \\\n    \
        --template ref-cli --rating good\n\n\
        Any number of processes may write at once. Lines of the standard input are\n\
        written as they come; one that is no record is refused and costs no other."
)]
pub(crate) struct Record {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    usage: Usage,
}

#[derive(Debug, Subcommand)]
enum What {
    Usage(Box<Usage>),
    HelpQuery(HelpQuery),
    HelpUnmatched(HelpUnmatched),
    Feedback(Feedback),
}

/// Options of every log.
#[derive(Args, Debug)]
struct Place {
    /// The attune home or its telemetry folder [default: `$ATTUNE_HOME`, else ~/.attune]
    #[arg(long, value_name = "DIR", help_heading = "Log")]
    home: Option<PathBuf>,
    /// Write to this file instead
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "home",
        help_heading = "Log"
    )]
    file: Option<PathBuf>,
    /// Wait until the records are on the disk
    #[arg(long, help_heading = "Log")]
    fsync: bool,
}

/// Write calls of models to usage.jsonl
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  echo '{\"workflow\":\"review\",\"tier\":\"CHEAP\",\"model\":\"m\",\"provider\":\"p\",\"cost\":0.002}' \\\n    | muster telemetry record usage"
)]
struct Usage {
    /// Who made the call
    #[arg(long, value_name = "NAME", help_heading = "Record")]
    workflow: Option<String>,
    /// The part of the workflow
    #[arg(long, value_name = "NAME", help_heading = "Record")]
    stage: Option<String>,
    /// The price class, such as CHEAP, CAPABLE or PREMIUM
    #[arg(long, value_name = "NAME", help_heading = "Record")]
    tier: Option<String>,
    /// The model's id
    #[arg(long, value_name = "ID", help_heading = "Record")]
    model: Option<String>,
    /// Who runs the model
    #[arg(long, value_name = "NAME", help_heading = "Record")]
    provider: Option<String>,
    /// What the call cost, in US dollars
    #[arg(long, value_name = "USD", value_parser = parse_usd, help_heading = "Record")]
    cost: Option<Usd>,
    /// Tokens sent to the model [default: 0]
    #[arg(long, value_name = "N", help_heading = "Record")]
    tokens_in: Option<u64>,
    /// Tokens that the model gave back [default: 0]
    #[arg(long, value_name = "N", help_heading = "Record")]
    tokens_out: Option<u64>,
    /// The answer came from this response cache, such as hash
    #[arg(long, value_name = "TYPE", help_heading = "Record")]
    cache_type: Option<String>,
    /// How long the call took, in milliseconds [default: 0]
    #[arg(long, value_name = "MS", help_heading = "Record")]
    duration_ms: Option<u64>,
    /// The user; the log gets a pseudonym, the same that attune gives
    #[arg(long, value_name = "NAME", help_heading = "Record")]
    user_id: Option<String>,
    /// When the call ended [default: now]
    #[arg(long, value_name = "TIME", help_heading = "Record")]
    ts: Option<String>,
    /// Set the log aside under the day's name from this size on
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = ROTATE_BYTES,
        value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Log"
    )]
    rotate_bytes: u64,
    #[command(flatten)]
    place: Place,
}

/// Write questions to the help system to `help_queries.jsonl`
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster telemetry record help-query --mode progressive --topic 'signal ttl' \\\n    --success true --found false"
)]
struct HelpQuery {
    /// How it was looked up, such as `progressive` or `search_tag`
    #[arg(long, value_name = "MODE", help_heading = "Record")]
    mode: Option<String>,
    /// What was asked
    #[arg(long, value_name = "TEXT", help_heading = "Record")]
    topic: Option<String>,
    /// Whether the lookup ran without an error
    #[arg(long, value_name = "BOOL", help_heading = "Record")]
    success: Option<bool>,
    /// Whether there was an answer
    #[arg(long, value_name = "BOOL", help_heading = "Record")]
    found: Option<bool>,
    /// Which tool asked [default: `help_lookup`]
    #[arg(long, value_name = "NAME", help_heading = "Record")]
    source: Option<String>,
    /// When it was asked [default: now]
    #[arg(long, value_name = "TIME", help_heading = "Record")]
    ts: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// Write questions without an answer to `help_unmatched.jsonl`
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster telemetry record help-unmatched --mode preamble --query 'rotate api keys'"
)]
struct HelpUnmatched {
    /// How it was looked up, such as `progressive` or `search_tag`
    #[arg(long, value_name = "MODE", help_heading = "Record")]
    mode: Option<String>,
    /// What was asked
    #[arg(long, value_name = "TEXT", help_heading = "Record")]
    query: Option<String>,
    /// Which tool asked [default: `help_lookup`]
    #[arg(long, value_name = "NAME", help_heading = "Record")]
    source: Option<String>,
    /// When it was asked [default: now]
    #[arg(long, value_name = "TIME", help_heading = "Record")]
    ts: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// Count votes on help templates in feedback.json
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster telemetry record feedback --file help/feedback.json --template ref-cli --rating good"
)]
struct Feedback {
    /// The template's id
    #[arg(long, value_name = "ID", requires = "rating", help_heading = "Record")]
    template: Option<String>,
    /// What was thought of it
    #[arg(
        long,
        value_name = "RATING",
        requires = "template",
        help_heading = "Record"
    )]
    rating: Option<RatingName>,
    /// The document to count in
    #[arg(long, value_name = "FILE", help_heading = "Log")]
    file: PathBuf,
    /// Wait until the votes are on the disk
    #[arg(long, help_heading = "Log")]
    fsync: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RatingName {
    Good,
    Bad,
}

/// Where to write what.
struct Plan {
    destination: Destination,
    file: PathBuf,
    options: AppendOptions,
    /// The record of the options; none when records come from the standard input.
    record: Option<String>,
}

impl Record {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let plan = match &self.what {
            None => self.usage.plan(context)?,
            Some(What::Usage(usage)) => usage.plan(context)?,
            Some(What::HelpQuery(query)) => {
                if help_is_off() {
                    return off(context);
                }
                query.plan(context)?
            }
            Some(What::HelpUnmatched(unmatched)) => {
                if help_is_off() {
                    return off(context);
                }
                unmatched.plan(context)?
            }
            Some(What::Feedback(feedback)) => feedback.plan(),
        };
        let now = || context.clock.now();
        let write = |input: &mut dyn io::BufRead| {
            record(input, &plan.destination, &plan.file, &plan.options, &now)
        };
        let recorded = match &plan.record {
            Some(value) => {
                let recorded = write(&mut value.as_bytes())?;
                if let Some(refused) = recorded.rejected_samples.first() {
                    return Err(Failure::usage(format!(
                        "nothing is written: {}",
                        refused.reason
                    )));
                }
                recorded
            }
            None if io::stdin().is_terminal() => {
                return Err(Failure::usage("there is no record")
                    .hint("give it by options, or JSON lines on the standard input"));
            }
            None => write(&mut BufReader::with_capacity(64 << 10, io::stdin().lock()))?,
        };
        if recorded.rejected > 0 {
            return Err(refused(&recorded));
        }
        context.answer(&recorded, |recorded, _| text(recorded))
    }
}

impl Usage {
    fn plan(&self, context: &Context) -> Result<Plan, Failure> {
        let mut record = Fields::default();
        record.put("ts", self.ts.as_deref());
        record.put("workflow", self.workflow.as_deref());
        record.put("tier", self.tier.as_deref());
        record.put("model", self.model.as_deref());
        record.put("provider", self.provider.as_deref());
        record.put("cost", self.cost);
        if self.tokens_in.is_some() || self.tokens_out.is_some() {
            let (input, output) = (self.tokens_in.unwrap_or(0), self.tokens_out.unwrap_or(0));
            record.put("tokens", Some(json!({"input": input, "output": output})));
        }
        let cache = self.cache_type.as_ref();
        record.put(
            "cache",
            cache.map(|kind| json!({"hit": true, "type": kind})),
        );
        record.put("duration_ms", self.duration_ms);
        record.put("user_id", self.user_id.as_deref());
        record.put("stage", self.stage.as_deref());
        let file = self.place.file(context, "usage.jsonl", false)?;
        let folder = file.parent().unwrap_or(Path::new("."));
        Ok(Plan {
            destination: Destination::Usage(Pseudonyms::new(folder)),
            options: AppendOptions {
                rotate_bytes: Some(self.rotate_bytes),
                fsync: self.place.fsync,
            },
            record: record.object(),
            file,
        })
    }
}

impl HelpQuery {
    fn plan(&self, context: &Context) -> Result<Plan, Failure> {
        let mut record = Fields::default();
        record.put("ts", self.ts.as_deref());
        record.put("source", self.source.as_deref());
        record.put("mode", self.mode.as_deref());
        record.put("topic", self.topic.as_deref());
        record.put("success", self.success);
        record.put("found", self.found);
        self.place.help_plan(
            context,
            Destination::HelpQueries,
            "help_queries.jsonl",
            record,
        )
    }
}

impl HelpUnmatched {
    fn plan(&self, context: &Context) -> Result<Plan, Failure> {
        let mut record = Fields::default();
        record.put("ts", self.ts.as_deref());
        record.put("source", self.source.as_deref());
        record.put("mode", self.mode.as_deref());
        record.put("query", self.query.as_deref());
        self.place.help_plan(
            context,
            Destination::HelpUnmatched,
            "help_unmatched.jsonl",
            record,
        )
    }
}

impl Feedback {
    fn plan(&self) -> Plan {
        let record = match (&self.template, self.rating) {
            (Some(template), Some(rating)) => {
                let rating = match rating {
                    RatingName::Good => "good",
                    RatingName::Bad => "bad",
                };
                Some(json!({"template_id": template, "rating": rating}).to_string())
            }
            _ => None,
        };
        Plan {
            destination: Destination::Feedback,
            file: self.file.clone(),
            options: AppendOptions {
                rotate_bytes: None,
                fsync: self.fsync,
            },
            record,
        }
    }
}

impl Place {
    fn help_plan(
        &self,
        context: &Context,
        destination: Destination,
        name: &str,
        record: Fields,
    ) -> Result<Plan, Failure> {
        Ok(Plan {
            destination,
            file: self.file(context, name, true)?,
            options: AppendOptions {
                rotate_bytes: None,
                fsync: self.fsync,
            },
            record: record.object(),
        })
    }

    /// The log to write to. Help logs lie in the user's own folder unless a home
    /// is named, because that is where their first writer puts them.
    fn file(&self, context: &Context, name: &str, help: bool) -> Result<PathBuf, Failure> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let config = context.config(Path::new("."))?;
        let env_home = std::env::var_os("ATTUNE_HOME").is_some_and(|home| !home.is_empty());
        let configured = config.home.as_deref().filter(|_| !env_home);
        let home = self.home.as_deref().or(configured);
        let places = Places::find(home, None)?;
        let folder = if help && home.is_none() {
            places.help.or(places.telemetry)
        } else {
            places.telemetry
        };
        folder.map(|folder| folder.join(name)).ok_or_else(|| {
            Failure::usage("there is no home folder to write to")
                .hint("name a log by --file or a home by --home")
        })
    }
}

/// The fields that options gave, as JSON text: amounts keep every digit.
#[derive(Default)]
struct Fields(Vec<String>);

impl Fields {
    fn put<T: Serialize>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.0.push(format!("\"{name}\":{}", to_json(&value)));
        }
    }

    /// The object, if there is any field.
    fn object(self) -> Option<String> {
        (!self.0.is_empty()).then(|| format!("{{{}}}", self.0.join(",")))
    }
}

fn parse_usd(text: &str) -> Result<Usd, String> {
    Usd::parse(text).map_err(|_| "an amount of dollars looks like 0.0561".into())
}

fn help_is_off() -> bool {
    std::env::var_os(HELP_SWITCH).is_some_and(|switch| switch == "0")
}

fn off(context: &Context) -> Result<Answer, Failure> {
    let recorded = Recorded::default();
    context.answer(&recorded, |_, _| {
        format!("Nothing is written: help logs are turned off by {HELP_SWITCH}=0.\n")
    })?;
    Ok(Answer::No)
}

fn refused(recorded: &Recorded) -> Failure {
    let first = recorded
        .rejected_samples
        .first()
        .map_or_else(String::new, |first| {
            format!("; first line {}: {}", first.line, first.reason)
        });
    Failure::unusable(format!(
        "{} refused{first}; {} written to {}",
        counted(recorded.rejected, "record"),
        recorded.recorded,
        recorded.file.display()
    ))
    .hint("correct the refused ones and write them again; the others are in the log")
}

fn text(recorded: &Recorded) -> String {
    let mut text = format!(
        "{} written to {}.\n",
        counted(recorded.recorded, "record"),
        recorded.file.display()
    );
    for full in &recorded.rotated_to {
        let _ = writeln!(text, "The log was full and is now {}.", full.display());
    }
    if recorded.ended_torn_lines > 0 {
        text += "The last line had no end; it was ended and costs no other line.\n";
    }
    if let Some(aside) = &recorded.set_aside {
        let _ = writeln!(
            text,
            "The document was damaged; it is kept as {} and a new one was begun.",
            aside.display()
        );
    }
    render::lines(&text) + "\n"
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
