//! The process, its service, its pid file and its heartbeat.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::diagnose::case::{Case, duration};
use crate::diagnose::evidence::Document;
use crate::diagnose::layer::Layer;
use crate::diagnose::verdict::{Exhibit, Judgement};

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = running(case);
    found.extend(heartbeat(case));
    found
}

/// A service manager's answer in the words of launchd.
struct Service {
    name: &'static str,
    registered: Option<bool>,
    disabled: Option<bool>,
    state: Option<String>,
    pid: Option<i64>,
}

fn service(case: &Case<'_>) -> Option<Service> {
    if let Some(launchd) = case.evidence.launchd.get() {
        return Some(Service {
            name: "launchd",
            registered: launchd.flag("registered"),
            disabled: launchd.flag("disabled"),
            state: launchd.text("state").map(ToString::to_string),
            pid: launchd.number("pid"),
        });
    }
    let unit = case.evidence.systemd.get()?;
    let text = |a, b| unit.text(a).or_else(|| unit.text(b));
    Some(Service {
        name: "systemd",
        registered: text("load_state", "LoadState").map(|state| state == "loaded"),
        disabled: text("unit_file_state", "UnitFileState")
            .map(|state| matches!(state, "disabled" | "masked")),
        state: text("active_state", "ActiveState").map(ToString::to_string),
        pid: unit
            .number("main_pid")
            .or_else(|| unit.number("MainPID"))
            .filter(|pid| *pid > 0),
    })
}

fn pid_file(process: &Document) -> Option<i64> {
    process
        .text("pid_file")
        .and_then(|text| text.trim().parse().ok())
        .or_else(|| process.number("pid_file"))
}

fn running(case: &Case<'_>) -> Vec<Judgement> {
    let Some(process) = case.evidence.process.get() else {
        return Vec::new();
    };
    let Some(alive) = process.flag("alive") else {
        return vec![Judgement::CannotTell {
            layer: Layer::Process,
            why: "the evidence does not say whether the process runs".to_string(),
        }];
    };
    let service = service(case);
    let said = service.as_ref().map_or_else(String::new, |service| {
        let state = service.state.as_deref().unwrap_or("no state");
        let registered = match service.registered {
            Some(true) => "registered",
            Some(false) => "not registered",
            None => "registration unknown",
        };
        let disabled = if service.disabled == Some(true) {
            ", disabled"
        } else {
            ""
        };
        format!("{}: {registered}{disabled}, {state}", service.name)
    });
    let exhibit = |text: &str| {
        let text = if said.is_empty() {
            text.to_string()
        } else {
            format!("{text}; {said}")
        };
        vec![Exhibit::of("process", text)]
    };
    let disabled = service
        .as_ref()
        .is_some_and(|service| service.disabled == Some(true));
    let unregistered = service
        .as_ref()
        .is_some_and(|service| service.registered == Some(false));
    if !alive {
        let cause = if disabled {
            "process.launchd_disabled"
        } else {
            "process.not_running"
        };
        return vec![case.find(cause, exhibit("the process does not run"))];
    }
    if unregistered || disabled {
        let what = if disabled {
            "the process runs although its service is disabled"
        } else {
            "the process runs, and its service is not registered"
        };
        return vec![case.find("process.launchd_drift", exhibit(what))];
    }
    let pid = service
        .as_ref()
        .and_then(|service| service.pid)
        .or_else(|| process.number("pid"));
    match (pid_file(process), pid) {
        _ if service
            .as_ref()
            .is_some_and(|service| service.registered.is_none()) =>
        {
            vec![Judgement::CannotTell {
                layer: Layer::Process,
                why: "the evidence does not say whether the service is registered".to_string(),
            }]
        }
        (Some(file), Some(pid)) if file != pid => {
            let text = format!("the pid file says {file}, the process is {pid}");
            vec![case.find("process.pid_file_stale", exhibit(&text))]
        }
        _ => Vec::new(),
    }
}

fn heartbeat(case: &Case<'_>) -> Vec<Judgement> {
    let Some(tripwire) = case.evidence.tripwire.get() else {
        return Vec::new();
    };
    let Some(last) = tripwire.time("last_heartbeat_ms") else {
        return vec![Judgement::CannotTell {
            layer: Layer::Process,
            why: "the evidence does not say when the last heartbeat was".to_string(),
        }];
    };
    let limit = case.seconds("tripwire_stale_s", 1800);
    let age = case.age_ms(last);
    if age <= limit {
        return Vec::new();
    }
    // A daemon that is younger than the limit may not have written yet.
    if let Some(started) = case.span.started
        && case.age_ms(started) <= limit
    {
        let at = started.saturating_add_us(limit.saturating_mul(1000));
        return vec![Judgement::Recheck {
            at,
            why: "the daemon is too young to have written its heartbeat".to_string(),
        }];
    }
    match case.is_asleep() {
        Some(true) => vec![Judgement::Information {
            about: Some("tripwire.stale"),
            text: format!(
                "The heartbeat rests since {}: the gateway is in sleep mode.",
                duration(age)
            ),
        }],
        Some(false) => {
            let text = format!("last heartbeat {} ago", duration(age));
            vec![case.find("tripwire.stale", vec![Exhibit::of("tripwire", text)])]
        }
        None => vec![Judgement::CannotTell {
            layer: Layer::Process,
            why: "the heartbeat is old, and nothing says whether the gateway sleeps".to_string(),
        }],
    }
}
