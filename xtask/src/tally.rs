//! Reads the output of test runners for their counts.

/// Counts of one or more test runs.
#[derive(Default, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
    /// Tests that the runner left out by their own mark.
    pub(crate) ignored: u64,
    /// The `SKIPPED: ...` lines, each a tool that is missing.
    pub(crate) skipped: Vec<String>,
}

impl Tally {
    /// Takes one line of a runner's output: cargo's, Node's or vitest's.
    pub(crate) fn line(&mut self, line: &str) {
        let plain = without_escapes(line);
        let plain = plain.trim();
        if let Some(counts) = plain.strip_prefix("test result: ") {
            // test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; ...
            for part in counts.split(['.', ';']) {
                self.count(part.trim());
            }
        } else if let Some(counts) = plain.strip_prefix("Tests ") {
            // Tests  1 failed | 12 passed (13)
            for part in counts.split(['|', '(']) {
                self.count(part.trim());
            }
        } else if let Some((mark, word, number)) = three_words(plain) {
            // Node: "# pass 12" as TAP, or an information sign in the place of "#".
            if matches!(mark, "#" | "\u{2139}") {
                match word {
                    "pass" => self.passed += number,
                    "fail" => self.failed += number,
                    "skipped" | "todo" => self.ignored += number,
                    _ => {}
                }
            }
        }
        // As TAP, what a test printed is a comment.
        let printed = plain.strip_prefix("# ").unwrap_or(plain);
        if printed.starts_with("SKIPPED: ") && !self.skipped.iter().any(|line| line == printed) {
            self.skipped.push(printed.to_owned());
        }
    }

    /// Adds the counts of another run.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.skipped.extend(other.skipped);
    }

    fn count(&mut self, part: &str) {
        let Some((number, word)) = part.split_once(' ') else {
            return;
        };
        let Ok(number) = number.parse::<u64>() else {
            return;
        };
        match word.trim() {
            "passed" => self.passed += number,
            "failed" => self.failed += number,
            "ignored" | "skipped" => self.ignored += number,
            _ => {}
        }
    }
}

fn three_words(line: &str) -> Option<(&str, &str, u64)> {
    let mut words = line.split_whitespace();
    let (mark, word, number) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    Some((mark, word, number.parse().ok()?))
}

/// Drops terminal colours: ESC `[` up to a letter.
fn without_escapes(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.peek() == Some(&'[') {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn tally(text: &str) -> Tally {
        let mut tally = Tally::default();
        text.lines().for_each(|line| tally.line(line));
        tally
    }

    #[test]
    fn cargo_test() {
        let got = tally(
            "running 3 tests\ntest a ... ok\n\
             test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s\n\
             test result: \u{1b}[31mFAILED\u{1b}[0m. 4 passed; 2 failed; 0 ignored; 0 measured\n",
        );
        assert_eq!((got.passed, got.failed, got.ignored), (6, 2, 1));
    }

    #[test]
    fn node_test_in_both_forms() {
        let got = tally(
            "# tests 3\n# pass 2\n# fail 1\n\u{2139} pass 40\n\u{2139} fail 0\n\u{2139} skipped 1\n",
        );
        assert_eq!((got.passed, got.failed, got.ignored), (42, 1, 1));
    }

    #[test]
    fn vitest_counts_tests_and_not_files() {
        let got = tally(" Test Files  2 passed (2)\n      Tests  1 failed | 11 passed (12)\n");
        assert_eq!((got.passed, got.failed), (11, 1));
    }

    #[test]
    fn skipped_tools_are_kept_once_each() {
        let got = tally(
            "SKIPPED: no redis-server\n# SKIPPED: no redis-server\nSKIPPED: no node\nnot SKIPPED: x\n",
        );
        assert_eq!(
            got.skipped,
            ["SKIPPED: no redis-server", "SKIPPED: no node"]
        );
    }
}
