//! The monitor: diagnoses again and again, and does what the machine of the core asks
//! for. What it remembers is kept between runs, so that a timer can drive it.

mod alert;
mod memory;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_core::Timestamp;
use muster_core::diagnose::LayerStatus;
use muster_core::gateway::RestartOutcome;
use muster_core::gateway::channel_health::Channel;
use muster_core::gateway::channel_probe::{ChannelProbe, ProbeStatus, probe_channels};
use muster_core::gateway::health_monitor::{
    Action, Check, Diagnosis, Event, HealthMonitor, MonitorMemory, MonitorPolicy, Remedy,
    Suppression,
};
use muster_core::view::{DiagnosisView, MonitorChannelView, MonitorCheckView, MonitorDoneView};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

pub use alert::AlertTargets;

use super::Bundle;
use super::collect::run;
use crate::error::describe;
use crate::random;

/// The name under which telemetry knows the checks.
const COMPONENT: &str = "check-gateway-health";
/// The key of Redis that switches alerts off.
const SUPPRESS_KEY: &str = "alerts:suppress:check-gateway-health";
/// The key of Redis with the channels about which nobody is alerted.
const MUTED_KEY: &str = "gateway:health:muted-channels";

/// How the monitor acts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonitorOptions {
    /// Where what is remembered is kept.
    pub state: PathBuf,
    /// So many checks in a row must fail before anything is done.
    pub streak: u32,
    /// Whether telemetry is asked how the channels are.
    pub probe_channels: bool,
    /// A shell command that restarts the gateway; without one nothing is restarted.
    pub restart_command: Option<String>,
    /// Where alerts go.
    pub alerts: AlertTargets,
    /// A file or address that takes an event for every check.
    pub emit: Option<String>,
    /// A file in the text format of Prometheus.
    pub metrics: Option<PathBuf>,
}

/// A moment's diagnosis and the evidence of it.
pub type Looked = (DiagnosisView, Bundle);

/// One check: diagnoses, remembers, and does what is due.
pub async fn check(
    options: &MonitorOptions,
    start: Timestamp,
    mut look: impl AsyncFnMut(Timestamp) -> Option<Looked>,
) -> MonitorCheckView {
    let began = Instant::now();
    // A clock that was set by an option goes on from there.
    let now = || {
        let us = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
        start.saturating_add_us(us)
    };
    let policy = MonitorPolicy {
        remedy: if options.restart_command.is_some() {
            Remedy::AutoRestart
        } else {
            Remedy::OperatorAction
        },
        streak: options.streak,
        ..MonitorPolicy::default()
    };
    let mut done = Vec::new();
    let memory = match memory::load(&options.state) {
        Ok(memory) => memory,
        Err(why) => {
            let detail = format!("{}: {why}; counting begins anew", options.state.display());
            done.push(told("memory", false, detail));
            MonitorMemory::default()
        }
    };
    let restart_limit = Duration::from_millis(policy.restart_ms);
    let mut machine = HealthMonitor::new(policy, memory);
    let mut last = look(now()).await;
    let mut probes = probe(options, now(), last.as_ref());
    handle(&mut machine, now(), last.as_ref(), &probes);
    loop {
        while let Some(action) = machine.poll_action() {
            match action {
                Action::Restart => {
                    let outcome = restart(options, restart_limit).await;
                    let restarted = match &outcome {
                        Ok(()) => RestartOutcome::Done,
                        Err(_) => RestartOutcome::Failed,
                    };
                    let detail = outcome
                        .clone()
                        .err()
                        .unwrap_or_else(|| "it was restarted".into());
                    done.push(told("restart", outcome.is_ok(), detail));
                    // As soon as it is restarted, so that others do not do it again.
                    save(options, &machine, &mut done);
                    machine.handle_restarted(now(), restarted);
                }
                Action::Diagnose => {
                    last = look(now()).await;
                    let verdict = last
                        .as_ref()
                        .map_or("none", |(view, _)| view.verdict.name());
                    done.push(told("diagnose", last.is_some(), verdict.to_owned()));
                    probes = probe(options, now(), last.as_ref());
                    handle(&mut machine, now(), last.as_ref(), &probes);
                }
                Action::RequestOperator { layers } => {
                    let detail = format!("layers {}", layers.join(", "));
                    done.push(told("operator_action", true, detail));
                }
                Action::AlertGateway { streak, .. } => {
                    let text = alert_text(last.as_ref().map(|(view, _)| view), streak);
                    if !alert(options, &text, &mut done).await {
                        machine.handle_undelivered(&action);
                    }
                }
                Action::AlertChannels(ref channels) => {
                    if !alert(options, &channel_text(channels, &probes), &mut done).await {
                        machine.handle_undelivered(&action);
                    }
                }
            }
        }
        let Some((at, _)) = machine.poll_timeout() else {
            break;
        };
        let us = at.as_micros().saturating_sub(now().as_micros());
        sleep(Duration::from_micros(u64::try_from(us).unwrap_or(0))).await;
        machine.handle_timeout(now());
    }
    save(options, &machine, &mut done);
    let view = view(&mut machine, start, last.as_ref(), &probes, done);
    record(options, view, last.as_ref(), began.elapsed()).await
}

