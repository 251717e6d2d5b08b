//! What a server's refusal or a broken connection means to a user.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::store::{StoreError, StoreErrorKind};

/// What a server says where a user may run a script and not what is in it.
const NO_PERMISSION_IN_SCRIPT: &str = "The user executing the script can't";

/// Whether the connection has to be made again.
pub(super) fn breaks_the_connection(error: &RedisError) -> bool {
    error.is_io_error() || error.kind() == ErrorKind::ClusterConnectionNotFound
}

/// Whether the same call may work a moment later.
pub(super) fn is_passing(error: &RedisError) -> bool {
    breaks_the_connection(error)
        || matches!(
            error.kind(),
            ErrorKind::MasterNameNotFoundBySentinel
                | ErrorKind::Server(
                    ServerErrorKind::BusyLoading
                        | ServerErrorKind::TryAgain
                        | ServerErrorKind::ClusterDown
                        | ServerErrorKind::MasterDown
                )
        )
        || error.code() == Some("BUSY")
}

/// Says what happened and what to do.
pub(super) fn explain(tried: String, error: &RedisError) -> StoreError {
    let text = plain(error);
    let has = |code: &str| error.code() == Some(code) || text.contains(code);
    if let Some((happened, hint)) = of_another_place(&text) {
        return StoreError::new(StoreErrorKind::Usage, tried, happened).hint(hint);
    }
    let (kind, happened, hint) = match error.kind() {
        _ if error.is_timeout() => (
            StoreErrorKind::TimedOut,
            "the server did not answer in time".to_owned(),
            Some("look at its load with redis-cli --latency and SLOWLOG GET, then try again"),
        ),
        _ if error.is_connection_refusal() => (
            StoreErrorKind::Unreachable,
            "nothing listens there".to_owned(),
            Some("start the server, or name another by --store"),
        ),
        _ if has("WRONGPASS")
            || has("NOAUTH")
            || error.kind() == ErrorKind::AuthenticationFailed =>
        {
            (
                StoreErrorKind::Refused,
                if has("NOAUTH") {
                    "it wants a password".to_owned()
                } else {
                    "the user or the password is wrong".to_owned()
                },
                Some(
                    "name them in the address, such as redis://user:password@host, or in MUSTER_STORE",
                ),
            )
        }
        _ if has("NOPERM") || text.contains(NO_PERMISSION_IN_SCRIPT) => (
            StoreErrorKind::Refused,
            // Behind it stands which script it was.
            text.split(" script: ")
                .next()
                .unwrap_or_default()
                .to_owned(),
            Some(
                "give the user the right in the server's ACL: keys muster:*, empathy:*, approval_*, stream*, feedback:*; channels muster:*; commands of scripts, strings, hashes, sets, sorted sets and streams",
            ),
        ),
        ErrorKind::Server(ServerErrorKind::ReadOnly) => (
            StoreErrorKind::ReadOnly,
            "the server is a replica and takes no writes".to_owned(),
            Some("name its master, or use redis+sentinel://"),
        ),
        _ if has("MISCONF") => (
            StoreErrorKind::ReadOnly,
            "the server cannot save to its disk and takes no writes".to_owned(),
            Some("look at the server's log and its free disk space"),
        ),
        _ if has("OOM") => (
            StoreErrorKind::Full,
            "the server's memory is full (maxmemory)".to_owned(),
            Some("raise maxmemory, or trim streams with muster stream trim"),
        ),
        _ if has("WRONGTYPE") => (
            StoreErrorKind::Malformed,
            "a key holds another type than its name says".to_owned(),
            Some("-v names the key; see what it holds with redis-cli"),
        ),
        ErrorKind::Server(ServerErrorKind::BusyLoading) => (
            StoreErrorKind::Unreachable,
            "the server is still loading its data".to_owned(),
            Some("try again when it is done"),
        ),
        ErrorKind::MasterNameNotFoundBySentinel => (
            StoreErrorKind::Unreachable,
            "the Sentinels know no master of this name".to_owned(),
            Some("the name stands behind the hosts: redis+sentinel://host:26379/NAME"),
        ),
        ErrorKind::Server(ServerErrorKind::ClusterDown | ServerErrorKind::MasterDown)
        | ErrorKind::ClusterConnectionNotFound => (
            StoreErrorKind::Unreachable,
            text,
            Some("look at redis-cli cluster info"),
        ),
        ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::CrossSlot) => (
            StoreErrorKind::Unsupported,
            "the server belongs to a Cluster".to_owned(),
            Some(
                "name it by redis+cluster://; agents of attune cannot be joined there, because their keys lie in different slots",
            ),
        ),
        ErrorKind::RESP3NotSupported => (
            StoreErrorKind::Version,
            "the server is older than Redis 6".to_owned(),
            Some("Muster needs Redis 6.2 or newer"),
        ),
        ErrorKind::Io => of_connection(text),
        _ => (StoreErrorKind::Unreachable, text, None),
    };
    let error = StoreError::new(kind, tried, happened);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// What is there is not what the address says; and how to name it.
fn of_another_place(text: &str) -> Option<(&'static str, &'static str)> {
    if text.contains("DB index is out of range") {
        Some((
            "the server has no database of this number",
            "the number stands behind the host: redis://host:6379/0",
        ))
    } else if text.contains("cluster support disabled") {
        Some(("the server belongs to no Cluster", "name it by redis://"))
    } else if text.contains("does not point to a sentinel") {
        Some((
            "that is no Sentinel",
            "name the server itself by redis://, or a Sentinel, which listens on port 26379",
        ))
    } else {
        None
    }
}

/// A connection that was not made, or broke.
fn of_connection(text: String) -> (StoreErrorKind, String, Option<&'static str>) {
    if text.contains("certificate") {
        let hint = "an authority of your own is named by SSL_CERT_FILE=ca.pem, and the address has to name the host as the certificate does";
        return (StoreErrorKind::Refused, text, Some(hint));
    }
    let hint = "is the address right (rediss:// with TLS) and the server up? redis-cli -u ADDRESS ping tells";
    (StoreErrorKind::Unreachable, text, Some(hint))
}

/// The error in the words of the server, else of the library.
fn plain(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => without_number(&error.to_string()).to_owned(),
    }
}

/// Without the number that the operating system has for it.
fn without_number(text: &str) -> &str {
    text.split_once(" (os error")
        .map_or(text, |(plain, _)| plain)
}
