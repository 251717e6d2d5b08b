//! `muster heartbeat`: signs of life, and who gives them.

mod beat;
pub(crate) mod roll;
mod run;
mod stop;
mod work;

use clap::{Args, Subcommand};
use muster_core::coordination::{BeatInput, DEFAULT_HEARTBEAT_TTL_S, cadence_warnings};
use muster_core::view::BeatView;
use muster_core::{Decimal, JsonObject};

use super::Context;
use super::session::{Session, on_store};
use super::values::{self, Interval, Lifetime};
use crate::error::{Answer, Failure};
use crate::store::Access;

/// The commands of the group.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(run::Run),
    Beat(beat::Beat),
    Stop(stop::Stop),
    List(roll::List),
    Status(roll::Status),
    Stale(roll::Stale),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        if let Self::Run(run) = self {
            return run.run(context);
        }
        let access = match self {
            Self::Run(_) | Self::Beat(_) => Access::Add,
            Self::Stop(_) => Access::Change,
            Self::List(list) => list.access(),
            Self::Status(_) | Self::Stale(_) => Access::Look,
        };
        on_store(context, access, async |session| match self {
            Self::Run(run) => run.run(session.context),
            Self::Beat(beat) => beat.run(session).await,
            Self::Stop(stop) => stop.run(session).await,
            Self::List(list) => list.run(session).await,
            Self::Status(status) => status.run(session).await,
            Self::Stale(stale) => stale.run(session).await,
        })
    }
}

/// Who beats, and what else is known of it.
#[derive(Args, Debug)]
struct Identity {
    /// The agent
    #[arg(long, value_name = "ID", env = "MUSTER_AGENT", value_parser = values::name)]
    agent: String,
    /// What people call it [default: as before]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    name: Option<String>,
    /// Further facts: a JSON object, @FILE, or - for the standard input [default: as before]
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// How long the agent is known after a beat
    #[arg(long, value_name = "SPAN", default_value_t = Lifetime::seconds(DEFAULT_HEARTBEAT_TTL_S))]
    ttl: Lifetime,
}

/// What an agent says of itself.
#[derive(Clone, Debug)]
struct Said {
    status: String,
    progress: Decimal,
    current_task: String,
}

impl Identity {
    /// The facts that were given, with the interval between beats announced in them;
    /// `None` leaves those of before.
    async fn metadata(
        &self,
        session: &Session<'_>,
        interval: Option<Interval>,
    ) -> Result<Option<JsonObject>, Failure> {
        let given = match &self.metadata {
            Some(text) => Some(values::json_object("--metadata", Some(text))?),
            None => None,
        };
        let Some(Interval(span)) = interval else {
            return Ok(given);
        };
        let facts = match given {
            Some(facts) => facts,
            None => match session.store.agent(session.now(), &self.agent).await? {
                Some(row) => row.beat.metadata,
                None => JsonObject::default(),
            },
        };
        let us = i64::try_from(span.us()).unwrap_or(i64::MAX);
        let seconds = Decimal::from_nanos(us.saturating_mul(1000));
        Ok(Some(facts.with("interval_s", &seconds)))
    }

    fn beat(&self, said: &Said, metadata: Option<JsonObject>) -> BeatInput {
        BeatInput {
            agent_id: self.agent.clone(),
            status: said.status.clone(),
            progress: said.progress,
            current_task: said.current_task.clone(),
            display_name: self.name.clone(),
            metadata,
            ttl_s: self.ttl.as_seconds(),
        }
    }

    /// What may go wrong with beats at this interval.
    fn warnings(&self, interval: Option<Interval>) -> Vec<String> {
        match interval {
            Some(Interval(span)) => cadence_warnings(span.us(), self.ttl.as_seconds()),
            None => Vec::new(),
        }
    }
}

/// Sends one beat and says what was sent.
async fn beat_once(
    session: &Session<'_>,
    beat: &BeatInput,
    warnings: Vec<String>,
) -> Result<BeatView, Failure> {
    let now = session.now();
    session.store.beat(now, beat).await?;
    Ok(BeatView {
        agent_id: beat.agent_id.clone(),
        status: beat.status.clone(),
        progress: beat.progress,
        current_task: beat.current_task.clone(),
        last_beat: now,
        expires_at: now.saturating_add_us(i64::from(beat.ttl_s) * muster_core::US_PER_SECOND),
        warnings,
    })
}
