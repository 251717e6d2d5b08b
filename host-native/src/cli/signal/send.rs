//! `muster signal send` and `broadcast`.

use clap::Args;
use muster_core::coordination::{NewSignal, Sent};
use muster_core::record::signal::DEFAULT_SIGNAL_TTL_S;
use muster_core::view::SentView;

use crate::cli::session::Session;
use crate::cli::values::{self, Lifetime};
use crate::error::{Answer, Failure};
use crate::{random, render};

/// Send a signal to one agent, which receives it once
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster signal send --from builder --to tester --type ready \\\n    --payload '{\"step\": 2}'\n\n\
        It says until when the signal can be received, and warns when that is sooner\n\
        than the slowest delivery of such signals so far."
)]
pub(crate) struct Send {
    /// The agent that receives it
    #[arg(long, value_name = "ID", value_parser = values::name)]
    to: String,
    #[command(flatten)]
    message: Message,
}

/// Send a signal to all agents, each of which receives it once
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster signal broadcast --from planner --type stop --ttl 5m\n\n\
        It says how many other agents are enrolled: those that waited for a signal or\n\
        beat within a day."
)]
pub(crate) struct Broadcast {
    #[command(flatten)]
    message: Message,
}

#[derive(Args, Debug)]
struct Message {
    /// The agent that sends it
    #[arg(long, value_name = "ID", env = "MUSTER_AGENT", value_parser = values::name)]
    from: String,
    /// What it says, such as ready
    #[arg(long = "type", value_name = "TYPE", value_parser = values::name)]
    signal_type: String,
    /// What else it says: a JSON object, @FILE, or - for the standard input
    #[arg(long, value_name = "JSON")]
    payload: Option<String>,
    /// For how long it can be received
    #[arg(long, value_name = "SPAN", default_value_t = Lifetime::seconds(DEFAULT_SIGNAL_TTL_S))]
    ttl: Lifetime,
    /// Its id: the same signal under it is sent once, another one is refused [default: a new one]
    #[arg(long, value_name = "ID", value_parser = values::name)]
    id: Option<String>,
}

impl Send {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let signal = self.message.signal(&self.to)?;
        let sent = session.store.send(session.now(), &signal).await?;
        refuse_other(&signal, &sent)?;
        let slowest = slowest_us(session, &signal).await?;
        tell(session, &SentView::of(&signal, &sent, slowest))
    }
}

impl Broadcast {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let signal = self.message.signal("*")?;
        let broadcast = session.store.broadcast(session.now(), &signal).await?;
        refuse_other(&signal, &broadcast.sent)?;
        let slowest = slowest_us(session, &signal).await?;
        tell(
            session,
            &SentView::of_broadcast(&signal, &broadcast, slowest),
        )
    }
}

impl Message {
    fn signal(&self, target: &str) -> Result<NewSignal, Failure> {
        Ok(NewSignal {
            signal_id: match &self.id {
                Some(id) => id.clone(),
                None => random::id("signal")?,
            },
            signal_type: self.signal_type.clone(),
            source_agent: self.from.clone(),
            target_agent: target.into(),
            payload: values::json_object("--payload", self.payload.as_deref())?,
            ttl_s: self.ttl.as_seconds(),
        })
    }
}

/// An id names one signal: whoever sends another one under it would wait for an answer
/// to what was never sent.
fn refuse_other(signal: &NewSignal, sent: &Sent) -> Result<(), Failure> {
    if !sent.differs {
        return Ok(());
    }
    let id = render::plain(&signal.signal_id);
    Err(Failure::usage(format!(
        "{id} is the id of another signal, which was sent before: nothing was sent now"
    ))
    .hint("choose another --id, or leave it out; the same signal may be sent again under its id"))
}

async fn slowest_us(session: &Session<'_>, signal: &NewSignal) -> Result<Option<u64>, Failure> {
    let slowest = session
        .store
        .slowest_delivery(session.now(), Some(&signal.signal_type));
    Ok(slowest.await?)
}

fn tell(session: &Session<'_>, view: &SentView) -> Result<Answer, Failure> {
    if !session.context.json {
        session.warn(&view.warnings);
    }
    session.context.answer(view, render::sent)
}
