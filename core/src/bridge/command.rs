//! The words of a call of swamp without its secrets.
//!
//! Kept are the command, the subcommand, names of options, and the words that a
//! table knows to be categories. Where it is not certain which word is which, a
//! word is taken for a secret.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::redact::REDACTED;
use crate::record::telemetry_entry::Invocation;

/// Options that every command has.
const GLOBAL_OPTIONS: [&str; 8] = [
    "--json",
    "-q",
    "--quiet",
    "-v",
    "--verbose",
    "--no-telemetry",
    "--no-color",
    "--show-properties",
];

/// Other options that take no value.
const FLAGS: [&str; 16] = [
    "--force",
    "-f",
    "--help",
    "-h",
    "--version",
    "-V",
    "--dry-run",
    "--all",
    "-a",
    "--yes",
    "-y",
    "--check",
    "--verify",
    "--prune",
    "--streaming",
    "--last-evaluated",
];

/// Options that take a value. All others might.
const VALUE_OPTIONS: [&str; 6] = [
    "--days",
    "--input",
    "--label",
    "--limit",
    "--repo-dir",
    "--since",
];

/// Commands whose first word is no subcommand.
const PLAIN_COMMANDS: [&str; 6] = ["init", "serve", "summarise", "update", "upgrade", "version"];

/// Commands that are known to have subcommands.
const KNOWN_COMMANDS: [&str; 9] = [
    "audit",
    "auth",
    "data",
    "model",
    "repo",
    "telemetry",
    "type",
    "vault",
    "workflow",
];

/// The record of a call, from its words without the program's name.
///
/// ```
/// use muster_core::bridge::redact_command;
///
/// let call = redact_command(&["model", "create", "acme/kiln", "hopper-7", "--label=x"]);
/// assert_eq!((&*call.command, call.subcommand.as_deref()), ("model", Some("create")));
/// assert_eq!(*call.args, ["acme/kiln", "<REDACTED>"]);
/// assert_eq!(*call.option_keys, ["--label"]);
/// ```
pub fn redact_command<S: AsRef<str>>(words: &[S]) -> Invocation<'static> {
    let mut call = Call::default();
    let mut words = words.iter().map(AsRef::as_ref).peekable();
    while let Some(word) = words.next() {
        if word == "--" {
            for _ in words.by_ref() {
                call.args.push(REDACTED.into());
            }
        } else if word.len() > 1 && word.starts_with('-') {
            call.option(word);
            if may_take_value(word) {
                let value = words.next_if(|next| {
                    let command = call.command.is_none() && KNOWN_COMMANDS.contains(next);
                    !command && !next.starts_with('-')
                });
                call.uncertain |= value.is_some() && !VALUE_OPTIONS.contains(&word);
            }
        } else {
            call.word(word);
        }
    }
    call.finish()
}

/// Whether the word after an option may be its value.
fn may_take_value(option: &str) -> bool {
    let attached =
        option.contains('=') || (!option.starts_with("--") && option.chars().count() > 2);
    !attached
        && !option.starts_with("--no-")
        && !GLOBAL_OPTIONS.contains(&option)
        && !FLAGS.contains(&option)
}

/// A call as far as it is read.
#[derive(Default)]
struct Call {
    command: Option<String>,
    subcommand: Option<String>,
    args: Vec<String>,
    option_keys: Vec<String>,
    global_options: Vec<String>,
    /// An option of unknown kind may have taken a word that was none of its.
    uncertain: bool,
    /// The second word has been seen.
    named: bool,
}

impl Call {
    fn option(&mut self, option: &str) {
        if GLOBAL_OPTIONS.contains(&option) {
            // In front of the command repetitions are kept, behind it they are not.
            if !self.named || !self.global_options.iter().any(|known| known == option) {
                self.global_options.push(option.to_string());
            }
        } else if self.command.is_some() {
            let key = option_key(option);
            if !self.option_keys.contains(&key) {
                self.option_keys.push(key);
            }
        }
    }

    fn word(&mut self, word: &str) {
        let Some(command) = self.command.as_deref() else {
            let known = KNOWN_COMMANDS.contains(&word) || PLAIN_COMMANDS.contains(&word);
            let kept = known || (!self.uncertain && is_name(word));
            self.named = PLAIN_COMMANDS.contains(&word) || !kept;
            self.command = Some(if kept { word } else { REDACTED }.to_string());
            return;
        };
        if !self.named {
            self.named = true;
            if is_name(word) && !self.uncertain {
                self.subcommand = Some(word.to_string());
                return;
            }
        }
        let kept = !self.uncertain
            && self
                .subcommand
                .as_deref()
                .is_some_and(|subcommand| self.is_category(command, subcommand, word));
        self.args
            .push(if kept { word } else { REDACTED }.to_string());
    }

    /// Whether the next word is one of a few known ones rather than a name of the user's.
    fn is_category(&self, command: &str, subcommand: &str, word: &str) -> bool {
        match (command, subcommand, self.args.len()) {
            ("model" | "vault", "create", 0) | ("type", "describe", 0) => is_type(word),
            ("model", "method" | "output", 0) | ("workflow", "history", 0) => is_name(word),
            // Behind other verbs than `run` stands a model's name.
            ("model", "method", 2) => {
                self.args.first().is_some_and(|verb| verb == "run") && is_identifier(word)
            }
            _ => false,
        }
    }

