//! The status that the gateway gives of itself.

use std::time::Duration;

use serde_json::{Value, json};

use super::Piece;
use super::command::run;
use super::file::small;
use super::http::{Request, ask};
use crate::gateway::Profile;

/// The health endpoint answers at once or not at all.
const HEALTH_LIMIT: Duration = Duration::from_millis(2500);

pub(crate) async fn collect(profile: &Profile) -> Option<Piece> {
    if !profile.wants("status") {
        return None;
    }
    let status = if profile.status_command.is_empty() {
        match (&profile.health_url, &profile.port_file) {
            (Some(url), _) => health(url, profile.limit).await,
            (None, Some(path)) => match small(path) {
                Ok(port) => match port.trim().parse::<u16>() {
                    Ok(port) => {
                        let url = format!("http://127.0.0.1:{port}/health");
                        health(&url, profile.limit).await
                    }
                    Err(_) => Err(format!("{}: it holds no port", path.display())),
                },
                // A slim transport has no port: its agent is told by a key in Redis.
                Err(why) if why == "there is no such file or folder" => {
                    Ok(json!({"daemon": {"reachable": false, "wsPort": null}}))
                }
                Err(why) => Err(format!("{}: {why}", path.display())),
            },
            (None, None) => return None,
        }
    } else {
        printed(&profile.status_command, profile.limit).await
    };
    Some(("status".to_owned(), status))
}

/// What a command prints is its status, whatever its exit status says.
async fn printed(command: &[String], limit: Duration) -> Result<Value, String> {
    let shown = run(command, limit).await?;
    object(&shown.stdout).ok_or_else(|| {
        format!(
            "{} prints no JSON object: {}",
            command.join(" "),
            shown.complaint()
        )
    })
}

/// A gateway that is not available says so with status 503 and the same document.
async fn health(url: &str, limit: Duration) -> Result<Value, String> {
    let (status, body) = ask(Request::get(url), limit.min(HEALTH_LIMIT))
        .await
        .map_err(|why| format!("{url}: {why}"))?;
    object(&body).ok_or_else(|| format!("{url}: status {status} without a JSON object"))
}

fn object(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.is_object().then_some(value)
}
