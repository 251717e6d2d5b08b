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
            StoreError::new(
                StoreErrorKind::Usage,
                format!("use the store {}", hide_password(text)),
                happened,
            )
            .hint("name one such as muster.db, sqlite:muster.db, redis://localhost:6379 or rediss://user:password@host")
        };
        let scheme = text.split_once(':').map(|(scheme, _)| scheme);
        let url = match (scheme, text) {
            (_, "") => return Err(refuse("the address is empty")),
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
            _ => return Ok(Self::Sqlite(PathBuf::from(text))),
        };
        let names_a_place = text
            .split_once("://")
            .is_some_and(|(_, rest)| !rest.trim_start_matches('/').is_empty());
        if names_a_place {
            Ok(url)
        } else {
            Err(refuse("the host is missing"))
        }
    }

    /// The first that is set: an option or variable that was given, the setting
    /// of a file, the database in the user's data folder.
    pub fn choose(given: Option<&str>, configured: Option<&str>) -> Result<Self, StoreError> {
        match given.filter(|text| !text.is_empty()).or(configured) {
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

/// The address with `***` in place of the password.
fn hide_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
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
    fn the_nearest_setting_wins() {
        let chosen = |given, configured| StoreUrl::choose(given, configured).unwrap().to_string();
        assert_eq!(chosen(Some("a.db"), Some("b.db")), "sqlite:a.db");
        assert_eq!(chosen(Some(""), Some("b.db")), "sqlite:b.db");
        assert_eq!(chosen(None, Some("redis://h")), "redis://h");
    }
}