fn told(what: &str, ok: bool, detail: String) -> MonitorDoneView {
    MonitorDoneView {
        what: what.to_owned(),
        ok,
        detail,
    }
}

/// Names of the layers that failed.
fn failed_layers(view: &DiagnosisView) -> Vec<&'static str> {
    let failed = view
        .layers
        .iter()
        .filter(|layer| layer.status == LayerStatus::Failed);
    failed.map(|layer| layer.layer.name()).collect()
}

/// A channel and what telemetry says of it.
type Probed = (Channel, ChannelProbe);

fn probe(options: &MonitorOptions, now: Timestamp, looked: Option<&Looked>) -> Vec<Probed> {
    if !options.probe_channels {
        return Vec::new();
    }
    let lines = looked.and_then(|(_, bundle)| bundle.evidence.get("otel")?.as_str());
    probe_channels(lines.map(str::as_bytes), now)
}

fn handle(
    machine: &mut HealthMonitor,
    now: Timestamp,
    looked: Option<&Looked>,
    channels: &[Probed],
) {
    let Some((view, bundle)) = looked else {
        let check = Check {
            diagnosis: Diagnosis::Missing,
            channels,
            muted: &[],
            suppression: Suppression::Off,
        };
        return machine.handle_check(now, check);
    };
    let failed = failed_layers(view);
    let value = |key: &str| {
        let values = bundle.evidence.get("redis")?.get("values")?;
        values.get(key)?.as_str().map(str::to_owned)
    };
    let muted: Vec<Channel> = value(MUTED_KEY)
        .and_then(|text| serde_json::from_str::<Vec<String>>(&text).ok())
        .unwrap_or_default()
        .iter()
        .map(|name| Channel::from(name.as_str()))
        .collect();
    let suppressed = value(SUPPRESS_KEY).is_some_and(|text| matches!(text.as_str(), "1" | "true"));
    let check = Check {
        diagnosis: Diagnosis::Done { failed: &failed },
        channels,
        muted: &muted,
        suppression: if suppressed {
            Suppression::On
        } else {
            Suppression::Off
        },
    };
    machine.handle_check(now, check);
}

async fn restart(options: &MonitorOptions, limit: Duration) -> Result<(), String> {
    let Some(command) = &options.restart_command else {
        return Err("no command restarts it".to_owned());
    };
    let shown = run(&["sh", "-c", command], limit).await?;
    match shown.exit {
        Some(0) => Ok(()),
        _ => Err(shown.complaint()),
    }
}

/// Whether the alert reached somebody. Where nobody is to be told, the answer tells.
async fn alert(options: &MonitorOptions, text: &str, done: &mut Vec<MonitorDoneView>) -> bool {
    if options.alerts.is_empty() {
        let detail = format!("there is nobody to tell: {text}");
        done.push(told("alert", false, detail));
        return true;
    }
    let mut delivered = false;
    for (target, outcome) in options.alerts.send(text).await {
        delivered |= outcome.is_ok();
        let detail = match &outcome {
            Ok(()) => format!("to {target}: {text}"),
            Err(why) => format!("to {target}: {why}"),
        };
        done.push(told("alert", outcome.is_ok(), detail));
    }
    delivered
}

fn channel_text(failing: &[(Channel, ProbeStatus)], probes: &[Probed]) -> String {
    let named = failing.iter().map(|(channel, status)| {
        let counts = match probes.iter().find(|(name, _)| name == channel) {
            Some((_, ChannelProbe::Counts { severe, success })) => {
                format!(" ({severe} failures, {success} successes in 30 min)")
            }
            _ => String::new(),
        };
        format!("{} {}{counts}", channel.0, status.name())
    });
    let named: Vec<String> = named.collect();
    format!("gateway channels: {}", named.join(", "))
}

fn alert_text(view: Option<&DiagnosisView>, streak: u32) -> String {
    let Some(view) = view else {
        return format!("gateway: {streak} checks in a row gave no diagnosis");
    };
    let mut text = format!(
        "gateway {}: {} ({}), {streak} check(s) in a row failed",
        view.verdict.name(),
        view.summary,
        view.cause
    );
    if let Some(remedy) = view.remedies.first() {
        text += ". First: ";
        text += &remedy.text;
        if let Some(command) = &remedy.command {
            text += ": ";
            text += command;
        }
    }
    text
}

fn save(options: &MonitorOptions, machine: &HealthMonitor, done: &mut Vec<MonitorDoneView>) {
    if let Err(error) = memory::save(&options.state, machine.memory()) {
        let detail = format!("{}: {}", options.state.display(), describe(&error));
        done.push(told("memory", false, detail));
    }
}

