//! Signals between agents, and waiting for them.

use core::cell::RefCell;

use muster_core::Timestamp;
use muster_core::coordination;

use crate::Component;
use crate::bindings::exports::muster::core::mailbox::{
    Broadcasted, Error, Guest, GuestMailbox, GuestWaiter, NeverSeen, NewSignal, PendingSignal,
    Sent, SignalCheck, SignalFilter, Wake,
};
use crate::convert::{object, timestamp, wake};

impl Guest for Component {
    type Mailbox = Mailbox;
    type Waiter = Waiter;
}

pub(crate) struct Mailbox(RefCell<coordination::Mailbox>);

impl GuestMailbox for Mailbox {
    fn new(since: i64) -> Result<Self, Error> {
        let mailbox = coordination::Mailbox::new(timestamp(since)?);
        Ok(Self(RefCell::new(mailbox)))
    }

    fn send(&self, now: i64, signal: NewSignal) -> Result<Sent, Error> {
        let (now, signal) = (timestamp(now)?, new_signal(signal)?);
        Ok(sent(&self.0.borrow_mut().send(now, signal)))
    }

    fn broadcast(&self, now: i64, signal: NewSignal) -> Result<Broadcasted, Error> {
        let (now, signal) = (timestamp(now)?, new_signal(signal)?);
        let broadcast = self.0.borrow_mut().broadcast(now, signal);
        Ok(Broadcasted {
            sent: sent(&broadcast.sent),
            enrolled: broadcast.enrolled,
        })
    }

    fn take(&self, now: i64, filter: SignalFilter) -> Result<SignalCheck, Error> {
        let now = timestamp(now)?;
        let taken = self.0.borrow_mut().take(now, &signal_filter(filter));
        Ok(signal_check(taken))
    }

    fn check(&self, now: i64, filter: SignalFilter) -> Result<SignalCheck, Error> {
        let now = timestamp(now)?;
        let found = self.0.borrow().check(now, &signal_filter(filter));
        Ok(signal_check(found))
    }

    fn pending(&self, now: i64, filter: SignalFilter) -> Result<Vec<PendingSignal>, Error> {
        let now = timestamp(now)?;
        let pending = self.0.borrow().pending(now, &signal_filter(filter));
        Ok(pending.into_iter().map(pending_signal).collect())
    }

    fn clear(&self, now: i64, filter: SignalFilter) -> Result<u64, Error> {
        let now = timestamp(now)?;
        Ok(self.0.borrow_mut().clear(now, &signal_filter(filter)))
    }

    fn enrol(&self, now: i64, agent_id: String) -> Result<(), Error> {
        let now = timestamp(now)?;
        self.0.borrow_mut().enrol(now, agent_id);
        Ok(())
    }

    fn handle_timeout(&self, now: i64) -> Result<(), Error> {
        let now = timestamp(now)?;
        self.0.borrow_mut().handle_timeout(now);
        Ok(())
    }

    fn poll_timeout(&self) -> Option<Wake> {
        let (at, reason) = self.0.borrow().poll_timeout()?;
        Some(wake(at, reason.name()))
    }
}

pub(crate) struct Waiter(RefCell<coordination::Waiter>);

impl GuestWaiter for Waiter {
    fn new(now: i64, deadline: i64) -> Result<Self, Error> {
        let waiter = coordination::Waiter::new(timestamp(now)?, timestamp(deadline)?);
        Ok(Self(RefCell::new(waiter)))
    }

    fn handle_wake(&self, now: i64) -> Result<(), Error> {
        let now = timestamp(now)?;
        self.0.borrow_mut().handle_wake(now);
        Ok(())
    }

    fn handle_answer(&self, now: i64, is_there: bool) -> Result<(), Error> {
        let now = timestamp(now)?;
        self.0.borrow_mut().handle_answer(now, is_there);
        Ok(())
    }

    fn handle_failure(&self, now: i64, jitter: u32) -> Result<(), Error> {
        let now = timestamp(now)?;
        self.0.borrow_mut().handle_failure(now, jitter);
        Ok(())
    }

    fn handle_timeout(&self, now: i64) -> Result<(), Error> {
        let now = timestamp(now)?;
        self.0.borrow_mut().handle_timeout(now);
        Ok(())
    }

    fn poll_ask(&self) -> bool {
        self.0.borrow_mut().poll_ask()
    }

    fn poll_timeout(&self) -> Option<Wake> {
        let (at, reason) = self.0.borrow().poll_timeout()?;
        Some(wake(at, reason.name()))
    }

    fn end(&self) -> Option<String> {
        self.0.borrow().end().map(|end| end.name().to_owned())
    }
}

fn new_signal(signal: NewSignal) -> Result<coordination::NewSignal, Error> {
    Ok(coordination::NewSignal {
        signal_id: signal.signal_id,
        signal_type: signal.signal_type,
        source_agent: signal.source_agent,
        target_agent: signal.target_agent,
        payload: object("payload", &signal.payload)?,
        ttl_s: signal.ttl_s,
    })
}

fn signal_filter(filter: SignalFilter) -> coordination::SignalFilter {
    coordination::SignalFilter {
        agent_id: filter.agent_id,
        signal_type: filter.signal_type,
        source_agent: filter.source_agent,
    }
}

fn sent(sent: &coordination::Sent) -> Sent {
    Sent {
        expires_at: sent.expires_at.as_micros(),
        repeated: sent.repeated,
        differs: sent.differs,
    }
}

fn signal_check(check: coordination::SignalCheck) -> SignalCheck {
    match check {
        coordination::SignalCheck::Pending(held) => SignalCheck::Pending(pending_signal(held)),
        coordination::SignalCheck::Delivered(held) => SignalCheck::Delivered(pending_signal(held)),
        coordination::SignalCheck::Expired(held) => SignalCheck::Expired(pending_signal(held)),
        coordination::SignalCheck::NeverSeen {
            observed_since,
            last_delivered_at,
        } => SignalCheck::NeverSeen(NeverSeen {
            observed_since: observed_since.map(Timestamp::as_micros),
            last_delivered_at: last_delivered_at.map(Timestamp::as_micros),
        }),
    }
}

fn pending_signal(held: coordination::PendingSignal) -> PendingSignal {
    let signal = held.signal;
    PendingSignal {
        signal_id: signal.signal_id,
        signal_type: signal.signal_type,
        source_agent: signal.source_agent,
        target_agent: signal.target_agent,
        payload: signal.payload.as_str().to_owned(),
        sent_at: signal.timestamp.map(Timestamp::as_micros),
        ttl_s: signal.ttl_seconds,
        expires_at: held.expires_at.as_micros(),
    }
}
