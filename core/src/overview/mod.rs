//! A fleet at a glance: what a store said last, what changed since, what became of
//! signals, and the verdict over all of it.
//!
//! A host asks the store and hands the answers over; the views of a dashboard are
//! made of what is kept here, at any later time, without asking again.

mod alerts;
mod changes;
mod glance;
mod signal_lives;

pub use alerts::{AlertBook, AlertDelivery, AlertFacts, AlertRule, AlertWhen};
pub use changes::{Change, ChangeKind, ChangeLog, ChangeTimeout};
pub use glance::{Differs, Glance, GlanceParts, Overview};
pub use signal_lives::{EndedSignal, SignalLife, SignalLives};

#[cfg(test)]
mod tests;
