//! What swamp's own settings say: where its spool lies, whether the user wants
//! telemetry at all, where it is sent, in whose name and with which key.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use yaml_rust2::{Yaml, YamlLoader};

use crate::error::describe;

/// Name of the file at the root of a repository.
const REPOSITORY_FILE: &str = ".swamp.yaml";
/// Where entries are collected unless someone says otherwise.
const ENDPOINT: &str = "https://telemetry.swamp-club.com";
/// The same while the user's server is on this machine.
const LOCAL_ENDPOINT: &str = "http://localhost:8080";

/// Swamp's settings, as far as they concern telemetry.
#[derive(Clone, Debug, Default)]
pub struct SwampSettings {
    /// The folder of the user's settings, whether it exists or not; `None` where
    /// there is no home folder.
    pub config: Option<PathBuf>,
    /// Why telemetry is turned off, if it is.
    pub opt_out: Option<OptOut>,
    /// Where entries are sent.
    pub endpoint: String,
    /// The user's id, or else the repository's.
    pub distinct_id: Option<String>,
    /// The repository's id.
    pub repo_id: Option<String>,
    /// The key that goes with requests.
    pub api_key: Option<String>,
    /// Settings that could not be read, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Why telemetry is turned off, the strongest reason first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptOut {
    /// `--no-telemetry`
    Option,
    /// `SWAMP_NO_TELEMETRY`
    Environment,
    /// `telemetryDisabled: true` in this file of the repository.
    Repository(PathBuf),
    /// `disabled: true` in this file of the user.
    User(PathBuf),
    /// This file might say so, but cannot be read.
    Unreadable(PathBuf),
}

impl fmt::Display for OptOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option => f.write_str("--no-telemetry was given"),
            Self::Environment => f.write_str("SWAMP_NO_TELEMETRY is set"),
            Self::Repository(path) => {
                write!(f, "{} says telemetryDisabled: true", path.display())
            }
            Self::User(path) => write!(f, "{} says disabled: true", path.display()),
            Self::Unreadable(path) => {
                write!(f, "{} cannot be read and may say so", path.display())
            }
        }
    }
}

/// The variables of an environment.
type Variable<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

impl SwampSettings {
    /// The settings that hold in `folder`, or in the nearest folder above it that
    /// is a repository. `off` is whether `--no-telemetry` was given.
    pub fn load(folder: &Path, off: bool) -> Self {
        Self::of(folder, off, &|name| std::env::var_os(name))
    }

    /// Like [`Self::load`] in an environment that `variable` tells of.
    fn of(folder: &Path, off: bool, variable: &Variable<'_>) -> Self {
        let text = |name: &str| {
            let value = variable(name)?.into_string().ok()?;
            Some(value).filter(|value| !value.is_empty())
        };
        let mut settings = Self {
            config: config_folder(variable),
            ..Self::default()
        };
        let marker = repository_file(folder);
        let repository = marker.as_deref().map(|path| settings.yaml(path));
        let in_repository = |key: &str| {
            let document = repository.as_ref()?.as_ref().ok()?.as_ref()?;
            Some(&document[key])
        };
        settings.opt_out =
            settings.opted_out(off, variable, marker.as_deref(), repository.as_ref());
        settings.repo_id = in_repository("repoId").and_then(non_empty);
        let user = settings.user_id();
        settings.distinct_id = user.or_else(|| settings.repo_id.clone());
        let (server, key) = settings.server_and_key(&text);
        settings.api_key = key;
        settings.endpoint = text("SWAMP_TELEMETRY_ENDPOINT")
            .or_else(|| in_repository("telemetryEndpoint").and_then(non_empty))
            .unwrap_or_else(|| {
                let local = server.as_deref().is_some_and(is_local);
                if local { LOCAL_ENDPOINT } else { ENDPOINT }.to_owned()
            });
        settings
    }

    /// The folder in which entries wait.
    pub fn spool(&self) -> Option<PathBuf> {
        Some(self.config.as_ref()?.join("telemetry"))
    }

