//! How the output may look.

use std::env;
use std::io::{self, IsTerminal};

use super::{Zone, wrap};

/// Columns where nobody says otherwise.
const COLUMNS: usize = 80;
/// A wider terminal is used up to here.
const MAX_COLUMNS: usize = 120;

/// How the output may look.
#[derive(Clone, Debug)]
pub struct Style {
    /// Columns that a line may take.
    pub columns: usize,
    /// Whether somebody looks at it: what does not fit is cut there, and only there.
    pub terminal: bool,
    /// Whether colours and bold are understood.
    pub color: bool,
    /// The time zone of times.
    pub zone: Zone,
}

impl Style {
    /// The style that fits the standard output.
    pub fn of_stdout(zone: Zone) -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let columns = if terminal {
            rustix::termios::tcgetwinsize(&stdout)
                .ok()
                .map(|size| usize::from(size.ws_col))
                .filter(|columns| *columns > 0)
                .map_or(COLUMNS, |columns| columns.clamp(COLUMNS, MAX_COLUMNS))
        } else {
            COLUMNS
        };
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            columns,
            terminal,
            color: terminal && !set("NO_COLOR") && !dumb,
            zone,
        }
    }

    /// The style of text that goes nowhere in particular.
    pub fn plain() -> Self {
        Self {
            columns: COLUMNS,
            terminal: true,
            color: false,
            zone: Zone::utc(),
        }
    }

    /// A heading.
    pub fn heading(&self, text: &str) -> String {
        self.wrapped("1", text)
    }

    /// A heading of one sentence, in as many lines as it takes.
    pub fn title(&self, text: &str) -> String {
        self.heading(&self.sentence(text))
    }

    /// A sentence in as many lines as it takes.
    pub fn sentence(&self, text: &str) -> String {
        wrap(text, self.columns, "  ")
    }

    /// Text of less weight.
    pub fn faint(&self, text: &str) -> String {
        self.wrapped("2", text)
    }

    /// Text that asks for attention.
    pub fn warning(&self, text: &str) -> String {
        self.wrapped("33", text)
    }

    fn wrapped(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
