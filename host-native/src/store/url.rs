//! Which store: the address that a user gives.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{StoreError, StoreErrorKind};
use crate::folders;

/// The address of a store.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A SQLite database in this file.
    Sqlite(PathBuf),
    /// A Redis server: `redis://` or, with TLS, `rediss://`.
    Redis(String),
    /// Redis servers watched by Sentinels: `redis+sentinel://HOST:PORT,HOST:PORT/SERVICE`.
    Sentinel(String),
    /// A Redis Cluster: `redis+cluster://HOST:PORT,HOST:PORT`.
    Cluster(String),
}

impl StoreUrl {
    /// Reads an address: `sqlite:PATH`, a plain path, or a URL of Redis.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let refuse = |happened: &str| {
            let hint = match meant(text) {
                Some(url) => format!("did you mean {}?", hide_password(&url)),
                None => "name one such as muster.db, sqlite:muster.db, redis://localhost:6379 or rediss://user:password@host".into(),
            };
            StoreError::new(
                StoreErrorKind::Usage,
                format!("use the store {}", hide_password(text)),
                happened,
            )
            .hint(hint)
        };
        let scheme = text.split_once(':').map(|(scheme, _)| scheme);
        let url = match (scheme, text) {
            _ if text.trim().is_empty() => return Err(refuse("the address is empty")),
            (Some("sqlite"), _) => {
                let path = text
                    .strip_prefix("sqlite://")
                    .or_else(|| text.strip_prefix("sqlite:"))
                    .unwrap_or_default();
                return if path.is_empty() {
                    Err(refuse("the path is missing"))
                } else {
                    Ok(Self::Sqlite(PathBuf::from(path)))
                };
            }
            (Some("redis" | "rediss" | "redis+unix" | "unix"), _) => Self::Redis(text.into()),
            (Some("redis+sentinel" | "rediss+sentinel"), _) => Self::Sentinel(text.into()),
            (Some("redis+cluster" | "rediss+cluster"), _) => Self::Cluster(text.into()),
            (Some(_), _) if text.contains("://") => {
                return Err(refuse("there is no store of this kind"));
            }
            _ if is_server(text) => {
                return Err(refuse("it names a server, and not how to speak to it"));
            }
            _ => return Ok(Self::Sqlite(PathBuf::from(text))),
        };
        let names_a_place = text
            .split_once("://")
            .is_some_and(|(_, rest)| !rest.trim_start_matches('/').is_empty());
        if names_a_place {
            Ok(url)
        } else {
            Err(refuse(if text.contains("://") {
                "the host is missing"
            } else {
                "an address of a server has // behind its scheme"
            }))
        }
    }

    /// The first that is set: an option or variable that was given, the setting
    /// of a file, the database in the user's data folder.
    pub fn choose(given: Option<&str>, configured: Option<&str>) -> Result<Self, StoreError> {
        match given.or(configured) {
            Some(text) => Self::parse(text),
            None => default_sqlite_path().map(Self::Sqlite).ok_or_else(|| {
                StoreError::new(
                    StoreErrorKind::Usage,
                    "find the user's data folder",
                    "neither XDG_DATA_HOME nor HOME is set",
                )
                .hint("name a store by --store, such as --store muster.db")
            }),
        }
    }

    /// The file, of a database.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            _ => None,
        }
    }

    /// The address as it was given, with its password.
    pub fn secret(&self) -> Option<&str> {
        match self {
            Self::Sqlite(_) => None,
            Self::Redis(url) | Self::Sentinel(url) | Self::Cluster(url) => Some(url),
        }
    }
}

impl fmt::Display for StoreUrl {
    /// Without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Redis(url) | Self::Sentinel(url) | Self::Cluster(url) => {
                f.write_str(&hide_password(url))
            }
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `$XDG_DATA_HOME/muster/muster.db`, by default in `~/.local/share`.
pub fn default_sqlite_path() -> Option<PathBuf> {
    folders::data().map(|data| data.join("muster.db"))
}

/// Whether a text without a scheme is a host with its port rather than a file, such
/// as `localhost:6379`, `10.0.0.7:6379/1` or `user:password@host`. A file of such a
/// name is `./localhost:6379`.
fn is_server(text: &str) -> bool {
    let (authority, db) = text.split_once('/').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(db) {
        return false;
    }
    let (user, server) = match authority.rsplit_once('@') {
        Some((user, server)) => (user, server),
        None => ("", authority),
    };
    let (host, port) = server.rsplit_once(':').unwrap_or((server, ""));
    let is_host = !host.is_empty()
        && host
            .trim_matches(['[', ']'])
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-:".contains(c));
    let has_port = !port.is_empty() && is_number(port);
    is_host && (has_port || user.contains(':') || matches!(text, "localhost" | "127.0.0.1"))
}

