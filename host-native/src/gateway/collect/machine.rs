//! Who listens on the ports of interest, versions, and documents of commands.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::command::run;
use super::file::{facts, small};
use super::{Gathered, Piece};
use crate::gateway::{Profile, VersionSource};

/// Listeners by `lsof`, which Linux and macOS have, else by `ss`.
pub(crate) async fn listeners(profile: &Profile, ports: &BTreeSet<u16>) -> Option<Piece> {
    if ports.is_empty() || !profile.wants("listeners") {
        return None;
    }
    let look = async {
        let lsof = run(
            &["lsof", "-nP", "-iTCP", "-sTCP:LISTEN", "-Fpcn"],
            profile.limit,
        )
        .await;
        // It fails where it finds nothing; without rights it shows the user's own alone.
        let mut found = lsof.map(|shown| parse_lsof(&shown.stdout));
        if found.as_ref().map_or(true, Vec::is_empty) {
            match run(&["ss", "-H", "-ltnp"], profile.limit).await {
                Ok(shown) => found = Ok(parse_ss(&shown.stdout)),
                Err(why) => found = found.map_err(|first| format!("{first}; {why}")),
            }
        }
        let mut found = found?;
        found.retain(|(port, ..)| ports.contains(port));
        found.sort();
        found.dedup();
        let listed = found
            .into_iter()
            .map(|(port, pid, command)| json!({"port": port, "pid": pid, "command": command}));
        Ok(listed.collect())
    };
    Some(("listeners".to_owned(), look.await))
}

type Listener = (u16, Option<i64>, String);

fn parse_lsof(text: &str) -> Vec<Listener> {
    let (mut pid, mut command) = (None, String::new());
    let mut found = Vec::new();
    for line in text.lines() {
        match line.split_at_checked(1) {
            Some(("p", rest)) => pid = rest.parse().ok(),
            Some(("c", rest)) => rest.clone_into(&mut command),
            Some(("n", rest)) => {
                let port = rest.rsplit(':').next().and_then(|port| port.parse().ok());
                found.extend(port.map(|port| (port, pid, command.clone())));
            }
            _ => {}
        }
    }
    found
}

/// Lines such as `LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* users:(("redis-server",pid=7,fd=6))`.
fn parse_ss(text: &str) -> Vec<Listener> {
    let parse = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let port = words.get(3)?.rsplit(':').next()?.parse().ok()?;
        let user = words.get(5).copied().unwrap_or_default();
        let command = user.split('"').nth(1).unwrap_or_default().to_owned();
        let pid = user
            .split_once("pid=")
            .and_then(|(_, rest)| rest.split(',').next().and_then(|pid| pid.parse().ok()));
        Some((port, pid, command))
    };
    text.lines().filter_map(parse).collect()
}

/// Versions of the parts; what cannot be read is told by name.
pub(crate) async fn versions(profile: &Profile) -> Option<Gathered> {
    if profile.versions.is_empty() || !profile.wants("versions") {
        return None;
    }
    let mut found = Map::new();
    let mut notes = Vec::new();
    for (name, source) in &profile.versions {
        match version(source, profile.limit).await {
            Ok(version) => {
                found.insert(name.clone(), json!(version));
            }
            Err(why) => notes.push(format!("version of {name}: {why}")),
        }
    }
    Some(Gathered {
        pieces: vec![("versions".to_owned(), Ok(Value::Object(found)))],
        notes,
    })
}

async fn version(source: &VersionSource, limit: Duration) -> Result<String, String> {
    match source {
        VersionSource::Command(command) => {
            let shown = run(command, limit).await?;
            let said = if shown.stdout.trim().is_empty() {
                shown.stderr
            } else {
                shown.stdout
            };
            let version = said.split_whitespace().find(|word| {
                word.trim_start_matches('v')
                    .starts_with(|c: char| c.is_ascii_digit())
            });
            let version = version.map(|word| word.trim_start_matches('v').to_owned());
            version.ok_or_else(|| "it prints no version".to_owned())
        }
        VersionSource::Package(path, dependency) => package(path, dependency.as_deref()),
    }
}

