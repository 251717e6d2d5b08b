//! What may be kept of a call's words and of an error's text.

use alloc::borrow::Cow;
use alloc::string::String;

/// Stands for what is not kept.
pub const REDACTED: &str = "<REDACTED>";

/// How much of an error's text is taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageRedaction {
    /// The model's name where the engine itself puts it: behind `not found: `, or
    /// between quotes.
    #[default]
    EngineNames,
    /// The model's name wherever it stands.
    AllNames,
}

/// The first line of an error's text without the model's name.
pub(super) fn error_message<'a>(
    text: &'a str,
    model: &str,
    redaction: MessageRedaction,
) -> Cow<'a, str> {
    let end = memchr::memchr(b'\n', text.as_bytes()).unwrap_or(text.len());
    let line = text.get(..end).unwrap_or(text);
    if model.is_empty() || !line.contains(model) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + REDACTED.len());
    let mut rest = line;
    while let Some(at) = rest.find(model) {
        let (before, found) = rest.split_at(at);
        let after = found.get(model.len()..).unwrap_or("");
        out.push_str(before);
        if redaction == MessageRedaction::AllNames || is_engine_name(&out, after) {
            out.push_str(REDACTED);
            rest = after;
        } else {
            // Overlapping occurrences count, so go on by one character.
            let step = found.chars().next().map_or(1, char::len_utf8);
            out.push_str(found.get(..step).unwrap_or(found));
            rest = found.get(step..).unwrap_or("");
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether a name with this text before and after it stands where the engine puts names.
fn is_engine_name(before: &str, after: &str) -> bool {
    let quoted = ['"', '\'', '`']
        .into_iter()
        .any(|quote| before.ends_with(quote) && after.starts_with(quote));
    quoted || before.ends_with("ot found: ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_go_and_the_rest_stays() {
        for (text, model, expect) in [
            (
                "Model not found: acme-prod",
                "acme-prod",
                "Model not found: <REDACTED>",
            ),
            (
                "model 'acme' is not there",
                "acme",
                "model '<REDACTED>' is not there",
            ),
            ("no such model: sack-9", "sack-9", "no such model: sack-9"),
            ("exit code 3\nacme", "acme", "exit code 3"),
            ("exit code 3\r\nx", "", "exit code 3\r"),
            ("\"aa\" `aa` aa", "aa", "\"<REDACTED>\" `<REDACTED>` aa"),
            ("", "a", ""),
        ] {
            let got = error_message(text, model, MessageRedaction::EngineNames);
            assert_eq!(got, expect, "{text}");
        }
        let all = error_message(
            "no such model: sack-9",
            "sack-9",
            MessageRedaction::AllNames,
        );
        assert_eq!(all, "no such model: <REDACTED>");
    }

    proptest! {
        #[test]
        fn a_name_that_is_taken_out_everywhere_is_nowhere(
            before in ".{0,20}", model in "[a-z0-9-]{1,8}", after in ".{0,20}",
        ) {
            let text = before + &model + &after;
            let got = error_message(&text, &model, MessageRedaction::AllNames);
            prop_assert!(!got.replace(REDACTED, "\n").contains(&model));
        }

        #[test]
        fn no_text_panics(text in ".*", model in ".{0,4}") {
            let _ = error_message(&text, &model, MessageRedaction::EngineNames);
        }
    }
}
