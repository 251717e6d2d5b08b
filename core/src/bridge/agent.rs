//! Whether an AI agent sits before the terminal, from environment variables.

use alloc::string::String;

/// What the environment says of an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentSession {
    /// Whether there seems to be one.
    pub detected: bool,
    /// Which one, where it says so.
    pub tool: Option<AgentTool>,
}

/// Agents that make themselves known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentTool {
    /// Claude Code
    Claude,
    /// Cursor
    Cursor,
    /// Kiro
    Kiro,
    /// `OpenCode`
    OpenCode,
    /// Codex
    Codex,
}

/// The variables that are looked at; no others are asked for.
pub const AGENT_VARIABLES: [&str; 11] = [
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
    "TERM_PROGRAM",
    "CURSOR_TRACE_ID",
    "AGENT_CONTEXT_OUT",
    "OPENCODE",
    "CODEX_SANDBOX_NETWORK_DISABLED",
    "CODEX_SANDBOX",
    "AGENT",
    "AI_AGENT",
    "IS_AGENT",
];

impl AgentTool {
    /// The name in entries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Cursor => "cursor",
            Self::Kiro => "kiro",
            Self::OpenCode => "opencode",
            Self::Codex => "codex",
        }
    }
}

impl AgentSession {
    /// What the variables say; `variable` gives the value of one of
    /// [`AGENT_VARIABLES`]. The first that fits decides.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is = |name: &str, value: &str| variable(name).as_deref() == Some(value);
        let is_set = |name: &str| variable(name).is_some();
        let has_text = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let tool = if is("CLAUDECODE", "1") || is_set("CLAUDE_CODE_ENTRYPOINT") {
            Some(AgentTool::Claude)
        } else if is("TERM_PROGRAM", "cursor") || is_set("CURSOR_TRACE_ID") {
            Some(AgentTool::Cursor)
        } else if is("TERM_PROGRAM", "kiro") || has_text("AGENT_CONTEXT_OUT") {
            Some(AgentTool::Kiro)
        } else if is("OPENCODE", "1") {
            Some(AgentTool::OpenCode)
        } else if is("CODEX_SANDBOX_NETWORK_DISABLED", "1") || is_set("CODEX_SANDBOX") {
            Some(AgentTool::Codex)
        } else {
            None
        };
        let says_so = |name: &str| {
            variable(name).is_some_and(|value| {
                !value.is_empty() && value != "0" && !value.eq_ignore_ascii_case("false")
            })
        };
        Self {
            detected: tool.is_some() || ["AGENT", "AI_AGENT", "IS_AGENT"].into_iter().any(says_so),
            tool,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;

    use serde_json::{Value, json};

    use super::*;

    const CASES: &str = include_str!("../../../tests/fixtures/swamp/harness_cases.json");

    fn detected(env: &Value) -> Value {
        let session = AgentSession::detect(|name| {
            assert!(AGENT_VARIABLES.contains(&name), "{name}");
            env[name].as_str().map(ToOwned::to_owned)
        });
        let mut shown = json!({"agentSessionDetected": session.detected});
        if let Some(tool) = session.tool {
            shown["detectedAiTool"] = tool.name().into();
        }
        shown
    }

    #[test]
    fn agents_are_detected_as_by_the_peer() {
        let cases: Value = serde_json::from_str(CASES).unwrap();
        let cases = cases.as_array().unwrap();
        assert!(cases.len() >= 11);
        for case in cases {
            assert_eq!(detected(&case["env"]), case["peer_head"], "{}", case["env"]);
        }
    }

    #[test]
    fn an_agent_without_a_name_is_one_all_the_same() {
        for (env, expect) in [
            (json!({"AGENT": "1"}), true),
            (json!({"IS_AGENT": "yes"}), true),
            (json!({"AI_AGENT": "False"}), false),
            (json!({"AI_AGENT": "0"}), false),
        ] {
            assert_eq!(detected(&env), json!({"agentSessionDetected": expect}));
        }
        let kiro = json!({"TERM_PROGRAM": "kiro", "AGENT": "0"});
        assert_eq!(detected(&kiro)["detectedAiTool"], "kiro");
    }
}
