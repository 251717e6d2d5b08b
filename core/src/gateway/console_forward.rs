//! Whom an answer is attributed to, and whether an answer to nobody in particular
//! is forwarded to the operator's chat.

use alloc::boxed::Box;

use super::clock::{Clock, after, ms_between};
use crate::time::Timestamp;

/// How long a prompt from a channel explains an answer of unknown source.
pub const RECENT_PROMPT_MS: u64 = 30_000;
/// Answers with fewer characters are not forwarded.
pub const SHORT_ANSWER_CHARS: usize = 80;
/// What a session answers to a heartbeat when there is nothing to say.
pub const HEARTBEAT_OK: &str = "HEARTBEAT_OK";

/// What an answer's source was found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// The prompt that is being answered.
    Active,
    /// The prompt that was being answered when the turn began.
    Captured,
    /// A channel's prompt of a short time ago.
    RecentPrompt,
    /// Nothing, though there was a prompt a short time ago: suspicious.
    ConsoleDespitePrompt,
    /// Nothing, and there was no prompt: as expected.
    ConsoleWithoutContext,
}

impl FoundBy {
    /// The action under which telemetry records a source that had to be guessed.
    pub const fn event_name(self) -> Option<&'static str> {
        match self {
            Self::Active | Self::Captured => None,
            Self::RecentPrompt => Some("daemon.response.source_recovered_recent_prompt"),
            Self::ConsoleDespitePrompt => Some("daemon.response.source_fallback_console"),
            Self::ConsoleWithoutContext => Some("daemon.response.source_console_no_context"),
        }
    }
}

/// Whom an answer is attributed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// The source, `console` if there is none.
    pub source: Box<str>,
    /// What it was found by.
    pub by: FoundBy,
    /// How long ago the latest prompt was.
    pub age_ms: Option<u64>,
}

impl Attribution {
    /// Whether the source is a channel; else it is the gateway itself.
    pub fn is_channel(&self) -> bool {
        self.source.contains(':')
    }

    /// Whether nobody in particular is answered.
    pub fn is_background(&self) -> bool {
        matches!(&*self.source, "" | "gateway" | "console")
    }
}

/// Why the attribution wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The latest prompt no longer explains an answer.
    Forget,
}

/// Who is being answered. It remembers three sources.
#[derive(Clone, Debug, Default)]
pub struct Attributor {
    clock: Clock,
    active: Option<Box<str>>,
    captured: Option<Box<str>>,
    latest: Option<(Box<str>, Timestamp)>,
}

impl Attributor {
    /// A prompt was given to the session.
    pub fn handle_prompt(&mut self, now: Timestamp, source: &str) {
        let now = self.clock.advance(now);
        self.active = Some(source.into());
        self.latest = Some((source.into(), now));
    }

    /// The session began a turn.
    pub fn handle_turn_start(&mut self, now: Timestamp) {
        self.clock.advance(now);
        self.captured = self.active.clone();
    }

    /// The queue is done with the prompt. What the turn still says is answered to
    /// the source that was captured.
    pub fn handle_prompt_done(&mut self, now: Timestamp) {
        self.clock.advance(now);
        self.active = None;
    }

    /// The session ended the turn.
    pub fn handle_turn_end(&mut self, now: Timestamp) {
        self.clock.advance(now);
        self.captured = None;
    }

    /// Forgets a prompt that is too old to explain anything.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self
            .latest
            .as_ref()
            .is_some_and(|(_, at)| ms_between(*at, now) > RECENT_PROMPT_MS)
        {
            self.latest = None;
        }
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        let (_, at) = self.latest.as_ref()?;
        Some((after(*at, RECENT_PROMPT_MS + 1), Wake::Forget))
    }

    /// Whom an answer at `now` is attributed to.
    pub fn attribute(&self, now: Timestamp) -> Attribution {
        let latest = self
            .latest
            .as_ref()
            .map(|(source, at)| (source, ms_between(*at, now)));
        let age_ms = latest.map(|(_, age_ms)| age_ms);
        let recent = latest.filter(|(_, age_ms)| *age_ms <= RECENT_PROMPT_MS);
        let channel = recent
            .map(|(source, _)| source)
            .filter(|source| source.contains(':'));
        let (source, by) = match (&self.active, &self.captured, channel) {
            (Some(source), _, _) => (source.clone(), FoundBy::Active),
            (None, Some(source), _) => (source.clone(), FoundBy::Captured),
            (None, None, Some(source)) => (source.clone(), FoundBy::RecentPrompt),
            (None, None, None) if recent.is_some() => {
                ("console".into(), FoundBy::ConsoleDespitePrompt)
            }
            (None, None, None) => ("console".into(), FoundBy::ConsoleWithoutContext),
        };
        Attribution { source, by, age_ms }
    }
}

/// Whether the operator has a chat to forward to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorChat {
    /// There is one.
    Configured,
    /// There is none.
    Missing,
}

