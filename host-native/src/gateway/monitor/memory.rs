//! What the monitor remembers between checks, as a small JSON file.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use muster_core::Timestamp;
use muster_core::gateway::channel_health::Channel;
use muster_core::gateway::health_monitor::{ChannelMemory, MonitorMemory, Streak};
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

/// What is remembered; nothing where there is no file yet. `Err` says why a file that is
/// there cannot be used.
pub(super) fn load(path: &Path) -> Result<MonitorMemory, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(MonitorMemory::default());
        }
        Err(error) => return Err(crate::error::describe(&error)),
    };
    let value: Value = serde_json::from_str(&text).map_err(|_| "it is no JSON".to_owned())?;
    let channels = value["channels"].as_object().into_iter().flatten();
    Ok(MonitorMemory {
        streak: streak(&value["streak"]),
        alerted_at: time(&value["alerted_at_ms"]),
        requested_at: time(&value["requested_at_ms"]),
        restarted_at: time(&value["restarted_at_ms"]),
        channels: channels
            .map(|(name, value)| {
                let memory = ChannelMemory {
                    streak: streak(&value["streak"]),
                    alerted_at: time(&value["alerted_at_ms"]),
                };
                (Channel::from(name.as_str()), memory)
            })
            .collect(),
    })
}

/// Writes what is remembered, as a whole.
pub(super) fn save(path: &Path, memory: &MonitorMemory) -> io::Result<()> {
    let of_streak = |streak: Streak| json!({"count": streak.count, "at_ms": ms(streak.at)});
    let channels: Map<String, Value> = memory
        .channels
        .iter()
        .map(|(channel, memory)| {
            let told = json!({
                "streak": of_streak(memory.streak),
                "alerted_at_ms": ms(memory.alerted_at),
            });
            (channel.0.to_string(), told)
        })
        .collect();
    let value = json!({
        "streak": of_streak(memory.streak),
        "alerted_at_ms": ms(memory.alerted_at),
        "requested_at_ms": ms(memory.requested_at),
        "restarted_at_ms": ms(memory.restarted_at),
        "channels": channels,
    });
    write(path, &format!("{value}\n"))
}

/// Writes a file as a whole, or leaves the one before.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn streak(value: &Value) -> Streak {
    Streak {
        count: value["count"]
            .as_u64()
            .and_then(|count| count.try_into().ok())
            .unwrap_or(0),
        at: time(&value["at_ms"]),
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::from_millis(value.as_i64()?).ok()
}

fn ms(at: Option<Timestamp>) -> Option<i64> {
    at.map(|at| at.as_micros().div_euclid(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/state.json");
        assert_eq!(load(&path), Ok(MonitorMemory::default()));
        let at = Timestamp::from_millis(1_800_043_200_000).ok();
        let streak = Streak { count: 3, at };
        let channel = ChannelMemory {
            streak,
            alerted_at: None,
        };
        let memory = MonitorMemory {
            streak,
            alerted_at: at,
            requested_at: at,
            restarted_at: None,
            channels: [(Channel::from("telegram"), channel)].into(),
        };
        save(&path, &memory).unwrap();
        assert_eq!(load(&path), Ok(memory));
        fs::write(&path, "half {").unwrap();
        assert_eq!(load(&path), Err("it is no JSON".to_owned()));
    }
}