    fn finish(self) -> Invocation<'static> {
        let owned = |texts: Vec<String>| texts.into_iter().map(Cow::Owned).collect();
        Invocation {
            command: self.command.unwrap_or_default().into(),
            subcommand: self.subcommand.map(Into::into),
            args: owned(self.args),
            option_keys: owned(self.option_keys),
            global_options: owned(self.global_options),
        }
    }
}

/// The name of an option without a value that is attached to it.
fn option_key(option: &str) -> String {
    let key = match option.strip_prefix("--") {
        Some(long) => {
            let name = long.split('=').next().unwrap_or("");
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            plain.then(|| ["--", name].concat())
        }
        None => option
            .chars()
            .nth(1)
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| ['-', letter].iter().collect()),
    };
    key.unwrap_or_else(|| REDACTED.to_string())
}

/// Words of the program itself: small letters and hyphens.
fn is_name(word: &str) -> bool {
    word.len() <= 24
        && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        && word.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Names of methods.
fn is_identifier(word: &str) -> bool {
    word.len() <= 64
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// Names of types, such as `@acme/kiln`.
fn is_type(word: &str) -> bool {
    word.len() <= 128
        && !word.starts_with('/')
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/' | b'@'))
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const CASES: &str = include_str!("../../../tests/fixtures/swamp/command_info_cases.json");

    /// The record as the cases write it.
    fn shown(call: &Invocation<'_>) -> Value {
        let mut shown = serde_json::json!({
            "command": call.command,
            "args": call.args,
            "optionKeys": call.option_keys,
            "globalOptions": call.global_options,
        });
        if let Some(subcommand) = &call.subcommand {
            shown["subcommand"] = Value::from(&**subcommand);
        }
        shown
    }

    #[test]
    fn calls_are_recorded_as_by_the_peer_where_it_does_not_leak() {
        let cases: Value = serde_json::from_str(CASES).unwrap();
        let mut matched = 0;
        for case in cases.as_array().unwrap() {
            let words: Vec<&str> = case["argv"]
                .as_array()
                .unwrap()
                .iter()
                .map(|word| word.as_str().unwrap())
                .collect();
            let got = shown(&redact_command(&words));
            if case["verdict"] == "match the peer" {
                matched += 1;
                assert_eq!(got, case["peer_head"], "{}", case["name"]);
            } else {
                assert_ne!(got, case["peer_head"], "{}", case["name"]);
            }
        }
        assert!(matched >= 11);
    }

    #[track_caller]
    fn check(words: &str, expect: &str) {
        let words: Vec<&str> = words.split_whitespace().collect();
        let call = redact_command(&words);
        let got = format!(
            "{} {} {:?} {:?} {:?}",
            call.command,
            call.subcommand.as_deref().unwrap_or("."),
            call.args,
            call.option_keys,
            call.global_options
        );
        assert_eq!(got.replace("<REDACTED>", "#"), expect, "{words:?}");
    }

    #[test]
    fn what_the_peer_leaks_is_not_kept() {
        check("init /home/ada/x", r##"init . ["#"] [] []"##);
        check("init project", r##"init . ["#"] [] []"##);
        check("vault put -phunter2 till", r##"vault put ["#"] ["-p"] []"##);
        check(
            "model method history get customer-acme",
            r##"model method ["history", "#", "#"] [] []"##,
        );
        check(
            "--repo-dir=/srv/x model get h",
            r##"model get ["#"] [] []"##,
        );
        check(
            "workflow run --no-prompt nightly",
            r##"workflow run ["#"] ["--no-prompt"] []"##,
        );
        check(
            "model method run h grind -- --token abc",
            r##"model method ["run", "#", "grind", "#", "#"] [] []"##,
        );
        // An unknown option may or may not have taken `hopper`.
        check(
            "model method run --odd hopper grind extra",
            r##"model method ["run", "#", "#"] ["--odd"] []"##,
        );
        check("--odd model get secret", r##"model get ["#"] [] []"##);
        check("--odd x get secret", r##"# . ["#"] [] []"##);
        check("./secret.sh x", r##"# . ["#"] [] []"##);
        check("model get --pass/word=x y", r##"model get ["#"] ["#"] []"##);
        check(
            "--json --json model get a --json --force --force",
            r##"model get ["#"] ["--force"] ["--json", "--json"]"##,
        );
    }

    proptest! {
        /// Wherever a table does not say that a word is a category, it is not kept.
        #[test]
        fn no_secret_is_kept(
            call in prop::sample::select(&[
                "workflow run S", "model get S", "model create t S", "model method run S m",
                "model method history get S", "vault put v S", "init S", "data search S S",
                "workflow run w --input S", "workflow run w --input=S", "vault put -pS v",
                "model method run m -- S", "--repo-dir S model get x", "--repo-dir=S model get x",
                "model method run --odd S grind S", "--odd S model get S", "S", "model S", "workflow history get S",
            ][..]),
            secret in "[A-Z0-9_./:@-]{0,8}[A-Z/_][A-Z0-9_./:-]{4,20}",
        ) {
            let call = call.replace('S', &secret);
            let words: Vec<&str> = call.split(' ').collect();
            let entry = shown(&redact_command(&words)).to_string();
            prop_assert!(!entry.contains(&secret), "{entry}");
        }

        #[test]
        fn no_words_panic(words in prop::collection::vec(".{0,6}", 0..8)) {
            let _ = redact_command(&words);
        }
    }
}
