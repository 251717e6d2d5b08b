//! Whether the process runs, and since when.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, test_kill_process};
use serde_json::{Map, Value, json};

use super::Piece;
use super::command::run;
use super::file::small;
use crate::gateway::Profile;

/// A process of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) pid: i64,
    /// For how long it has run, in seconds.
    pub(crate) age_s: i64,
    /// Its command line, which may hold secrets and so leaves this module in no form.
    command: String,
}

/// All processes, as `ps` of Linux and macOS alike shows them.
pub(crate) async fn all(limit: Duration) -> Result<Vec<Running>, String> {
    let command = [
        "ps", "-A", "-ww", "-o", "pid=", "-o", "etime=", "-o", "args=",
    ];
    let shown = run(&command, limit).await?;
    if shown.exit != Some(0) {
        return Err(format!("ps: {}", shown.complaint()));
    }
    Ok(shown.stdout.lines().filter_map(parse).collect())
}

fn parse(line: &str) -> Option<Running> {
    let (pid, rest) = line.trim_start().split_once(' ')?;
    let (age, command) = rest.trim_start().split_once(' ')?;
    Some(Running {
        pid: pid.parse().ok()?,
        age_s: seconds(age)?,
        command: command.to_owned(),
    })
}

/// Seconds of `[[days-]hours:]minutes:seconds`.
fn seconds(text: &str) -> Option<i64> {
    let (days, clock) = match text.split_once('-') {
        Some((days, clock)) => (days.parse::<i64>().ok()?, clock),
        None => (0, text),
    };
    let mut total = 0_i64;
    for part in clock.split(':') {
        total = total.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    days.checked_mul(86_400)?.checked_add(total)
}

/// The process of the profile: the one that the service manager names (`Err`: why it names
/// none), else that of the
/// pid file, else one whose command line fits.
pub(crate) async fn collect(
    profile: &Profile,
    service: Result<Option<i64>, &str>,
    now_ms: i64,
    watched: &[String],
) -> Vec<Piece> {
    let running = all(profile.limit).await;
    let mut pieces = Vec::new();
    if profile.wants("process") {
        pieces.push((
            "process".to_owned(),
            process(profile, service, now_ms, running.as_deref()),
        ));
    }
    if !watched.is_empty() {
        let named = running.as_deref().map_err(Clone::clone).map(|running| {
            let alive = watched.iter().map(|name| {
                let alive = running.iter().any(|process| is_called(process, name));
                (name.clone(), json!({ "alive": alive }))
            });
            Value::Object(alive.collect::<Map<_, _>>())
        });
        pieces.push(("processes".to_owned(), named));
    }
    pieces
}

fn process(
    profile: &Profile,
    service: Result<Option<i64>, &str>,
    now_ms: i64,
    running: Result<&[Running], &String>,
) -> Result<Value, String> {
    let service_pid = service.ok().flatten();
    let noted = profile.pid_file.as_deref().map(noted_pid);
    let file_pid = noted
        .as_ref()
        .and_then(|noted| noted.as_ref().ok().copied());
    if service_pid.is_none() && profile.process.is_none() {
        match &noted {
            None if profile.service.is_some() => {
                // Nothing but the manager could tell.
                service?;
            }
            None => return Err("the profile names no pid file, process or service".to_owned()),
            Some(Err(why)) if why != "there is no such file or folder" => {
                return Err(format!("the pid file: {why}"));
            }
            Some(_) => {}
        }
    }
    let of_pid = |pid: i64| running.ok()?.iter().find(|process| process.pid == pid);
    // A number may have passed to another process since it was noted.
    let fits = |pid: &i64| match (&profile.process, of_pid(*pid)) {
        (Some(text), Some(process)) => process.command.contains(text.as_str()),
        _ => true,
    };
    let own = i64::from(std::process::id());
    let by_command = || {
        let text = profile.process.as_deref()?;
        let mut found = running.ok()?.iter().filter(|process| process.pid != own);
        found
            .find(|process| process.command.contains(text))
            .map(|process| process.pid)
    };
    let pid = service_pid
        .filter(|pid| is_alive(*pid))
        .or_else(|| file_pid.filter(|pid| is_alive(*pid) && fits(pid)))
        .or_else(by_command);
    if pid.is_none() && profile.process.is_some() && file_pid.is_none() {
        // Nothing but the list could tell.
        running.map_err(|why| format!("the processes: {why}"))?;
    }
    let started_ms = pid
        .and_then(of_pid)
        .map(|process| now_ms.saturating_sub(process.age_s.saturating_mul(1000)));
    Ok(json!({
        "alive": pid.is_some(),
        "pid": pid,
        "pid_file": file_pid.map(|pid| pid.to_string()),
        "started_ms": started_ms,
    }))
}

/// The number in a pid file.
fn noted_pid(path: &Path) -> Result<i64, String> {
    let text = small(path)?;
    let pid = text.trim().parse().ok().filter(|pid| *pid > 0);
    pid.ok_or_else(|| "it holds no number of a process".to_owned())
}

/// Whether there is such a process, also where it is another user's.
pub(crate) fn is_alive(pid: i64) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| match test_kill_process(pid) {
        Ok(()) => true,
        Err(error) => error == rustix::io::Errno::PERM,
    })
}

