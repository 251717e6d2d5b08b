//! Where everything lies.
//!
//! On one server, values that attune's agents know lie at their keys, and Muster's
//! own keys under `muster:`. In a Cluster all keys of one subject must lie in one
//! slot: they share a hash tag, attune's key names stand behind it, and attune's
//! agents do not find them.

/// The subjects that scripts are about; each has keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Signal,
    Beat,
    Approval,
    Stream,
    Feedback,
}

/// The prefixes of one subject's keys.
#[derive(Clone, Debug)]
pub(super) struct Prefixes {
    /// Of Muster's own keys.
    pub(super) own: String,
    /// What stands before attune's key names.
    pub(super) records: String,
}

/// Where keys lie.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    prefixes: [Prefixes; 5],
    cluster: bool,
}

impl Subject {
    const ALL: [Self; 5] = [
        Self::Signal,
        Self::Beat,
        Self::Approval,
        Self::Stream,
        Self::Feedback,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Beat => "beat",
            Self::Approval => "approval",
            Self::Stream => "stream",
            Self::Feedback => "feedback",
        }
    }
}

impl Layout {
    pub(super) fn new(cluster: bool) -> Self {
        let prefixes = Subject::ALL.map(|subject| {
            let name = subject.name();
            if cluster {
                Prefixes {
                    own: format!("{{muster:{name}}}:"),
                    records: format!("{{muster:{name}}}:record:"),
                }
            } else {
                Prefixes {
                    own: format!("muster:{name}:"),
                    records: String::new(),
                }
            }
        });
        Self { prefixes, cluster }
    }

    pub(super) fn of(&self, subject: Subject) -> &Prefixes {
        &self.prefixes[subject as usize]
    }

    /// The key of a signal, as attune's agents look for it by pattern. Where a colon
    /// in a name would let another agent's pattern match it, there is none: the
    /// signal lies in Muster's own keys only.
    pub(super) fn signal_key(&self, target: &str, signal_type: &str, id: &str) -> String {
        if self.cluster || target.contains(':') || signal_type.contains(':') {
            return String::new();
        }
        format!("empathy:signal:{target}:{signal_type}:{id}")
    }

    /// The key of an agent's last beat.
    pub(super) fn beat_key(&self, agent_id: &str) -> String {
        format!(
            "{}empathy:heartbeat:{agent_id}",
            self.of(Subject::Beat).records
        )
    }

    /// The key of a score, as attune 2.6.3 knows it.
    pub(super) fn feedback_key(&self, workflow: &str, path: &str) -> String {
        format!(
            "{}feedback:{workflow}:{path}",
            self.of(Subject::Feedback).records
        )
    }

    /// A channel on which changes of a subject are told.
    pub(super) fn channel(&self, subject: Subject, name: &str) -> String {
        format!("{}{name}", self.of(subject).own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_never_makes_a_key_that_another_agents_pattern_matches() {
        let layout = Layout::new(false);
        assert_eq!(
            layout.signal_key("tester", "ready", "signal_1"),
            "empathy:signal:tester:ready:signal_1"
        );
        // An agent `a` that looks for `b` would find a signal to `a:b`.
        assert_eq!(layout.signal_key("a:b", "ready", "signal_1"), "");
        assert_eq!(layout.signal_key("a", "b:ready", "signal_1"), "");
    }

    #[test]
    fn in_a_cluster_the_keys_of_a_subject_share_a_slot() {
        let layout = Layout::new(true);
        assert_eq!(layout.of(Subject::Beat).own, "{muster:beat}:");
        assert_eq!(
            layout.beat_key("x"),
            "{muster:beat}:record:empathy:heartbeat:x"
        );
    }
}