fn view(
    machine: &mut HealthMonitor,
    at: Timestamp,
    looked: Option<&Looked>,
    probes: &[Probed],
    mut done: Vec<MonitorDoneView>,
) -> MonitorCheckView {
    let (mut success, mut streak) = (false, 0);
    let (mut failing_channels, mut muted_channels) = (Vec::new(), Vec::new());
    let names = |channels: &[Channel]| -> Vec<String> {
        let names = channels.iter().map(|channel| channel.0.to_string());
        names.collect()
    };
    while let Some(event) = machine.poll_event() {
        let name = event.name();
        match event {
            // The last check is that after a restart, where there was one.
            Event::Checked {
                success: fine,
                streak: row,
                actionable,
                muted,
            } => {
                success = fine;
                streak = row;
                failing_channels = names(&actionable);
                muted_channels = names(&muted);
            }
            Event::SelfHealed => done.push(told(name, true, "the restart helped".to_owned())),
            Event::OperatorActionRequested => {
                done.push(told(name, true, "somebody has to act".to_owned()));
            }
            Event::AlertSuppressed => {
                done.push(told(name, true, "alerts are switched off".to_owned()));
            }
        }
    }
    MonitorCheckView {
        at,
        success,
        verdict: looked.map_or("unknown", |(view, _)| view.verdict.name()),
        cause: looked.map_or_else(|| "none".to_owned(), |(view, _)| view.cause.clone()),
        failed_layers: looked
            .map(|(view, _)| failed_layers(view).into_iter().map(str::to_owned).collect())
            .unwrap_or_default(),
        streak,
        failing_channels,
        muted: muted_channels,
        channels: probes
            .iter()
            .map(|(channel, probe)| MonitorChannelView::of(channel, *probe))
            .collect(),
        done,
    }
}

/// Emits the check and writes the metrics; what fails is told in the answer.
async fn record(
    options: &MonitorOptions,
    mut view: MonitorCheckView,
    looked: Option<&Looked>,
    took: Duration,
) -> MonitorCheckView {
    if let Some(target) = &options.emit {
        let event = otel_event(&view, took);
        let outcome = if target.starts_with("http://") || target.starts_with("https://") {
            alert::post(target.clone(), event.to_string()).await
        } else {
            append(Path::new(target), &format!("{event}\n"))
        };
        if let Err(why) = outcome {
            view.done.push(told("emit", false, why));
        }
    }
    if let Some(path) = &options.metrics
        && let Err(error) = memory::write(path, &metrics(&view, looked, took))
    {
        let detail = format!("{}: {}", path.display(), describe(&error));
        view.done.push(told("metrics", false, detail));
    }
    view
}

fn append(path: &Path, line: &str) -> Result<(), String> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .map_err(|error| format!("{}: {}", path.display(), describe(&error)))
}

/// The event of a check, as the gateway's own telemetry has it.
fn otel_event(view: &MonitorCheckView, took: Duration) -> Value {
    let actions: Vec<&str> = view.done.iter().map(|done| done.what.as_str()).collect();
    json!({
        "id": random::id("muster").unwrap_or_default(),
        "timestamp": view.at.as_micros().div_euclid(1000),
        "level": if view.success { "info" } else { "warn" },
        "source": "muster",
        "component": COMPONENT,
        "action": "gateway.health.checked",
        "duration_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "success": view.success,
        "metadata": {
            "verdict": view.verdict,
            "cause": view.cause,
            "failedLayers": view.failed_layers,
            "generalStreak": view.streak,
            "failingChannels": view.failing_channels,
            "mutedChannels": view.muted,
            "done": actions,
        },
    })
}

fn metrics(view: &MonitorCheckView, looked: Option<&Looked>, took: Duration) -> String {
    use std::fmt::Write as _;

    let mut out = String::new();
    let mut gauge = |name: &str, help: &str, value: String| {
        let _ = writeln!(out, "# HELP muster_gateway_{name} {help}");
        let _ = writeln!(
            out,
            "# TYPE muster_gateway_{name} gauge\nmuster_gateway_{name} {value}"
        );
    };
    gauge(
        "healthy",
        "1 where nothing fails that anything is done about.",
        u8::from(view.success).to_string(),
    );
    gauge(
        "failed_checks",
        "Checks that failed in a row.",
        view.streak.to_string(),
    );
    gauge(
        "check_seconds",
        "How long the check took.",
        took.as_secs_f64().to_string(),
    );
    gauge(
        "checked_seconds",
        "When it was checked, in seconds since 1970.",
        view.at.as_micros().div_euclid(1_000_000).to_string(),
    );
    let _ = writeln!(out, "# HELP muster_gateway_layer The state of each layer.");
    let _ = writeln!(out, "# TYPE muster_gateway_layer gauge");
    for layer in looked
        .map(|(view, _)| view.layers.as_slice())
        .unwrap_or_default()
    {
        let (name, status) = (layer.layer.name(), layer.status.name());
        let _ = writeln!(
            out,
            "muster_gateway_layer{{layer=\"{name}\",status=\"{status}\"}} 1"
        );
    }
    if !view.channels.is_empty() {
        let _ = writeln!(
            out,
            "# HELP muster_gateway_channel What telemetry says of each channel."
        );
        let _ = writeln!(out, "# TYPE muster_gateway_channel gauge");
        for channel in &view.channels {
            let _ = writeln!(
                out,
                "muster_gateway_channel{{channel=\"{}\",status=\"{}\"}} 1",
                channel.channel, channel.status
            );
        }
    }
    out
}
