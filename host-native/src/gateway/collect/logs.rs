//! Logs and the transcript, by range from the end.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::file::{Tail, newest, small, tail};
use super::{Gathered, Piece};
use crate::gateway::Profile;

/// Of each log the last bytes are read.
pub(crate) const LOG_BYTES: u64 = 8 << 20;
/// The same of a transcript.
const TRANSCRIPT_BYTES: u64 = 4 << 20;

/// Logs, transcript and tripwire.
pub(crate) fn collect(profile: &Profile) -> Gathered {
    let mut gathered = Gathered::default();
    for (name, path) in [("err_log", &profile.err_log), ("out_log", &profile.out_log)] {
        if let Some(path) = path.as_deref().filter(|_| profile.wants(name)) {
            let text = read(name, path, LOG_BYTES, &mut gathered.notes);
            gathered.pieces.push((name.to_owned(), text));
        }
    }
    let mut others = serde_json::Map::new();
    for (name, path) in &profile.logs {
        match read(name, path, LOG_BYTES, &mut gathered.notes) {
            Ok(text) => {
                others.insert(name.clone(), text);
            }
            Err(why) => gathered.pieces.push((format!("logs.{name}"), Err(why))),
        }
    }
    if !others.is_empty() {
        gathered
            .pieces
            .push(("logs".to_owned(), Ok(Value::Object(others))));
    }
    if profile.wants("session_jsonl")
        && let Some(path) = transcript_file(profile)
    {
        let text = path.and_then(|path| {
            read(
                "session_jsonl",
                &path,
                TRANSCRIPT_BYTES,
                &mut gathered.notes,
            )
        });
        gathered.pieces.push(("session_jsonl".to_owned(), text));
    }
    if profile.wants("tripwire")
        && let Some(path) = &profile.tripwire
    {
        gathered.pieces.push(tripwire(path));
    }
    gathered
}

/// The transcript of the session at work, else the newest.
fn transcript_file(profile: &Profile) -> Option<Result<PathBuf, String>> {
    let folder = profile.transcripts.as_deref()?;
    let id = profile
        .session_file
        .as_deref()
        .and_then(|path| small(path).ok());
    let id = id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    Some(match newest(folder, ".jsonl", id) {
        Ok(Some(path)) => Ok(path),
        Ok(None) => Err(format!("no transcript in {}", folder.display())),
        Err(why) => Err(format!("{}: {why}", folder.display())),
    })
}

/// The end of the transcript, where the profile has one.
pub(crate) fn transcript(profile: &Profile) -> Option<Result<String, String>> {
    let path = transcript_file(profile)?;
    Some(path.and_then(|path| {
        let read = tail(&path, TRANSCRIPT_BYTES);
        read.map(|tail| tail.text)
            .map_err(|why| format!("{}: {why}", path.display()))
    }))
}

/// The end of a log; what was left out is noted.
fn read(name: &str, path: &Path, bytes: u64, notes: &mut Vec<String>) -> Result<Value, String> {
    let Tail {
        text,
        before,
        zeros,
    } = tail(path, bytes).map_err(|why| format!("{}: {why}", path.display()))?;
    if before > 0 {
        notes.push(format!(
            "{name}: its first {before} bytes were not read; lines count from there"
        ));
    }
    if zeros > 0 {
        notes.push(format!("{name}: {zeros} bytes are zero and were left out"));
    }
    Ok(Value::String(text))
}

/// The time in the file that the heartbeat writes, else that of its last change.
fn tripwire(path: &Path) -> Piece {
    let read = || {
        let text = small(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let digits: String = text
            .split('=')
            .next_back()
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        let stated = digits.parse::<i64>().ok().filter(|ms| *ms > 0);
        let last = match stated {
            Some(ms) => json!(ms),
            None => super::file::facts(path)?["modified_ms"].clone(),
        };
        Ok(json!({ "last_heartbeat_ms": last }))
    };
    ("tripwire".to_owned(), read())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_everything_is_read_and_the_rest_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("err"), "[a] b\n").unwrap();
        std::fs::write(
            at("trip"),
            "export const lastHeartbeatTs = 1800042840000;\n",
        )
        .unwrap();
        std::fs::write(at("s_1.jsonl"), "{}\n").unwrap();
        let profile = Profile {
            err_log: Some(at("err")),
            out_log: Some(at("none")),
            tripwire: Some(at("trip")),
            transcripts: Some(folder.path().to_path_buf()),
            ..Profile::built_in("process").unwrap()
        };
        let gathered = collect(&profile);
        let piece = |name: &str| {
            let found = gathered.pieces.iter().find(|(piece, _)| piece == name);
            found.map(|(_, value)| value.clone()).unwrap()
        };
        assert_eq!(piece("err_log").unwrap(), "[a] b\n");
        assert!(
            piece("out_log")
                .unwrap_err()
                .ends_with("no such file or folder")
        );
        assert_eq!(
            piece("tripwire").unwrap()["last_heartbeat_ms"],
            1_800_042_840_000_i64
        );
        assert_eq!(piece("session_jsonl").unwrap(), "{}\n");
        std::fs::write(at("trip"), "half").unwrap();
        let changed = tripwire(&at("trip")).1.unwrap();
        assert!(changed["last_heartbeat_ms"].is_u64());
    }
}