    fn opted_out(
        &mut self,
        off: bool,
        variable: &Variable<'_>,
        marker: Option<&Path>,
        repository: Option<&Result<Option<Yaml>, ()>>,
    ) -> Option<OptOut> {
        if off {
            return Some(OptOut::Option);
        }
        let switch = variable("SWAMP_NO_TELEMETRY").unwrap_or_default();
        if !(switch.is_empty() || switch == "0" || switch == "false") {
            return Some(OptOut::Environment);
        }
        if let (Some(path), Some(repository)) = (marker, repository) {
            return match repository {
                Ok(Some(yaml)) if yaml["telemetryDisabled"].as_bool() == Some(true) => {
                    Some(OptOut::Repository(path.to_path_buf()))
                }
                Ok(_) => None,
                Err(()) => Some(OptOut::Unreadable(path.to_path_buf())),
            };
        }
        let path = self.config.as_ref()?.join("telemetry.yaml");
        match self.yaml(&path) {
            Ok(Some(yaml)) if yaml["disabled"].as_bool() == Some(true) => Some(OptOut::User(path)),
            Ok(_) => None,
            Err(()) => Some(OptOut::Unreadable(path)),
        }
    }

    /// The document of a file; `Ok(None)` where there is no file or nothing in it.
    fn yaml(&mut self, path: &Path) -> Result<Option<Yaml>, ()> {
        let Some(text) = self.read(path)? else {
            return Ok(None);
        };
        match YamlLoader::load_from_str(&text) {
            Ok(documents) => Ok(documents.into_iter().next()),
            Err(error) => {
                self.unreadable
                    .push((path.to_path_buf(), error.to_string()));
                Err(())
            }
        }
    }

    /// The object of a JSON file of the user.
    fn json(&mut self, name: &str) -> Option<serde_json::Value> {
        let path = self.config.as_ref()?.join(name);
        let text = self.read(&path).ok()??;
        match serde_json::from_str(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.unreadable.push((path, error.to_string()));
                None
            }
        }
    }

    fn read(&mut self, path: &Path) -> Result<Option<String>, ()> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => {
                self.unreadable.push((path.to_path_buf(), describe(&error)));
                Err(())
            }
        }
    }

    fn user_id(&mut self) -> Option<String> {
        let identity = self.json("identity.json")?;
        let id = identity.get("userId")?.as_str()?;
        (!id.is_empty()).then(|| id.to_owned())
    }

    /// The user's server and key: of the environment, else of the log-in.
    fn server_and_key(
        &mut self,
        text: &dyn Fn(&str) -> Option<String>,
    ) -> (Option<String>, Option<String>) {
        if let Some(key) = text("SWAMP_API_KEY") {
            return (text("SWAMP_CLUB_URL"), Some(key));
        }
        let log_in = self.json("auth.json").unwrap_or_default();
        let field = |name: &str| {
            let value = log_in.get(name)?.as_str()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        (field("serverUrl"), field("apiKey"))
    }
}

