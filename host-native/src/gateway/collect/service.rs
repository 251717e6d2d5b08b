//! What the service manager says of the service.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Piece;
use super::command::run;
use crate::gateway::{Manager, Profile};

/// The state of the service, under the name of its manager.
pub(crate) async fn collect(profile: &Profile) -> Option<Piece> {
    let service = profile.service.as_deref()?;
    let name = match profile.manager? {
        Manager::Launchd => "launchd",
        Manager::Systemd => "systemd",
    };
    if !profile.wants("launchd") || !profile.wants("systemd") {
        return None;
    }
    let state = match name {
        "launchd" => launchd(service, profile.limit).await,
        _ => systemd(service, profile.user_service, profile.limit).await,
    };
    Some((name.to_owned(), state))
}

/// The process that the manager names, or why it cannot be asked.
pub(crate) fn pid(piece: Option<&Piece>) -> Result<Option<i64>, &str> {
    let Some((_, state)) = piece else {
        return Ok(None);
    };
    let state = state.as_ref().map_err(String::as_str)?;
    let pid = state.get("pid").or_else(|| state.get("main_pid"));
    Ok(pid.and_then(Value::as_i64).filter(|pid| *pid > 0))
}

async fn systemd(unit: &str, user: bool, limit: Duration) -> Result<Value, String> {
    const SHOWN: &str = "--property=LoadState,UnitFileState,ActiveState,SubState,MainPID,ExecMainStatus,NRestarts,Result";
    let mut command = vec!["systemctl"];
    if user {
        command.push("--user");
    }
    command.extend(["show", "--no-pager", SHOWN, unit]);
    let shown = run(&command, limit).await?;
    if shown.exit != Some(0) {
        return Err(format!("systemctl: {}", shown.complaint()));
    }
    Ok(parse_systemd(&shown.stdout))
}

fn parse_systemd(text: &str) -> Value {
    let mut state = Map::new();
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        let name = match key {
            "LoadState" => "load_state",
            "UnitFileState" => "unit_file_state",
            "ActiveState" => "active_state",
            "SubState" => "sub_state",
            "MainPID" => "main_pid",
            "ExecMainStatus" => "last_exit_code",
            "NRestarts" => "restarts",
            "Result" => "result",
            _ => continue,
        };
        let value = value
            .parse::<i64>()
            .map_or_else(|_| json!(value), Value::from);
        state.insert(name.to_owned(), value);
    }
    Value::Object(state)
}

async fn launchd(label: &str, limit: Duration) -> Result<Value, String> {
    let gui = format!("gui/{}", rustix::process::getuid().as_raw());
    let mut domains = Vec::new();
    for (name, domain) in [("system", "system"), ("gui", gui.as_str())] {
        let target = format!("{domain}/{label}");
        let shown = run(&["launchctl", "print", &target], limit).await?;
        let disabled = run(&["launchctl", "print-disabled", domain], limit).await?;
        let registered = shown.exit == Some(0);
        let disabled = parse_disabled(&disabled.stdout, label);
        domains.push((name, registered, disabled, shown.stdout));
    }
    let has_file = |name: &str| match name {
        "system" => Path::new("/Library/LaunchDaemons")
            .join(format!("{label}.plist"))
            .exists(),
        _ => std::env::home_dir().is_some_and(|home| {
            home.join("Library/LaunchAgents")
                .join(format!("{label}.plist"))
                .exists()
        }),
    };
    // The domain that knows the service, the system's first.
    let known = domains
        .iter()
        .find(|(name, registered, disabled, _)| *registered || disabled.is_some() || has_file(name))
        .or(domains.first());
    let Some((name, registered, disabled, text)) = known else {
        return Err("launchctl names no domain".to_owned());
    };
    let mut state = parse_launchd(text);
    state.insert("domain".to_owned(), json!(name));
    state.insert("registered".to_owned(), json!(registered));
    state.insert("disabled".to_owned(), json!(disabled.unwrap_or(false)));
    Ok(Value::Object(state))
}

/// Whether a service is disabled; `None` where the list does not name it.
fn parse_disabled(text: &str, label: &str) -> Option<bool> {
    let quoted = format!("\"{label}\"");
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with(&quoted))?;
    let (_, state) = line.split_once("=>")?;
    Some(matches!(state.trim(), "disabled" | "true"))
}

/// The facts of `launchctl print` at its first level.
fn parse_launchd(text: &str) -> Map<String, Value> {
    let mut state = Map::new();
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once(" = ") else {
            continue;
        };
        let name = match key {
            "state" => "state",
            "pid" => "pid",
            "last exit code" => "last_exit_code",
            _ => continue,
        };
        let number = value
            .split(':')
            .next()
            .unwrap_or(value)
            .trim()
            .parse::<i64>();
        let value = number.map_or_else(|_| json!(value), Value::from);
        state.entry(name).or_insert(value);
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_is_read() {
        let state = parse_systemd("LoadState=loaded\nUnitFileState=\nMainPID=42\nOther=1\nbad\n");
        assert_eq!(
            state,
            json!({"load_state": "loaded", "unit_file_state": "", "main_pid": 42})
        );
        assert_eq!(pid(Some(&("systemd".into(), Ok(state)))), Ok(Some(42)));
    }

    #[test]
    fn launchd_is_read() {
        let text = "gui/501/com.x = {\n\tstate = running\n\tpid = 77\n\tlast exit code = 78: EX_CONFIG\n\tspawn type = daemon\n\tx = {\n\t\tstate = active\n\t}\n}\n";
        let state = parse_launchd(text);
        assert_eq!(
            Value::Object(state),
            json!({"state": "running", "pid": 77, "last_exit_code": 78})
        );
        let list = "disabled services = {\n\t\"com.x\" => disabled\n\t\"com.y\" => false\n}\n";
        assert_eq!(parse_disabled(list, "com.x"), Some(true));
        assert_eq!(parse_disabled(list, "com.y"), Some(false));
        assert_eq!(parse_disabled(list, "com.z"), None);
    }
}
