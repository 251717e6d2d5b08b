//! Muster's own folders of a user, by the XDG base directory specification.

use std::env;
use std::path::PathBuf;

/// Muster's settings: `$XDG_CONFIG_HOME/muster`, by default `~/.config/muster`.
pub fn config() -> Option<PathBuf> {
    of_user("XDG_CONFIG_HOME", ".config")
}

/// What Muster keeps for the user: `$XDG_DATA_HOME/muster`, by default
/// `~/.local/share/muster`.
pub fn data() -> Option<PathBuf> {
    of_user("XDG_DATA_HOME", ".local/share")
}

/// What can be made again: `$XDG_CACHE_HOME/muster`, by default `~/.cache/muster`.
pub fn cache() -> Option<PathBuf> {
    of_user("XDG_CACHE_HOME", ".cache")
}

/// `None` where neither the variable nor the home is an absolute path.
fn of_user(variable: &str, in_home: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| {
            env::home_dir()
                .filter(|home| home.is_absolute())
                .map(|home| home.join(in_home))
        })
        .map(|folder| folder.join("muster"))
}
