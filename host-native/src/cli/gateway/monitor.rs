//! `muster gateway monitor`: diagnoses again and again, and alerts.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use muster_core::diagnose::DiagnoseOptions;

use super::live::{LiveArgs, block_on};
use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::folders;
use crate::gateway::{AlertTargets, MonitorOptions, check};
use crate::render;

/// Watch a gateway: alert, and restart it where that was asked for
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster gateway monitor --once --alert-webhook https://example.org/hook\n  \
        muster gateway monitor --every 60 --alert-command 'mail -s gateway me <<< \"$MUSTER_ALERT\"'\n  \
        muster gateway monitor --once --restart-command 'systemctl restart joelclaw-gateway'\n\n\
        Failures in a row are remembered between runs: a timer can run it with --once.\n\
        Alerts are sent after two checks in a row failed, and then not for 20 minutes;\n\
        one that reached nobody is sent again at the next check.\n\
        Nothing is restarted without --restart-command; after a restart it waits 6 s,\n\
        looks again, and alerts only if that did not help.\n\n\
        Exit status with --once: 0 nothing is failing, 1 something is."
)]
pub(crate) struct Monitor {
    #[command(flatten)]
    live: LiveArgs,
    /// Check once and end
    #[arg(long, conflicts_with = "every")]
    once: bool,
    /// Check every so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=86400))]
    every: u32,
    /// Act after so many failed checks in a row
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    streak: u32,
    /// Run this shell command with the alert in `$MUSTER_ALERT`
    #[arg(long, value_name = "COMMAND")]
    alert_command: Option<String>,
    /// Post alerts to this address as {"text": ...}
    #[arg(long, value_name = "URL")]
    alert_webhook: Option<String>,
    /// Send alerts to this Telegram chat; the bot's token is in `MUSTER_TELEGRAM_TOKEN`
    #[arg(long, value_name = "CHAT", allow_hyphen_values = true)]
    alert_telegram: Option<String>,
    /// Ask telemetry how each channel is, and alert about those that keep failing
    #[arg(long, env = "GATEWAY_CHANNEL_OTEL_PROBES_ENABLED", action = clap::ArgAction::SetTrue, value_parser = clap::builder::FalseyValueParser::new())]
    channel_probes: bool,
    /// Restart the gateway by this shell command before anybody is alerted
    #[arg(long, value_name = "COMMAND")]
    restart_command: Option<String>,
    /// Emit every check as a telemetry event into this file, or to this address
    #[arg(long, value_name = "FILE|URL")]
    emit: Option<String>,
    /// Write metrics for Prometheus into this file
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Remember failures in this file [default: in the data folder]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

impl Monitor {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let live = self.live.open(context)?;
        let state = match &self.state {
            Some(path) => path.clone(),
            None => folders::data()
                .map(|folder| folder.join(format!("gateway-monitor-{}.json", live.profile.name)))
                .ok_or_else(|| {
                    Failure::unreachable("there is no data folder to remember failures in")
                        .hint("set HOME or XDG_DATA_HOME, or name a file by --state")
                })?,
        };
        let options = MonitorOptions {
            state,
            streak: self.streak,
            probe_channels: self.channel_probes,
            restart_command: self.restart_command.clone(),
            alerts: AlertTargets {
                command: self.alert_command.clone(),
                webhook: self.alert_webhook.clone(),
                telegram: self.alert_telegram.clone(),
            },
            emit: self.emit.clone(),
            metrics: self.metrics.clone(),
        };
        let diagnosis = DiagnoseOptions::default();
        block_on(async {
            loop {
                let view = check(&options, context.clock.now(), async |now| {
                    let bundle = live.collect(now, diagnosis.hours, true).await;
                    let view = live.diagnose(bundle.clone(), &diagnosis).ok()?;
                    Some((view, bundle))
                })
                .await;
                context.answer(&view, render::monitor_check)?;
                if self.once {
                    return Ok(Answer::of(view.success));
                }
                tokio::time::sleep(Duration::from_secs(self.every.into())).await;
            }
        })
    }
}
