//! The session and its models.

use super::{Fault, Step, holds, letter, script};
use crate::gateway::failure_kind::FailureKind;
use crate::gateway::fallback::{self, Catalogue, Fallback, FallbackPolicy, Model, Prompt};
use crate::gateway::model_alerts::{HourOfOperator, ModelAlertPolicy, ModelAlerts};
use crate::gateway::pressure::{PressureAlertMemory, PressureAlerts, PressureHealth};
use crate::gateway::watchdog::{self, FallbackUse, Maintenance, TurnEnd, Watchdog, WatchdogPolicy};

/// The session never moves to a model it is on, and every wake-up settles.
#[doc(hidden)]
pub fn fuzz_fallback(bytes: &[u8]) -> Result<(), Fault> {
    let policy = FallbackPolicy::new(Model::new("a", "big"), Model::new("b", "small"));
    let mut machine = Fallback::new(policy, Catalogue::Known);
    for Step {
        now,
        latest,
        input,
        argument,
    } in script(bytes)
    {
        let prompt = Prompt(u64::from(argument % 3));
        let result = if argument % 2 == 0 {
            Ok(())
        } else {
            Err("429")
        };
        match input % 11 {
            0 => machine.handle_dispatched(now, prompt),
            1 => machine.handle_first_token(now, prompt),
            2 => machine.handle_activity(now, prompt),
            3 => machine.handle_pause(now),
            4 => machine.handle_resume(now),
            5 => machine.handle_cancel(now),
            6 => machine.handle_turn_end(now, prompt),
            7 => machine.handle_prompt_error(now, u32::from(argument % 5)),
            8 => machine.handle_model_set(now, result),
            9 => machine.handle_probe_answer(now, result),
            _ => settle!(machine, now, latest),
        }
        while let Some(action) = machine.poll_action() {
            let primary = matches!(&action, fallback::Action::SetModel(m) if &*m.name == "big");
            let back = matches!(&action, fallback::Action::SetModel(m) if &*m.name == "small");
            holds(
                !primary || machine.is_active(),
                "restored without a fallback",
            )?;
            holds(!back || !machine.is_active(), "moved to where it is")?;
        }
        while machine.poll_event().is_some() {}
    }
    Ok(())
}

/// One restart at most, an abort only for a turn that is open, wake-ups settle.
#[doc(hidden)]
pub fn fuzz_watchdog(bytes: &[u8]) -> Result<(), Fault> {
    let mut machine = Watchdog::new(WatchdogPolicy::default());
    let (mut restarts, mut prompts, mut aborts) = (0_u32, 0_u32, 0_u32);
    for Step {
        now,
        latest,
        input,
        argument,
    } in script(bytes)
    {
        match input % 10 {
            0 | 1 => {
                prompts += 1;
                machine.handle_prompt(now, letter(argument));
            }
            2 => machine.handle_turn_start(now),
            3 => machine.handle_message_start(now),
            4 if argument % 2 == 0 => machine.handle_turn_end(now, TurnEnd::Step),
            4 => machine.handle_turn_end(now, TurnEnd::Run),
            5 => machine.handle_abort_failed(now),
            6 => machine.handle_failures(now, u32::from(argument % 5)),
            7 if argument % 2 == 0 => machine.handle_fallback(now, FallbackUse::Inactive),
            7 => machine.handle_fallback(now, FallbackUse::Active { since: None }),
            8 if argument % 2 == 0 => machine.handle_maintenance(now, Maintenance::Active),
            8 => machine.handle_maintenance(now, Maintenance::Idle),
            _ => settle!(machine, now, latest),
        }
        while let Some(action) = machine.poll_action() {
            match action {
                watchdog::Action::Restart(_) => restarts += 1,
                watchdog::Action::Abort => {
                    aborts += 1;
                    holds(prompts > 0, "aborted without a turn")?;
                }
                watchdog::Action::Release => holds(prompts > 0, "released without a turn")?,
            }
        }
        holds(restarts <= 1, "restarted twice")?;
        holds(
            restarts == 0 || machine.poll_timeout().is_none(),
            "goes on after the restart",
        )?;
        while machine.poll_event().is_some() {}
        let _ = machine.session_health(now);
    }
    holds(aborts <= 200, "aborts without end")
}

/// Alerts and recoveries alternate, and the same pressure is not told again early.
#[doc(hidden)]
pub fn fuzz_pressure_alerts(bytes: &[u8]) -> Result<(), Fault> {
    use crate::gateway::pressure::PressureAlert;

    let mut machine =
        PressureAlerts::new(PressureAlerts::COOLDOWN_MS, PressureAlertMemory::default());
    let mut told = PressureHealth::Ok;
    for Step {
        now, latest, input, ..
    } in script(bytes)
    {
        match input % 4 {
            0 => machine.handle_health(now, PressureHealth::Ok),
            1 => machine.handle_health(now, PressureHealth::Elevated),
            2 => machine.handle_health(now, PressureHealth::Critical),
            _ => settle!(machine, now, latest),
        }
        while let Some(alert) = machine.poll_action() {
            match alert {
                PressureAlert::Recovered => {
                    holds(told != PressureHealth::Ok, "recovered from nothing")?;
                    told = PressureHealth::Ok;
                }
                PressureAlert::Raised(health) => {
                    holds(health != PressureHealth::Ok, "alert without pressure")?;
                    told = health;
                }
            }
        }
    }
    Ok(())
}

/// The same failure is not told again early, nobody is woken at night, and memory is
/// bounded by what is young.
#[doc(hidden)]
pub fn fuzz_model_alerts(bytes: &[u8], error: &str) -> Result<(), Fault> {
    let mut machine = ModelAlerts::new(ModelAlertPolicy::default());
    for Step {
        now,
        latest,
        input,
        argument,
    } in script(bytes)
    {
        match input % 4 {
            0 => machine.handle_failure(now, letter(argument), error, u32::from(argument)),
            1 => machine.handle_swap(now, FailureKind::of_text(error), HourOfOperator::Day),
            2 => {
                while machine.poll_action().is_some() {}
                machine.handle_swap(now, FailureKind::Timeout, HourOfOperator::Night);
                holds(machine.poll_action().is_none(), "told at night")?;
            }
            _ => settle!(machine, now, latest),
        }
        while machine.poll_action().is_some() {}
        while machine.poll_event().is_some() {}
    }
    Ok(())
}
