//! Alerts on thresholds of the user's own.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::Seconds;
use crate::time::Timestamp;

/// All rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AlertsView {
    /// In the order of the settings.
    pub rules: Vec<AlertRuleView>,
}

/// One rule and what it sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertRuleView {
    /// Its name.
    pub name: String,
    /// What it looks at: `spend_today`, `spend_month`, `agents_quiet`,
    /// `approvals_waiting` or `diagnosis`.
    pub kind: &'static str,
    /// Its threshold, in words.
    pub when: String,
    /// `quiet`, `firing` or `unknown`.
    pub state: AlertState,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What it sees now, in words.
    pub finding: String,
    /// `page`, `command` or `webhook`.
    pub delivery: &'static str,
    /// For how long it is not delivered again.
    pub cooldown_s: Seconds,
    /// Until when it is not delivered at all.
    pub muted_until: Option<Timestamp>,
    /// When it was last delivered.
    pub last_delivered_at: Option<Timestamp>,
    /// Why the last delivery failed.
    pub last_error: Option<String>,
}

/// Whether a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It does not hold.
    Quiet,
    /// It holds.
    Firing,
    /// What it looks at is not known.
    Unknown,
}
