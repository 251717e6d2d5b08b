//! Journals of systemd, read by `journalctl`.

use serde_json::{Map, Value, json};

use super::Gathered;
use super::command::{Output, run};
use crate::gateway::Profile;

/// Of each journal so many of the newest entries are read.
const MAX_ENTRIES: u32 = 20_000;
/// The program, which only reads.
const JOURNALCTL: &str = "journalctl";

/// The names under which a bundle tells why journals are missing.
pub(crate) fn pieces(profile: &Profile) -> Vec<String> {
    profile.journals.keys().map(|name| piece(name)).collect()
}

fn piece(name: &str) -> String {
    match name {
        "err_log" | "out_log" => name.to_owned(),
        other => format!("logs.{other}"),
    }
}

/// The entries of the last hours of each journal that the profile has.
pub(crate) async fn collect(profile: &Profile, now_ms: i64, hours: u32) -> Gathered {
    let mut gathered = Gathered::default();
    let mut journals = Map::new();
    let since = now_ms
        .div_euclid(1000)
        .saturating_sub(i64::from(hours).saturating_mul(3600));
    for (name, unit) in &profile.journals {
        if !profile.wants(name) {
            continue;
        }
        match read(profile, unit, since).await {
            Ok((entries, more)) => {
                if let Some(note) = more {
                    gathered.notes.push(format!("{name}: {note}"));
                }
                journals.insert(name.clone(), json!(entries));
            }
            Err(why) => gathered.pieces.push((piece(name), Err(why))),
        }
    }
    if !journals.is_empty() {
        let journals = Ok(Value::Object(journals));
        gathered.pieces.push(("journals".to_owned(), journals));
    }
    gathered
}

/// The entries of a unit, oldest first, and what was left out.
async fn read(
    profile: &Profile,
    unit: &str,
    since_s: i64,
) -> Result<(String, Option<String>), String> {
    let mut command = vec![JOURNALCTL.to_owned()];
    if profile.user_service {
        command.push("--user".to_owned());
    }
    command.extend([
        format!("--unit={unit}"),
        format!("--since=@{since_s}"),
        format!("--lines={MAX_ENTRIES}"),
        "--output=json".to_owned(),
        "--output-fields=MESSAGE,PRIORITY".to_owned(),
        // Long messages in whole, and the newest first: what is cut is the oldest.
        "--all".to_owned(),
        "--reverse".to_owned(),
        "--no-pager".to_owned(),
    ]);
    let printed = run(&command, profile.limit).await?;
    entries(&printed)
}

fn entries(printed: &Output) -> Result<(String, Option<String>), String> {
    // It ends with a signal where its output was cut.
    let is_cut = printed.exit.is_none();
    if !is_cut && printed.exit != Some(0) {
        return Err(format!("{JOURNALCTL}: {}", printed.complaint()));
    }
    let mut lines: Vec<&str> = printed.stdout.lines().collect();
    if is_cut && !printed.stdout.ends_with('\n') {
        lines.pop();
    }
    // Who may not read the journal of the system gets an empty one, and a hint.
    let hint = printed
        .stderr
        .lines()
        .find(|line| line.contains("not seeing messages"));
    if lines.is_empty()
        && let Some(hint) = hint
    {
        return Err(format!("{JOURNALCTL}: {}", hint.trim()));
    }
    let limit = usize::try_from(MAX_ENTRIES).unwrap_or(usize::MAX);
    let more = (is_cut || lines.len() >= limit).then(|| {
        format!(
            "of its journal the newest {} entries were read",
            lines.len()
        )
    });
    let mut text = String::with_capacity(printed.stdout.len());
    for line in lines.into_iter().rev() {
        text += &short(line);
        text.push('\n');
    }
    Ok((text, more))
}

/// An entry without what nobody looks at: where it stands and on which machine.
fn short(line: &str) -> String {
    let Ok(Value::Object(mut entry)) = serde_json::from_str(line) else {
        // Judged where it is read.
        return line.to_owned();
    };
    entry.retain(|name, _| {
        matches!(
            name.as_str(),
            "__REALTIME_TIMESTAMP" | "MESSAGE" | "PRIORITY"
        )
    });
    Value::Object(entry).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(stdout: &str, stderr: &str, exit: Option<i32>) -> Output {
        Output {
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            exit,
        }
    }

    #[test]
    fn entries_come_oldest_first_and_without_the_machine() {
        let two = "{\"__CURSOR\":\"s\",\"_HOSTNAME\":\"h\",\"__REALTIME_TIMESTAMP\":\"2\",\"MESSAGE\":\"b\"}\n\
            {\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":\"a\"}\n";
        let expected = "{\"MESSAGE\":\"a\",\"__REALTIME_TIMESTAMP\":\"1\"}\n{\"MESSAGE\":\"b\",\"__REALTIME_TIMESTAMP\":\"2\"}\n";
        assert_eq!(
            entries(&printed(two, "", Some(0))),
            Ok((expected.to_owned(), None))
        );
        // Cut in an entry: that one goes, and it is told.
        let (text, more) = entries(&printed(&(two.to_owned() + "{\"MESS"), "", None)).unwrap();
        assert_eq!(text, expected);
        assert_eq!(
            more.as_deref(),
            Some("of its journal the newest 2 entries were read")
        );
    }

    #[test]
    fn who_may_not_read_it_is_told() {
        let hint = "Hint: You are currently not seeing messages from other users and the system.\n      Users in the 'systemd-journal' group can see all messages.\n";
        for (stdout, stderr, exit, expected) in [
            (
                "",
                hint,
                Some(0),
                Err(
                    "journalctl: Hint: You are currently not seeing messages from other users and the system.",
                ),
            ),
            ("", "", Some(0), Ok("")),
            (
                "",
                "No journal files were found.\n",
                Some(1),
                Err("journalctl: No journal files were found."),
            ),
        ] {
            let read = entries(&printed(stdout, stderr, exit));
            let read = read.as_ref().map(|(text, _)| text.as_str());
            assert_eq!(read.map_err(String::as_str), expected);
        }
    }
}