/// `$SWAMP_HOME/config`, else `$XDG_CONFIG_HOME/swamp`, else `$HOME/.config/swamp`.
fn config_folder(variable: &Variable<'_>) -> Option<PathBuf> {
    let folder = |name: &str| {
        let value = variable(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    folder("SWAMP_HOME")
        .map(|home| home.join("config"))
        .or_else(|| folder("XDG_CONFIG_HOME").map(|config| config.join("swamp")))
        .or_else(|| folder("HOME").map(|home| home.join(".config/swamp")))
}

/// The settings of the repository that `folder` lies in.
fn repository_file(folder: &Path) -> Option<PathBuf> {
    let absolute = fs::canonicalize(folder).ok()?;
    let mut files = absolute
        .ancestors()
        .map(|folder| folder.join(REPOSITORY_FILE));
    files.find(|path| path.exists())
}

fn non_empty(value: &Yaml) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(text.to_owned())
}

/// Whether a server is on this machine.
fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    matches!(name, "localhost" | "127.0.0.1" | "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings with these variables and files, below a home folder.
    fn settings(off: bool, variables: &[(&str, &str)], files: &[(&str, &str)]) -> SwampSettings {
        let home = tempfile::tempdir().unwrap();
        let repo = home.path().join("repo/inner");
        fs::create_dir_all(&repo).unwrap();
        for (path, text) in files {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let variable = |name: &str| {
            if name == "HOME" {
                return Some(home.path().into());
            }
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.into())
        };
        SwampSettings::of(&repo, off, &variable)
    }

    #[test]
    fn opt_outs_are_honoured_in_their_order() {
        let marker = ("repo/.swamp.yaml", "telemetryDisabled: true\n");
        let user = (".config/swamp/telemetry.yaml", "disabled: true\n");
        let set = ("SWAMP_NO_TELEMETRY", "yes");
        let why = |off, variables: &[_], files: &[_]| {
            settings(off, variables, files)
                .opt_out
                .map(|reason| reason.to_string())
        };
        let says = |reason: Option<String>, part: &str| {
            let reason = reason.unwrap_or_default();
            assert!(reason.contains(part), "{reason}");
        };
        says(why(true, &[set], &[marker, user]), "--no-telemetry");
        says(why(false, &[set], &[marker, user]), "SWAMP_NO_TELEMETRY");
        says(why(false, &[], &[marker, user]), "telemetryDisabled: true");
        says(why(false, &[], &[user]), "disabled: true");
        assert_eq!(why(false, &[], &[]), None);
        // The user's file counts outside of repositories only.
        let open = ("repo/.swamp.yaml", "telemetryDisabled: false\n");
        assert_eq!(why(false, &[], &[open, user]), None);
        for value in ["0", "false", ""] {
            let variables = [("SWAMP_NO_TELEMETRY", value)];
            assert_eq!(why(false, &variables, &[]), None, "{value}");
        }
        says(
            why(false, &[], &[("repo/.swamp.yaml", "a: [")]),
            "cannot be read",
        );
    }

    #[test]
    fn the_endpoint_has_its_order() {
        let named = (
            "repo/.swamp.yaml",
            "telemetryEndpoint: https://a.example/\n",
        );
        let local = (
            ".config/swamp/auth.json",
            r#"{"serverUrl":"http://localhost:5173","apiKey":"k1"}"#,
        );
        let variable = ("SWAMP_TELEMETRY_ENDPOINT", "https://b.example");
        assert_eq!(
            settings(false, &[variable], &[named]).endpoint,
            "https://b.example"
        );
        assert_eq!(
            settings(false, &[], &[named, local]).endpoint,
            "https://a.example/"
        );
        let logged_in = settings(false, &[], &[local]);
        assert_eq!(logged_in.endpoint, LOCAL_ENDPOINT);
        assert_eq!(logged_in.api_key.as_deref(), Some("k1"));
        let key = ("SWAMP_API_KEY", "k2");
        let by_key = settings(false, &[key], &[local]);
        assert_eq!(
            (by_key.api_key.as_deref(), &*by_key.endpoint),
            (Some("k2"), ENDPOINT)
        );
        for (url, expect) in [
            ("http://127.0.0.1", true),
            ("http://[::1]:80/x", true),
            ("localhost:1", true),
            ("https://localhost.example", false),
            ("", false),
        ] {
            assert_eq!(is_local(url), expect, "{url}");
        }
    }

    #[test]
    fn the_name_is_the_users_or_the_repositorys() {
        let marker = ("repo/.swamp.yaml", "repoId: r-1\n");
        let identity = (".config/swamp/identity.json", r#"{"userId":"u-1"}"#);
        let both = settings(false, &[], &[marker, identity]);
        assert_eq!(both.distinct_id.as_deref(), Some("u-1"));
        assert_eq!(both.repo_id.as_deref(), Some("r-1"));
        assert_eq!(
            settings(false, &[], &[marker]).distinct_id.as_deref(),
            Some("r-1")
        );
        let damaged = settings(false, &[], &[(".config/swamp/identity.json", "{")]);
        assert_eq!(damaged.distinct_id, None);
        assert_eq!(damaged.unreadable.len(), 1);
        let elsewhere = settings(false, &[("SWAMP_HOME", "/s")], &[]);
        assert_eq!(
            elsewhere.spool(),
            Some(PathBuf::from("/s/config/telemetry"))
        );
        let xdg = settings(false, &[("XDG_CONFIG_HOME", "/x")], &[]);
        assert_eq!(xdg.spool(), Some(PathBuf::from("/x/swamp/telemetry")));
    }
}
