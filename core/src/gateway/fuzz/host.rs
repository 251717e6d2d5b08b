//! What is around the gateway: Redis, errors, the monitor.

use super::{Fault, Step, end_of, holds, letter, script};
use crate::gateway::RestartOutcome;
use crate::gateway::channel_health::Channel;
use crate::gateway::channel_probe::ChannelProbe;
use crate::gateway::error_budget::{BudgetPolicy, BudgetVerdict, ErrorBudget};
use crate::gateway::health_monitor::{
    self, Check, Diagnosis, HealthMonitor, MonitorMemory, MonitorPolicy, Remedy, Suppression,
};
use crate::gateway::redis_mode::{self, ReconnectPolicy, RedisMode, RedisRuntime};
use crate::time::Timestamp;

/// After the end nothing is connected, and a gateway without Redis always tries again.
#[doc(hidden)]
pub fn fuzz_redis_mode(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = RedisRuntime::new(ReconnectPolicy::default());
    let mut started = false;
    for Step {
        now,
        latest,
        input,
        argument,
    } in script(bytes)
    {
        match input % 7 {
            0 => {
                machine.handle_start(now);
                started = true;
            }
            1 => machine.handle_connected(now),
            2 => machine.handle_connect_failed(now),
            3 => machine.handle_disconnected(now),
            4 if argument % 16 == 0 => machine.handle_shutdown(now),
            _ => settle!(machine, now, latest),
        }
        let mode = machine.mode();
        while let Some(action) = machine.poll_action() {
            holds(
                mode != RedisMode::Shutdown || action == redis_mode::Action::Disconnect,
                "works on after the end",
            )?;
        }
        let waits = machine.poll_timeout().is_some();
        let settled = matches!(mode, RedisMode::Connected | RedisMode::Shutdown);
        holds(!started || waits != settled, "no way back to Redis")?;
        while let Some(changed) = machine.poll_event() {
            holds(changed.from != changed.to, "changed to what it was")?;
        }
    }
    Ok(())
}

/// Every error is reported or counted, and no window reports more than its budget.
#[doc(hidden)]
pub fn fuzz_error_budget(bytes: &[u8]) -> Result<(), Fault> {
    let policy = BudgetPolicy::default();
    let mut machine = ErrorBudget::new(policy);
    let (mut suppressed, mut summed) = (0_u64, 0_u64);
    for Step {
        now,
        latest,
        input,
        argument,
    } in script(bytes)
    {
        if input % 4 == 0 {
            settle!(machine, now, latest);
        } else if machine.handle_error(now, letter(argument)) == BudgetVerdict::Suppress {
            suppressed += 1;
        }
        while let Some(summary) = machine.poll_event() {
            holds(summary.emitted <= 3, "reports more than its budget")?;
            holds(summary.from <= summary.to, "ends before it begins")?;
            summed += summary.suppressed;
        }
        holds(summed <= suppressed, "sums up what was not suppressed")?;
    }
    let latest = end_of(bytes);
    machine.handle_timeout(latest.saturating_add_us(86_400_000_000));
    if latest < Timestamp::MAX.saturating_add_us(-86_400_000_000) {
        summed += machine.poll_event().map_or(0, |summary| summary.suppressed);
        holds(
            summed == suppressed,
            "a suppressed error is never summed up",
        )?;
    }
    Ok(())
}

/// Restarts and alerts keep their distance under both policies.
#[doc(hidden)]
pub fn fuzz_health_monitor(bytes: &[u8]) -> Result<(), Fault> {
    for remedy in [Remedy::OperatorAction, Remedy::AutoRestart] {
        let policy = MonitorPolicy {
            remedy,
            ..MonitorPolicy::default()
        };
        let mut machine = HealthMonitor::new(policy.clone(), MonitorMemory::default());
        let (mut restarted, mut alerted) = (None, None);
        for Step {
            now,
            latest,
            input,
            argument,
        } in script(bytes)
        {
            let channels = [(
                Channel::from(letter(argument)),
                ChannelProbe::Counts {
                    severe: u64::from(argument % 8),
                    success: u64::from(argument % 3),
                },
            )];
            let check = Check {
                diagnosis: match argument % 4 {
                    0 => Diagnosis::Missing,
                    1 => Diagnosis::Done { failed: &[] },
                    2 => Diagnosis::Done {
                        failed: &["model-api"],
                    },
                    _ => Diagnosis::Done {
                        failed: &["process"],
                    },
                },
                channels: &channels,
                muted: &[],
                suppression: if argument % 7 == 6 {
                    Suppression::On
                } else {
                    Suppression::Off
                },
            };
            match input % 5 {
                0..=1 => machine.handle_check(now, check),
                2 if argument % 2 == 0 => machine.handle_restarted(now, RestartOutcome::Done),
                2 => machine.handle_restarted(now, RestartOutcome::Failed),
                3 => {
                    // The host was started anew with what was remembered.
                    machine = HealthMonitor::new(policy.clone(), machine.memory().clone());
                    machine.handle_timeout(latest);
                }
                _ => settle!(machine, now, latest),
            }
            while let Some(action) = machine.poll_action() {
                let last = match action {
                    health_monitor::Action::Restart => {
                        holds(remedy == Remedy::AutoRestart, "restarted unasked")?;
                        restarted.replace(latest).map(|last| (last, 900))
                    }
                    health_monitor::Action::AlertGateway { .. } => {
                        alerted.replace(latest).map(|last| (last, 1_200))
                    }
                    _ => None,
                };
                let early = last.is_some_and(|(last, least_s): (Timestamp, i64)| {
                    latest.as_micros() - last.as_micros() < least_s * 1_000_000
                });
                holds(!early, "acts again too early")?;
            }
            while machine.poll_event().is_some() {}
        }
    }
    Ok(())
}