/// The address of a Redis server that may have been meant.
fn meant(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
    let host = rest.trim_start_matches('/');
    let scheme = scheme.to_ascii_lowercase();
    Some(match scheme.as_str() {
        _ if host.is_empty() && !is_server(text) => return None,
        "redis" | "rediss" | "redis+sentinel" | "rediss+sentinel" | "redis+cluster"
        | "rediss+cluster" => format!("{scheme}://{host}"),
        "redis+tls" | "redis+ssl" | "rediss+tls" | "valkeys" => format!("rediss://{host}"),
        "http" | "https" | "tcp" | "valkey" | "keydb" | "resp" => format!("redis://{host}"),
        "sentinel" | "redis-sentinel" => format!("redis+sentinel://{host}"),
        "cluster" | "redis-cluster" => format!("redis+cluster://{host}"),
        "unix" | "redis+unix" => format!("{scheme}:///{host}"),
        _ if is_server(text) => format!("redis://{text}"),
        _ => return None,
    })
}

/// The address with `***` in place of the password.
fn hide_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return match url.rsplit_once('@') {
            Some((user, host)) => match user.split_once(':') {
                Some((user, _)) => format!("{user}:***@{host}"),
                None => url.to_owned(),
            },
            None => url.to_owned(),
        };
    };
    // A password may hold an @ that is not escaped: the last one ends it.
    let end = rest
        .find(['/', '?'])
        .filter(|end| !rest[*end..].contains('@'));
    let (authority, path) = rest.split_at(end.unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => format!("{scheme}://{user}:***@{host}{path}"),
            None => format!("{scheme}://{user}@{host}{path}"),
        },
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown_without_passwords() {
        for (text, shown) in [
            ("sqlite:a/b.db", "sqlite:a/b.db"),
            ("sqlite:///a/b.db", "sqlite:/a/b.db"),
            ("a/b.db", "sqlite:a/b.db"),
            ("/a/b.db", "sqlite:/a/b.db"),
            ("redis://localhost", "redis://localhost"),
            ("rediss://u:p@h:1/2", "rediss://u:***@h:1/2"),
            ("redis://:p@ss/w@h:1", "redis://:***@h:1"),
            (
                "redis+sentinel://:p@a:1,b:2/main",
                "redis+sentinel://:***@a:1,b:2/main",
            ),
            ("redis+cluster://a:1,b:2", "redis+cluster://a:1,b:2"),
        ] {
            let url = StoreUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), shown, "{text}");
            assert_eq!(format!("{url:?}"), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_wrong_usage() {
        for text in [
            "",
            "sqlite:",
            "redis://",
            "http://x",
            "postgres://:secret@x",
        ] {
            let error = StoreUrl::parse(text).unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Usage, "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn what_may_have_been_meant_is_said() {
        for (text, meant) in [
            ("localhost", "redis://localhost"),
            ("localhost:6379", "redis://localhost:6379"),
            ("10.0.0.7:6379/1", "redis://10.0.0.7:6379/1"),
            ("[::1]:6379", "redis://[::1]:6379"),
            ("kim:secret@host:6379", "redis://kim:***@host:6379"),
            ("redis:/host", "redis://host"),
            ("redis:host:6379", "redis://host:6379"),
            ("Redis://host", "redis://host"),
            ("http://host:6379", "redis://host:6379"),
            ("valkey://u:secret@host", "redis://u:***@host"),
            ("redis-sentinel://h:1/main", "redis+sentinel://h:1/main"),
        ] {
            let error = StoreUrl::parse(text).unwrap_err();
            assert_eq!(error.kind, StoreErrorKind::Usage, "{text}");
            let hint = error.hint.as_deref();
            assert_eq!(hint, Some(&*format!("did you mean {meant}?")), "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        for file in [
            "fleet.db",
            "./localhost:6379",
            "/var/lib/a:1",
            "a b:1",
            "2026-11-20T12:00.db",
        ] {
            let url = StoreUrl::parse(file).unwrap();
            assert_eq!(url.path(), Some(Path::new(file)), "{file}");
        }
    }

    #[test]
    fn the_nearest_setting_wins() {
        let chosen = |given, configured| StoreUrl::choose(given, configured).unwrap().to_string();
        assert_eq!(chosen(Some("a.db"), Some("b.db")), "sqlite:a.db");
        assert!(StoreUrl::choose(Some(""), Some("b.db")).is_err());
        assert_eq!(chosen(None, Some("redis://h")), "redis://h");
    }
}
