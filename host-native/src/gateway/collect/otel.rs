//! Telemetry events: over HTTP, out of a file of JSON lines, or by a command that searches.

use std::env;

use serde_json::Value;

use super::Piece;
use super::command::run;
use super::file::tail;
use super::http::{Request, ask};
use super::logs::LOG_BYTES;
use crate::gateway::Profile;

/// The events of the last hours as JSON lines.
pub(crate) async fn collect(profile: &Profile, now_ms: i64, hours: u32) -> Option<Piece> {
    if !profile.wants("otel") {
        return None;
    }
    let text = events(profile, now_ms, hours, "*").await?;
    Some(("otel".to_owned(), text.map(Value::String)))
}

/// The events that a search for `query` finds, where the profile has telemetry.
pub(crate) async fn events(
    profile: &Profile,
    now_ms: i64,
    hours: u32,
    query: &str,
) -> Option<Result<String, String>> {
    if let Some(path) = profile.otel_file.clone() {
        let read = tokio::task::spawn_blocking(move || {
            let read = tail(&path, LOG_BYTES);
            read.map(|tail| tail.text)
                .map_err(|why| format!("{}: {why}", path.display()))
        });
        return Some(read.await.unwrap_or_else(|error| Err(error.to_string())));
    }
    let Some(template) = profile.otel_url.as_deref() else {
        return by_command(profile, hours, query).await;
    };
    let from_ms = now_ms.saturating_sub(i64::from(hours).saturating_mul(3_600_000));
    let url = template
        .replace("{from_ms}", &from_ms.to_string())
        .replace("{to_ms}", &now_ms.to_string())
        .replace("{query}", &encoded(query));
    let header = match &profile.otel_key_env {
        None => None,
        Some(name) => match env::var(name) {
            Ok(key) => Some(("x-typesense-api-key".to_owned(), key)),
            Err(_) => return Some(Err(format!("the variable {name} is not set"))),
        },
    };
    let request = Request {
        header,
        ..Request::get(url)
    };
    // The address may hold a key, so it is not named.
    Some(match ask(request, profile.limit).await {
        Ok((200, body)) => lines(&body),
        Ok((status, _)) => Err(format!("telemetry answers with status {status}")),
        Err(why) => Err(format!("telemetry: {why}")),
    })
}

/// What the profile's command finds.
async fn by_command(profile: &Profile, hours: u32, query: &str) -> Option<Result<String, String>> {
    let (program, _) = profile.otel_command.split_first()?;
    let filled: Vec<String> = profile
        .otel_command
        .iter()
        .map(|word| {
            let word = word.replace("{hours}", &hours.to_string());
            word.replace("{query}", query)
        })
        .collect();
    let found = match run(&filled, profile.limit).await {
        // A command that fails may say why in its document.
        Ok(printed) => match (lines(&printed.stdout), printed.exit) {
            (Ok(found), Some(0)) => Ok(found),
            (Err(why), Some(0)) => Err(why),
            _ => Err(format!("{program}: {}", printed.complaint())),
        },
        Err(why) => Err(why),
    };
    Some(found)
}

/// JSON lines of an answer: lines, a list, or the hits of a search in any wrapping.
fn lines(body: &str) -> Result<String, String> {
    let Ok(answer) = serde_json::from_str::<Value>(body) else {
        // Lines are judged one by one where they are read.
        return Ok(body.to_owned());
    };
    let wrapped = answer.get("result").unwrap_or(&answer);
    let found = ["hits", "events", "results", "data"]
        .iter()
        .find_map(|name| wrapped.get(name)?.as_array())
        .or_else(|| wrapped.as_array());
    match found {
        Some(events) => Ok(events
            .iter()
            .map(|event| event.get("document").unwrap_or(event).to_string() + "\n")
            .collect()),
        None if answer.get("action").is_some() => Ok(body.to_owned()),
        None => {
            let told = answer.pointer("/error/message").and_then(Value::as_str);
            Err(told.map_or_else(
                || "telemetry answers with no list of events".to_owned(),
                |told| format!("telemetry answers: {told}"),
            ))
        }
    }
}

/// A text for a query of a URL.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;

    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~*".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_several_wrappings() {
        for (body, expected) in [
            ("[{\"action\":\"a\"}]", Ok("{\"action\":\"a\"}\n")),
            (
                "{\"hits\":[{\"document\":{\"action\":\"a\"}}]}",
                Ok("{\"action\":\"a\"}\n"),
            ),
            ("{\"ok\":true,\"result\":{\"events\":[]}}", Ok("")),
            (
                "{\"action\":\"a\"}\n{\"action\":\"b\"}",
                Ok("{\"action\":\"a\"}\n{\"action\":\"b\"}"),
            ),
            ("{\"x\":1}", Err("telemetry answers with no list of events")),
            (
                "{\"ok\":false,\"result\":null,\"error\":{\"message\":\"no index\",\"code\":\"X\"}}",
                Err("telemetry answers: no index"),
            ),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(lines(body), expected, "{body}");
        }
        assert_eq!(encoded("a b&c\u{e9}"), "a%20b%26c%C3%A9");
    }

    #[tokio::test]
    async fn a_command_searches_where_nothing_else_does() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let mut profile = Profile {
            otel_command: words(&[
                "printf",
                "{\"result\":[{\"action\":\"%s-%s\"}]}",
                "{query}",
                "{hours}",
            ]),
            ..Profile::built_in("process").unwrap()
        };
        let found = events(&profile, 0, 6, "queue.*").await;
        assert_eq!(found, Some(Ok("{\"action\":\"queue.*-6\"}\n".to_owned())));
        profile.otel_command = words(&["sh", "-c", "echo no such index >&2; exit 1"]);
        let failed = events(&profile, 0, 6, "*").await;
        assert_eq!(failed, Some(Err("sh: no such index".to_owned())));
        profile.otel_command = words(&["no-such-program-of-muster"]);
        let missing = events(&profile, 0, 6, "*").await;
        let why = "no-such-program-of-muster is not installed".to_owned();
        assert_eq!(missing, Some(Err(why)));
        profile.otel_command.clear();
        assert_eq!(events(&profile, 0, 6, "*").await, None);
    }
}
