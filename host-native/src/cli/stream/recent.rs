//! `muster stream recent`.

use std::cmp::Reverse;

use clap::Args;
use muster_core::coordination::{DEFAULT_RECENT_EVENTS, RecentQuery};
use muster_core::record::stream_event::StreamId;
use muster_core::view::EventView;

use super::parse_id;
use crate::cli::session::Session;
use crate::cli::values;
use crate::error::{Answer, Failure};
use crate::render;

/// Show the newest events, newest first
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster stream recent build_done --count 5")]
pub(crate) struct Recent {
    /// Events of these types [default: of all]
    #[arg(value_name = "TYPE", value_parser = values::name)]
    event_types: Vec<String>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "N", default_value_t = DEFAULT_RECENT_EVENTS)]
    count: u64,
    /// Only from this id on
    #[arg(long, value_name = "ID", value_parser = parse_id, default_value_t = StreamId::ZERO, hide_default_value = true)]
    from: StreamId,
    /// Only up to this id
    #[arg(long, value_name = "ID", value_parser = parse_id, default_value_t = StreamId::MAX, hide_default_value = true)]
    to: StreamId,
}

impl Recent {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let streams = session.store.streams(session.now()).await?;
        let total: u64 = streams.iter().map(|info| info.length).sum();
        let types = if self.event_types.is_empty() {
            streams.into_iter().map(|info| info.event_type).collect()
        } else {
            self.event_types.clone()
        };
        let mut events = Vec::new();
        for event_type in types {
            let query = RecentQuery {
                event_type,
                count: self.count,
                from: self.from,
                to: self.to,
            };
            let listing = session.store.recent(session.now(), &query).await?;
            events.extend(session.items(listing));
        }
        events.sort_by_key(|event| Reverse(event.event_id));
        events.truncate(usize::try_from(self.count).unwrap_or(usize::MAX));
        let events: Vec<EventView> = events.into_iter().map(EventView::from).collect();
        session.context.answer(&events, |events, style| {
            if events.is_empty() && total > 0 {
                render::none_of(total, "event")
            } else {
                render::events(events, style)
            }
        })
    }
}
