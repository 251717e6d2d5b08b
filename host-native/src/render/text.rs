//! Text from logs, made safe and short enough for a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The text without control characters, terminal escapes and marks that turn the
/// direction of writing; white space becomes a space.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' | '\u{9b}' => {
                let kind = if c == '\u{9b}' {
                    Some('[')
                } else {
                    chars.next()
                };
                match kind {
                    // A control sequence ends with a letter or one of `@[\]^_{|}~`.
                    Some('[') => {
                        while chars
                            .next()
                            .is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c))
                        {
                        }
                    }
                    // A command for the terminal ends with a bell or an escape.
                    Some(']' | 'P' | 'X' | '^' | '_') => {
                        while let Some(c) = chars.next() {
                            if c == '\u{7}' || c == '\u{9c}' {
                                break;
                            }
                            if c == '\u{1b}' {
                                chars.next_if_eq(&'\\');
                                break;
                            }
                        }
                    }
                    _ => {}
                }
            }
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Like [`plain`], but keeps the ends of lines.
pub fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(plain).collect();
    lines.join("\n")
}

/// Marks that turn or hide text.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The text in at most `columns` columns: a longer one loses its middle to `...`.
pub fn shorten(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    if columns <= 4 {
        return take(text.chars(), columns);
    }
    let room = columns - 3;
    let tail = take(text.chars().rev(), room / 2);
    let head = take(text.chars(), room - room / 2);
    let tail: String = tail.chars().rev().collect();
    format!("{head}...{tail}")
}

fn take(chars: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

/// The text in lines of at most `columns` columns, broken at spaces; lines after
/// the first begin with `indent`, and spaces at the start stay. Words longer than a line are left whole.
pub fn wrap(text: &str, columns: usize, indent: &str) -> String {
    let words = text.trim_start_matches(' ');
    let mut used = text.len() - words.len();
    let mut out = " ".repeat(used);
    let mut first = true;
    for word in words.split(' ') {
        let width = word.width();
        if !first && used + 1 + width > columns {
            out.push('\n');
            out.push_str(indent);
            used = indent.width();
        } else if !first {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += width;
        first = false;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_controls_do_not_reach_the_terminal() {
        for (text, left) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
            ("\u{9b}2Jx", "x"),
            ("a\nb\tc\r", "a b c "),
            ("a\u{0}\u{8}b\u{7f}", "ab"),
            ("\u{202e}evil", "evil"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
            ("caf\u{e9}", "caf\u{e9}"),
        ] {
            assert_eq!(plain(text), left, "{text:?}");
        }
    }

    #[test]
    fn long_names_lose_their_middle() {
        assert_eq!(shorten("security-audit", 14), "security-audit");
        assert_eq!(shorten("security-audit", 11), "secu...udit");
        assert_eq!(shorten("security-audit", 3), "sec");
        let wide = "\u{6f22}".repeat(8);
        assert!(shorten(&wide, 9).width() <= 9);
    }

    #[test]
    fn sentences_are_broken_at_spaces() {
        assert_eq!(wrap("one two three", 8, "  "), "one two\n  three");
        assert_eq!(wrap("one", 80, ""), "one");
        assert_eq!(wrap("  one two", 6, "    "), "  one\n    two");
    }
}
