//! The scripts that run inside the server, each as one step.

use std::sync::LazyLock;

/// One script. It goes by its hash, and in full to a server that does not know it.
pub(super) struct Script {
    code: &'static str,
    hash: LazyLock<String>,
}

impl Script {
    pub(super) fn code(&self) -> &str {
        self.code
    }

    pub(super) fn hash(&self) -> &str {
        &self.hash
    }
}

macro_rules! scripts {
    ($($name:ident = $family:literal, $file:literal;)*) => {
        $(
            pub(super) static $name: Script = Script {
                code: concat!(
                    include_str!("lua/common.lua"),
                    include_str!(concat!("lua/", $family)),
                    include_str!(concat!("lua/", $file)),
                ),
                hash: LazyLock::new(|| redis::Script::new($name.code).get_hash().to_owned()),
            };
        )*
        #[cfg(test)]
        pub(super) static ALL: &[(&str, &Script)] = &[$((stringify!($name), &$name)),*];
    };
}

scripts! {
    SIGNAL_SEND = "signals.lua", "signal_send.lua";
    SIGNAL_CHECK = "signals.lua", "signal_check.lua";
    SIGNAL_LIST = "signals.lua", "signal_list.lua";
    SIGNAL_ALL = "signals.lua", "signal_all.lua";
    SIGNAL_ENROL = "signals.lua", "signal_enrol.lua";
    SIGNAL_SLOWEST = "signals.lua", "signal_slowest.lua";
    SIGNAL_ADOPT = "signals.lua", "signal_adopt.lua";
    BEAT = "beats.lua", "beat.lua";
    BEAT_ADOPT = "beats.lua", "beat_adopt.lua";
    BEAT_LIST = "beats.lua", "beat_list.lua";
    APPROVAL_REQUEST = "approvals.lua", "approval_request.lua";
    APPROVAL_DECIDE = "approvals.lua", "approval_decide.lua";
    APPROVAL_ADOPT = "approvals.lua", "approval_adopt.lua";
    APPROVAL_ANSWERED = "approvals.lua", "approval_answered.lua";
    APPROVAL_GET = "approvals.lua", "approval_get.lua";
    APPROVAL_LIST = "approvals.lua", "approval_list.lua";
    APPROVAL_SWEEP = "approvals.lua", "approval_sweep.lua";
    STREAM_PUBLISH = "streams.lua", "stream_publish.lua";
    STREAM_READ = "streams.lua", "stream_read.lua";
    STREAM_GROUP = "streams.lua", "stream_group.lua";
    STREAM_ACK = "streams.lua", "stream_ack.lua";
    STREAM_LIST = "streams.lua", "stream_list.lua";
    STREAM_TRIM = "streams.lua", "stream_trim.lua";
    STREAM_DELETE = "streams.lua", "stream_delete.lua";
    FEEDBACK_RECORD = "feedback.lua", "feedback_record.lua";
    FEEDBACK_LIST = "feedback.lua", "feedback_list.lua";
    FEEDBACK_CLEAR = "feedback.lua", "feedback_clear.lua";
    FOREIGN_SCAN = "foreign.lua", "foreign_scan.lua";
    FOREIGN_LOOK = "foreign.lua", "foreign_look.lua";
    FOREIGN_WATCH = "foreign.lua", "foreign_watch.lua";
    FOREIGN_MARK = "foreign.lua", "foreign_mark.lua";
    FOREIGN_TIPS = "foreign.lua", "foreign_tips.lua";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_script_has_a_hash_of_its_own() {
        let hashes: std::collections::BTreeSet<_> = ALL.iter().map(|(_, s)| s.hash()).collect();
        assert_eq!(hashes.len(), ALL.len());
        assert!(
            ALL.iter()
                .all(|(_, s)| s.hash().len() == 40 && s.code().is_ascii())
        );
    }
}