/// What an answer repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    Own,
    /// The prompt.
    Echo,
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forward {
    /// It is sent to the operator's chat.
    Attempt,
    /// There is no chat.
    SkippedNoChat,
    /// It has been sent there as an answer.
    SkippedSourceIsChat,
    /// It is the gateway talking to itself.
    SuppressedByPolicy,
    /// It says nothing.
    SkippedByRule,
}

impl Forward {
    /// The action under which telemetry records it, without its prefix
    /// `outbound.console_forward.`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attempt => "attempt",
            Self::SkippedNoChat | Self::SkippedSourceIsChat | Self::SkippedByRule => "skipped",
            Self::SuppressedByPolicy => "suppressed_policy",
        }
    }

    /// Why it was skipped.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::SkippedNoChat => Some("no-telegram-config"),
            Self::SkippedSourceIsChat => Some("source-is-telegram"),
            Self::SkippedByRule => Some("filtered-by-forward-rule"),
            Self::Attempt | Self::SuppressedByPolicy => None,
        }
    }

    /// Decides about an answer.
    pub fn of(chat: OperatorChat, to: &Attribution, text: &str, content: Content) -> Self {
        let text = text.trim();
        let guessed = matches!(
            to.by,
            FoundBy::ConsoleDespitePrompt | FoundBy::ConsoleWithoutContext
        );
        if chat == OperatorChat::Missing {
            Self::SkippedNoChat
        } else if to.source.split(':').next() == Some("telegram") {
            Self::SkippedSourceIsChat
        } else if !to.is_channel() && to.is_background() && guessed {
            Self::SuppressedByPolicy
        } else if text.starts_with(HEARTBEAT_OK)
            || text.chars().nth(SHORT_ANSWER_CHARS - 1).is_none()
            || content == Content::Echo
        {
            Self::SkippedByRule
        } else {
            Self::Attempt
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    #[test]
    fn an_answer_belongs_to_the_nearest_known_prompt() {
        let mut who = Attributor::default();
        let found = |who: &Attributor, ms| {
            let attribution = who.attribute(at(ms));
            (attribution.source.clone(), attribution.by)
        };
        assert_eq!(
            found(&who, 0),
            ("console".into(), FoundBy::ConsoleWithoutContext)
        );
        who.handle_prompt(at(0), "slack:C1");
        assert_eq!(found(&who, 1), ("slack:C1".into(), FoundBy::Active));
        who.handle_turn_start(at(1));
        who.handle_prompt_done(at(2));
        assert_eq!(found(&who, 3), ("slack:C1".into(), FoundBy::Captured));
        who.handle_turn_end(at(4));
        assert_eq!(
            found(&who, 30_000),
            ("slack:C1".into(), FoundBy::RecentPrompt)
        );
        assert_eq!(
            found(&who, 30_001),
            ("console".into(), FoundBy::ConsoleWithoutContext)
        );
        who.handle_prompt(at(40_000), "cron");
        who.handle_prompt_done(at(40_001));
        assert_eq!(
            found(&who, 40_002),
            ("console".into(), FoundBy::ConsoleDespitePrompt)
        );
        assert_eq!(who.poll_timeout(), Some((at(70_001), Wake::Forget)));
        who.handle_timeout(at(70_001));
        assert_eq!(who.poll_timeout(), None);
    }

    #[test]
    fn only_answers_that_say_something_to_somebody_are_forwarded() {
        let to = |source: &str, by| Attribution {
            source: source.into(),
            by,
            age_ms: None,
        };
        let long = "x".repeat(80);
        let short = "x".repeat(79);
        let yes = OperatorChat::Configured;
        for (chat, to, text, content, forward) in [
            (
                OperatorChat::Missing,
                to("slack:1", FoundBy::Active),
                &*long,
                Content::Own,
                Forward::SkippedNoChat,
            ),
            (
                yes,
                to("telegram:1", FoundBy::Active),
                &long,
                Content::Own,
                Forward::SkippedSourceIsChat,
            ),
            (
                yes,
                to("console", FoundBy::ConsoleWithoutContext),
                &long,
                Content::Own,
                Forward::SuppressedByPolicy,
            ),
            (
                yes,
                to("console", FoundBy::Active),
                &long,
                Content::Own,
                Forward::Attempt,
            ),
            (
                yes,
                to("slack:1", FoundBy::RecentPrompt),
                &short,
                Content::Own,
                Forward::SkippedByRule,
            ),
            (
                yes,
                to("slack:1", FoundBy::RecentPrompt),
                &long,
                Content::Echo,
                Forward::SkippedByRule,
            ),
            (
                yes,
                to("slack:1", FoundBy::RecentPrompt),
                &long,
                Content::Own,
                Forward::Attempt,
            ),
        ] {
            assert_eq!(Forward::of(chat, &to, text, content), forward, "{to:?}");
        }
    }
}
