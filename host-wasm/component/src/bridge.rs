//! The bridge as a resource.

use core::cell::RefCell;

use muster_core::bridge::{
    BridgeOptions, ErrorPatterns, MessageRedaction, Producer, Replay, ReplayClock,
    ReplayOptions as CoreOptions,
};

use crate::Component;
use crate::bindings::exports::muster::core::bridge::{
    Error, Guest, GuestReplay, ReplayClock as Clock, ReplayOptions,
};
use crate::convert::timestamp;

impl Guest for Component {
    type Replay = Bridge;
}

pub(crate) struct Bridge(RefCell<Replay>);

impl GuestReplay for Bridge {
    fn new(options: ReplayOptions) -> Result<Self, Error> {
        Ok(Self(RefCell::new(Replay::new(replay_options(options)?))))
    }

    fn push(&self, now: i64, chunk: String) -> Result<String, Error> {
        self.push_bytes(now, chunk.into_bytes())
    }

    fn push_bytes(&self, now: i64, chunk: Vec<u8>) -> Result<String, Error> {
        let mut out = String::new();
        let now = timestamp(now)?;
        self.0.borrow_mut().push(now, &chunk, &mut out);
        Ok(out)
    }

    fn finish(&self, now: i64) -> Result<String, Error> {
        let mut out = String::new();
        let now = timestamp(now)?;
        self.0.borrow_mut().finish(now, &mut out);
        Ok(out)
    }

    fn summary_json(&self) -> String {
        muster_core::to_json(&self.0.borrow().summary())
    }
}

fn replay_options(options: ReplayOptions) -> Result<CoreOptions, Error> {
    let clock = |clock: Clock| {
        Ok(ReplayClock {
            start: timestamp(clock.start)?,
            step_us: clock.step_us,
        })
    };
    let redaction = if options.redact_names {
        MessageRedaction::AllNames
    } else {
        MessageRedaction::EngineNames
    };
    Ok(CoreOptions {
        bridge: BridgeOptions {
            redaction,
            patterns: document("classify", options.classify, ErrorPatterns::parse)?,
            outer_run: options.outer_run,
        },
        parent_id: options.parent_id,
        producer: document("producer", options.producer, Producer::parse)?,
        clock: options.clock.map(clock).transpose()?,
        leave_open: options.leave_open,
        mapping: None,
    })
}

/// What `parse` makes of a document, or the default without one.
fn document<T: Default, E: ToString>(
    name: &str,
    text: Option<String>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Error> {
    let Some(text) = text else {
        return Ok(T::default());
    };
    parse(&text).map_err(|error| Error::BadDocument((name.to_owned(), error.to_string())))
}
