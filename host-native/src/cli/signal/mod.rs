//! `muster signal`: messages between agents.

mod check;
mod clear;
mod list;
mod send;
mod wait;

use clap::{Args, Subcommand};
use muster_core::coordination::SignalFilter;

use super::Context;
use super::session::on_store;
use super::values;
use crate::error::{Answer, Failure};
use crate::store::Access;

/// The commands of the group.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Send(send::Send),
    Broadcast(send::Broadcast),
    Check(check::Check),
    Wait(wait::Wait),
    List(list::List),
    Clear(clear::Clear),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let access = match self {
            Self::Send(_) | Self::Broadcast(_) | Self::Wait(_) => Access::Add,
            Self::Check(check) if !check.takes() => Access::Look,
            Self::Check(_) | Self::Clear(_) => Access::Change,
            Self::List(_) => Access::Look,
        };
        on_store(context, access, async |session| match self {
            Self::Send(send) => send.run(session).await,
            Self::Broadcast(broadcast) => broadcast.run(session).await,
            Self::Check(check) => check.run(session).await,
            Self::Wait(wait) => wait.run(session).await,
            Self::List(list) => list.run(session).await,
            Self::Clear(clear) => clear.run(session).await,
        })
    }
}

/// Which signals: those to one agent, and to all, that it has not received.
#[derive(Args, Debug)]
struct Received {
    /// The agent that receives
    #[arg(long, value_name = "ID", env = "MUSTER_AGENT", value_parser = values::name)]
    agent: String,
    /// Only signals of this type
    #[arg(long = "type", value_name = "TYPE", value_parser = values::name)]
    signal_type: Option<String>,
    /// Only signals from this agent
    #[arg(long, value_name = "ID", value_parser = values::name)]
    from: Option<String>,
}

impl Received {
    fn filter(&self) -> SignalFilter {
        SignalFilter {
            agent_id: self.agent.clone(),
            signal_type: self.signal_type.clone(),
            source_agent: self.from.clone(),
        }
    }
}
