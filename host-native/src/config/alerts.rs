//! `[[alert]]`.

use muster_core::Usd;
use muster_core::overview::{AlertDelivery, AlertWhen};
use toml::de::DeValue;

use super::Config;
use super::reader::{Reader, Value, digits};
use crate::error::Failure;

/// An alert on a threshold of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertSettings {
    /// `name`: what it is called.
    pub name: String,
    /// `when` and `above`: when it holds.
    pub when: AlertWhen,
    /// `cooldown_s`: for how long it is not told again, in microseconds.
    pub cooldown_us: u64,
    /// `command` or `webhook`: how it is told, beside the page.
    pub target: AlertTarget,
}

/// How an alert is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertTarget {
    /// On the page alone.
    Page,
    /// By a command, which has the alert on its standard input.
    Command(Vec<String>),
    /// By a POST to an address.
    Webhook(String),
}

impl AlertTarget {
    /// Which sort it is.
    pub const fn delivery(&self) -> AlertDelivery {
        match self {
            Self::Page => AlertDelivery::Page,
            Self::Command(_) => AlertDelivery::Command,
            Self::Webhook(_) => AlertDelivery::Webhook,
        }
    }
}

/// For how long an alert is not told again where nobody says, in microseconds.
const ALERT_COOLDOWN_US: u64 = 900_000_000;

impl Reader<'_> {
    pub(super) fn alerts(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        let DeValue::Array(alerts) = value.get_ref() else {
            return Err(self.error(&value.span(), "alerts are [[alert]]"));
        };
        for alert in alerts {
            config.alerts.push(self.alert(alert)?);
        }
        Ok(())
    }

    pub(super) fn alert(&self, value: &Value<'_>) -> Result<AlertSettings, Failure> {
        let (mut name, mut when, mut above) = (None, None, None);
        let mut cooldown_us = ALERT_COOLDOWN_US;
        let mut target = AlertTarget::Page;
        for (key, field) in self.table(value)? {
            match &**key.get_ref() {
                "name" => name = Some(self.string(field)?.to_owned()),
                "when" => when = Some((self.string(field)?, field)),
                "above" => above = Some(field),
                "cooldown_s" => cooldown_us = self.seconds(field)?,
                "command" => target = AlertTarget::Command(self.strings(field)?),
                "webhook" => {
                    let url = self.string(field)?;
                    if !url.starts_with("https://") && !url.starts_with("http://") {
                        let message = "a webhook begins with https:// or http://";
                        return Err(self.error(&field.span(), message));
                    }
                    target = AlertTarget::Webhook(url.to_owned());
                }
                name => return Err(self.unknown(&key.span(), &format!("alert.{name}"))),
            }
        }
        let Some((when, at)) = when else {
            return Err(self.error(&value.span(), "an alert needs when"));
        };
        let when = self.alert_when(when, at, above, value)?;
        Ok(AlertSettings {
            name: name.unwrap_or_else(|| when.name().to_owned()),
            when,
            cooldown_us,
            target,
        })
    }

    pub(super) fn alert_when(
        &self,
        when: &str,
        at: &Value<'_>,
        above: Option<&Value<'_>>,
        alert: &Value<'_>,
    ) -> Result<AlertWhen, Failure> {
        let needed =
            || above.ok_or_else(|| self.error(&alert.span(), &format!("{when} needs above")));
        let usd = || {
            let field = needed()?;
            Usd::parse(&digits(field))
                .map_err(|_| self.error(&field.span(), "a number of US dollars is needed"))
        };
        Ok(match when {
            "spend_today" => AlertWhen::SpendToday(usd()?),
            "spend_month" => AlertWhen::SpendMonth(usd()?),
            "agents_quiet" => AlertWhen::AgentsQuiet(match above {
                None => 0,
                Some(field) => digits(field)
                    .parse()
                    .map_err(|_| self.error(&field.span(), "a whole number is needed"))?,
            }),
            "approvals_waiting" => AlertWhen::ApprovalsWaiting(self.seconds(needed()?)?),
            "diagnosis" => AlertWhen::Diagnosis,
            _ => {
                return Err(self.error(
                    &at.span(),
                    "when is spend_today, spend_month, agents_quiet, approvals_waiting or diagnosis",
                ));
            }
        })
    }
}
