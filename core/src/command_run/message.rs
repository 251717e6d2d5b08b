//! What a command tells its server beside its output.
//!
//! A line `::muster TOKEN {...}` is no output when `TOKEN` is that of the run, which
//! the command finds in `MUSTER_RUN_TOKEN`; the same line with another token is output
//! like any other, because anything may print it.

use alloc::string::String;

use crate::json::{Fields, Value};

/// What such a line begins with.
const MARK: &str = "::muster ";
/// More is no label.
const MAX_TEXT_BYTES: usize = 500;

/// What a command recommends to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recommendation {
    /// `kind`: what to do.
    pub kind: RecommendationKind,
    /// `target`: the command's name, or the address.
    pub target: String,
    /// `scope`: the path for the command.
    pub scope: Option<String>,
    /// `label`: what to call it.
    pub label: Option<String>,
    /// `severity`: how much it matters.
    pub severity: Option<String>,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecommendationKind {
    /// `next-command`: run a command of the catalogue.
    NextCommand,
    /// `open-url`: open an address, http or https.
    OpenUrl,
}

impl RecommendationKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NextCommand => "next-command",
            Self::OpenUrl => "open-url",
        }
    }

    /// The kind of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::NextCommand, Self::OpenUrl]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// Reads a line of output: `None` where it is output, `Some(None)` where it bears the
/// token and says nothing that can be used.
pub fn side_channel(
    line: &str,
    token: &str,
    is_command: impl Fn(&str) -> bool,
) -> Option<Option<Recommendation>> {
    let rest = line.strip_prefix(MARK)?;
    let (given, object) = rest.split_once(' ')?;
    if token.is_empty() || given != token {
        return None;
    }
    Some(recommendation(object, is_command))
}

fn recommendation(object: &str, is_command: impl Fn(&str) -> bool) -> Option<Recommendation> {
    let fields = Fields::parse(object).ok()?;
    let text = |name: &'static str| -> Option<Option<String>> {
        let value = fields.get_or_null(name, Value::text).ok()?;
        let value = value.map(String::from);
        value
            .as_ref()
            .is_none_or(|text| text.len() <= MAX_TEXT_BYTES)
            .then_some(value)
    };
    let kind = RecommendationKind::of_name(&text("kind")??)?;
    let target = text("target")??;
    let is_usable = match kind {
        RecommendationKind::NextCommand => is_command(&target),
        RecommendationKind::OpenUrl => {
            ["https://", "http://"].iter().any(|scheme| {
                target
                    .strip_prefix(scheme)
                    .is_some_and(|rest| !rest.is_empty())
            }) && !target.contains(char::is_control)
        }
    };
    is_usable.then_some(Recommendation {
        kind,
        target,
        scope: text("scope")?,
        label: text("label")?,
        severity: text("severity")?,
    })
}