fn package(path: &Path, dependency: Option<&str>) -> Result<String, String> {
    let text = small(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let document: Value =
        serde_json::from_str(&text).map_err(|_| format!("{} is no JSON", path.display()))?;
    let version = match dependency {
        Some(name) => document.get("dependencies").and_then(|all| all.get(name)),
        None => document.get("version"),
    };
    let version = version.and_then(Value::as_str);
    let version = version.map(|text| text.trim_start_matches(['^', '~', '=']).to_owned());
    version.ok_or_else(|| format!("{} names no such version", path.display()))
}

/// Documents that commands print, for rules of one's own.
pub(crate) async fn documents(profile: &Profile) -> Option<Gathered> {
    if profile.documents.is_empty() {
        return None;
    }
    let mut found = Map::new();
    let mut notes = Vec::new();
    for (name, command) in &profile.documents {
        let shown = run(command, profile.limit).await;
        let read = shown.and_then(|shown| {
            let read = serde_json::from_str::<Value>(&shown.stdout);
            read.map_err(|_| format!("it prints no JSON: {}", shown.complaint()))
        });
        match read {
            Ok(document) => {
                found.insert(name.clone(), document);
            }
            Err(why) => notes.push(format!("document {name}: {why}")),
        }
    }
    Some(Gathered {
        pieces: vec![("documents".to_owned(), Ok(Value::Object(found)))],
        notes,
    })
}

/// Size and age of the artifacts, and of the files that rules look at.
pub(crate) fn files(profile: &Profile, watched: &BTreeSet<String>) -> Gathered {
    let mut gathered = Gathered::default();
    let mut found = Map::new();
    for path in watched {
        match facts(Path::new(path)) {
            Ok(facts) => {
                found.insert(path.clone(), facts);
            }
            Err(why) => gathered.notes.push(format!("{path}: {why}")),
        }
    }
    if !found.is_empty() {
        gathered
            .pieces
            .push(("files".to_owned(), Ok(Value::Object(found))));
    }
    let artifact = |path: &Path| {
        let mut told = json!({"path": path.display().to_string()});
        match facts(path) {
            Ok(Value::Object(facts)) => {
                if let Some(told) = told.as_object_mut() {
                    told.extend(facts);
                }
            }
            Ok(_) => {}
            Err(why) => told["error"] = json!(why),
        }
        told
    };
    let artifacts: Map<String, Value> = profile
        .artifacts
        .iter()
        .map(|(name, path)| (name.clone(), artifact(path)))
        .collect();
    if !artifacts.is_empty() {
        gathered
            .pieces
            .push(("artifacts".to_owned(), Ok(Value::Object(artifacts))));
    }
    gathered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_read() {
        let lsof = "p77\ncredis-server\nf6\nn127.0.0.1:6379\nf7\nn[::1]:6379\np8\ncbun\nn*:3018\n";
        let expected = [
            (6379, Some(77), "redis-server".to_owned()),
            (6379, Some(77), "redis-server".to_owned()),
            (3018, Some(8), "bun".to_owned()),
        ];
        assert_eq!(parse_lsof(lsof), expected);
        let ss = "LISTEN 0 511 127.0.0.1:6379 0.0.0.0:* users:((\"redis-server\",pid=77,fd=6))\nLISTEN 0 1 *:80 *:*\n";
        let expected = [
            (6379, Some(77), "redis-server".to_owned()),
            (80, None, String::new()),
        ];
        assert_eq!(parse_ss(ss), expected);
    }

    #[tokio::test]
    async fn versions_are_found() {
        let limit = Duration::from_secs(20);
        let command = ["sh", "-c", "echo pi v0.72.0 beta"].map(str::to_owned);
        let said = version(&VersionSource::Command(command.into()), limit).await;
        assert_eq!(said.as_deref(), Ok("0.72.0"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("package.json");
        std::fs::write(
            &path,
            r#"{"version":"1.2.3","dependencies":{"@x/ai":"^0.70.2"}}"#,
        )
        .unwrap();
        assert_eq!(package(&path, None).as_deref(), Ok("1.2.3"));
        assert_eq!(package(&path, Some("@x/ai")).as_deref(), Ok("0.70.2"));
        assert!(package(&path, Some("y")).is_err());
    }
}