/// Whether the program of a process has this name, such as `postgres` or `nginx:`.
fn is_called(process: &Running, name: &str) -> bool {
    let program = process.command.split(' ').next().unwrap_or_default();
    let base = program.rsplit('/').next().unwrap_or(program);
    base == name || base.trim_end_matches(':') == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read() {
        for (text, expected) in [
            ("00:07", Some(7)),
            ("02:03:04", Some(7384)),
            ("1-00:00:01", Some(86_401)),
            ("x", None),
            ("9999999999999999-00:00:00", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    fn profile(folder: &Path) -> Profile {
        Profile {
            pid_file: Some(folder.join("pid")),
            ..Profile::built_in("process").unwrap()
        }
    }

    #[test]
    fn a_number_that_passed_on_is_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let own = i64::from(std::process::id());
        std::fs::write(folder.path().join("pid"), format!("{own}\n")).unwrap();
        let mut profile = profile(folder.path());
        let list = [Running {
            pid: own,
            age_s: 10,
            command: "/usr/bin/other".into(),
        }];
        let told = process(&profile, Ok(None), 1_000_000, Ok(&list)).unwrap();
        assert_eq!(
            (&told["alive"], &told["started_ms"]),
            (&json!(true), &json!(990_000))
        );
        profile.process = Some("gateway".into());
        let told = process(&profile, Ok(None), 1_000_000, Ok(&list)).unwrap();
        assert_eq!(told["alive"], false);
        assert_eq!(told["pid_file"], own.to_string());
        assert!(is_called(&list[0], "other"));
    }

    #[test]
    fn no_pid_file_is_no_process_and_a_folder_is_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        let told = process(&profile(folder.path()), Ok(None), 0, Ok(&[])).unwrap();
        assert_eq!(told["alive"], false);
        // Where a manager alone could tell and cannot be asked, nothing is known.
        let unit = Profile {
            service: Some("web.service".into()),
            ..Profile::built_in("systemd").unwrap()
        };
        let why = process(&unit, Err("systemctl is not installed"), 0, Ok(&[]));
        assert_eq!(why, Err("systemctl is not installed".to_owned()));
        assert_eq!(
            process(&unit, Ok(None), 0, Ok(&[])).unwrap()["alive"],
            false
        );
        std::fs::create_dir(folder.path().join("pid")).unwrap();
        let why = process(&profile(folder.path()), Ok(None), 0, Ok(&[])).unwrap_err();
        assert!(why.starts_with("the pid file: "), "{why}");
    }
}
