//! Alerts: looked at every second, told by a command or a request.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use muster_core::overview::{AlertBook, AlertFacts, AlertRule, Change, ChangeKind};
use muster_core::view::{AgentCounts, AlertRuleView, AlertsView};
use muster_core::{Timestamp, US_PER_SECOND, to_json};
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::answer::Refusal;
use super::choices::Choices;
use crate::config::{AlertSettings, AlertTarget};
use crate::error::describe;

/// How often the rules are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a delivery may take.
const DELIVERY_LIMIT: Duration = Duration::from_secs(10);
/// A week: a rule is not muted for longer.
const MAX_MUTE_MINUTES: u32 = 7 * 24 * 60;

/// The rules and how they are told.
#[derive(Debug)]
pub(super) struct Alerts {
    book: Mutex<AlertBook>,
    settings: Vec<AlertSettings>,
    mutes: Choices,
    /// Held from looking at the mutes until they are kept.
    keeping: Mutex<()>,
}

/// A rule that is to be silent for a while.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mute {
    name: String,
    minutes: u32,
}

impl Alerts {
    /// The rules of the settings, and the mutes of before that hold still.
    pub(super) fn new(settings: Vec<AlertSettings>, state: Option<&Path>, now: Timestamp) -> Self {
        let rules = settings.iter().map(|alert| AlertRule {
            name: alert.name.clone(),
            when: alert.when,
            delivery: alert.target.delivery(),
            cooldown_us: alert.cooldown_us,
        });
        let mut book = AlertBook::new(rules.collect());
        let mutes = Choices::new(state, "mutes.json");
        for (name, until) in mutes.load::<BTreeMap<String, String>>() {
            let until = Timestamp::parse(&until).ok().filter(|until| *until > now);
            if until.is_some() {
                // A rule that is gone from the settings has no mute either.
                book.mute(&name, until);
            }
        }
        Self {
            book: Mutex::new(book),
            settings,
            mutes,
            keeping: Mutex::default(),
        }
    }

    /// All rules.
    pub(super) fn view(&self, now: Timestamp) -> AlertsView {
        self.book().view(now)
    }

    /// The rules that hold.
    pub(super) fn firing(&self, now: Timestamp) -> Vec<AlertRuleView> {
        self.book().firing(now)
    }

    /// Keeps the mutes that hold at `now` for the server that comes after this one.
    fn save_mutes(&self, now: Timestamp) -> io::Result<()> {
        let _keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = self.view(now).rules;
        let mutes: BTreeMap<String, String> = rules
            .into_iter()
            .filter_map(|rule| Some((rule.name, rule.muted_until?.to_string())))
            .collect();
        self.mutes.save(&mutes)
    }

    fn book(&self) -> MutexGuard<'_, AlertBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Silences a rule, or ends that.
pub(super) fn mute(shared: &Shared, asked: &Mute) -> Result<AlertsView, Refusal> {
    if asked.minutes > MAX_MUTE_MINUTES {
        return Err(Refusal::usage(format!(
            "minutes={}: at most {MAX_MUTE_MINUTES}",
            asked.minutes
        )));
    }
    let now = shared.clock.now();
    let us = i64::from(asked.minutes) * 60 * US_PER_SECOND;
    let until = (asked.minutes > 0).then(|| now.saturating_add_us(us));
    if !shared.alerts.book().mute(&asked.name, until) {
        return Err(Refusal::not_found(format!(
            "there is no alert {}",
            asked.name
        )));
    }
    shared.versions.bump(&["alerts", "now"]);
    shared.alerts.save_mutes(now).map_err(|error| {
        Refusal::unreachable(format!("the mute cannot be kept: {}", describe(&error)))
            .hint("it holds until this server ends")
    })?;
    Ok(shared.alerts.view(now))
}

/// Looks at the rules again and again.
pub(super) async fn watch(shared: Arc<Shared>) {
    if shared.alerts.settings.is_empty() {
        return;
    }
    loop {
        look(&shared);
        sleep(LOOK_EVERY).await;
    }
}

fn look(shared: &Arc<Shared>) {
    let now = shared.clock.now();
    let facts = facts(shared, now);
    let (turns, due) = {
        let mut book = shared.alerts.book();
        book.handle_facts(now, &facts);
        let turns: Vec<_> = std::iter::from_fn(|| book.poll_turn()).collect();
        let due: Vec<_> = std::iter::from_fn(|| book.poll_delivery()).collect();
        (turns, due)
    };
    let has_turned = !turns.is_empty();
    for (name, is_firing, text) in turns {
        let states = if is_firing {
            ("quiet", "firing")
        } else {
            ("firing", "quiet")
        };
        shared.keeper.note(Change {
            at: now,
            kind: ChangeKind::Alert,
            subject: name,
            from: Some(states.0.into()),
            to: states.1.into(),
            text,
        });
    }
    if has_turned || !due.is_empty() {
        shared.versions.bump(&["alerts", "now"]);
    }
    // Telling is writing, of whatever sort.
    if shared.settings.read_only {
        return;
    }
    for alert in due {
        let target = shared
            .alerts
            .settings
            .iter()
            .find(|known| known.name == alert.name)
            .map(|known| known.target.clone());
        if let Some(target) = target.filter(|target| *target != AlertTarget::Page) {
            tokio::spawn(tell(Arc::clone(shared), target, alert));
        }
    }
}

fn facts(shared: &Shared, now: Timestamp) -> AlertFacts {
    let glance = shared.keeper.glance().ok();
    AlertFacts {
        spend: shared.ledger.spend(),
        agents: glance
            .as_ref()
            .map(|glance| AgentCounts::of(&glance.agents(now))),
        waiting: glance.map(|glance| glance.approvals(now, None)),
        diagnosis: shared.diagnosis.finding(),
    }
}

async fn tell(shared: Arc<Shared>, target: AlertTarget, alert: AlertRuleView) {
    let body = to_json(&alert);
    let told = match target {
        AlertTarget::Page => Ok(()),
        AlertTarget::Command(argv) => match timeout(DELIVERY_LIMIT, run(&argv, &alert, body)).await
        {
            Ok(ran) => ran,
            Err(_) => Err("it did not end within 10 s".into()),
        },
        AlertTarget::Webhook(url) => spawn_blocking(move || post(&url, &body))
            .await
            .unwrap_or_else(|_| Err("the delivery broke off".into())),
    };
    shared
        .alerts
        .book()
        .handle_delivered(&alert.name, told.err());
    shared.versions.bump(&["alerts"]);
}

/// Runs a command with the alert on its standard input.
async fn run(argv: &[String], alert: &AlertRuleView, body: String) -> Result<(), String> {
    let (program, arguments) = argv.split_first().ok_or("the command is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .env("MUSTER_ALERT", &alert.name)
        .env("MUSTER_ALERT_TEXT", &alert.finding)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot start {program}: {}", describe(&error)))?;
    if let Some(mut input) = child.stdin.take() {
        // A command that does not read is none the worse for it.
        let _ = input.write_all(body.as_bytes()).await;
    }
    let status = child.wait().await;
    let status = status.map_err(|error| format!("{program}: {}", describe(&error)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{program} ended with {status}"))
    }
}

fn post(url: &str, body: &str) -> Result<(), String> {
    let agent = ureq::Agent::new_with_config(
        ureq::Agent::config_builder()
            .timeout_global(Some(DELIVERY_LIMIT))
            .build(),
    );
    agent
        .post(url)
        .content_type("application/json")
        .send(body)
        .map(drop)
        .map_err(|error| format!("the request failed: {error}"))
}
