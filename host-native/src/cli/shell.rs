//! Words of a command line, as a shell reads them.

/// The word as it is typed: in quotes where the shell would read something else.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_word_again() {
        for (word, typed) in [
            ("redis://host:6379/0", "redis://host:6379/0"),
            ("", "''"),
            ("my fleet.db", "'my fleet.db'"),
            ("it's", "'it'\\''s'"),
            ("$HOME", "'$HOME'"),
            ("redis://h?a&b", "'redis://h?a&b'"),
        ] {
            assert_eq!(quoted(word), typed, "{word}");
        }
    }
}
