//! What a set-up consists of: paths, names of services, keys, commands, addresses.
//!
//! `joelclaw` is built in, and so are `systemd` and `process` for daemons of any
//! kind; `[gateway.profile.NAME]` of `muster.toml` starts from one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The profile of a command that names none.
pub const DEFAULT_PROFILE: &str = "joelclaw";
/// The names of the built-in profiles.
pub const BUILT_IN: [&str; 3] = [DEFAULT_PROFILE, "systemd", "process"];

/// Who starts the process again when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// macOS.
    Launchd,
    /// Linux.
    Systemd,
}

/// A set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What the user calls it.
    pub name: String,
    /// Whether it is a gateway, whose layers the built-in rules know; any other
    /// set-up has what its packs look at.
    pub is_gateway: bool,
    /// Its service manager, where it has one.
    pub manager: Option<Manager>,
    /// The label or unit of its service.
    pub service: Option<String>,
    /// Whether the unit is the user's own.
    pub user_service: bool,
    /// Holds the number of the process.
    pub pid_file: Option<PathBuf>,
    /// What the command line of the process contains.
    pub process: Option<String>,
    /// The file that a living event loop keeps fresh.
    pub tripwire: Option<PathBuf>,
    /// The standard error.
    pub err_log: Option<PathBuf>,
    /// The standard output.
    pub out_log: Option<PathBuf>,
    /// Other logs, by the name that rules give them.
    pub logs: BTreeMap<String, PathBuf>,
    /// Journals of systemd, by the name that rules give the log: the unit of each.
    pub journals: BTreeMap<String, String>,
    /// A folder with transcripts, of which the newest counts.
    pub transcripts: Option<PathBuf>,
    /// Holds the id of the session.
    pub session_file: Option<PathBuf>,
    /// Holds the port of the health endpoint; a set-up without the file has no such port.
    pub port_file: Option<PathBuf>,
    /// The health endpoint.
    pub health_url: Option<String>,
    /// A command that prints the status.
    pub status_command: Vec<String>,
    /// The address of Redis.
    pub redis: Option<String>,
    /// Telemetry over HTTP; `{from_ms}`, `{to_ms}` and `{query}` are filled in.
    pub otel_url: Option<String>,
    /// A command that searches telemetry; `{query}` and `{hours}` are filled in.
    pub otel_command: Vec<String>,
    /// The environment variable with the key for that address.
    pub otel_key_env: Option<String>,
    /// Telemetry as JSON lines.
    pub otel_file: Option<PathBuf>,
    /// Whether the model's provider is asked.
    pub model_api: bool,
    /// Its address instead of the provider's own.
    pub model_api_url: Option<String>,
    /// The namespace of the core pods, where there is a cluster.
    pub namespace: Option<String>,
    /// The core pods.
    pub pods: Vec<String>,
    /// A command that prints the state of the virtual machine.
    pub vm_command: Vec<String>,
    /// Commands that print versions, or `package.json` files that hold them.
    pub versions: BTreeMap<String, VersionSource>,
    /// Commands that print a JSON document, by the name that rules give it.
    pub documents: BTreeMap<String, Vec<String>>,
    /// Files and folders that are listed with size and age, never read.
    pub artifacts: BTreeMap<String, PathBuf>,
    /// Ports of interest.
    pub ports: Vec<u16>,
    /// Pieces of evidence that the set-up does not have.
    pub without: BTreeSet<String>,
    /// How long one collector may take.
    pub limit: Duration,
    /// Why commands of the profile are not run, where they are not.
    pub no_commands: Option<String>,
}

/// Where a version is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionSource {
    /// A command that prints it.
    Command(Vec<String>),
    /// A `package.json`: its own version, or that of the named dependency.
    Package(PathBuf, Option<String>),
}

impl Profile {
    /// A built-in profile.
    pub fn built_in(name: &str) -> Option<Self> {
        match name {
            "joelclaw" => Some(Self::joelclaw()),
            "systemd" => Some(Self {
                manager: Some(Manager::Systemd),
                ..Self::bare("systemd")
            }),
            "process" => Some(Self::bare("process")),
            _ => None,
        }
    }

    /// A process and nothing else.
    fn bare(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_gateway: false,
            manager: None,
            service: None,
            user_service: false,
            pid_file: None,
            process: None,
            tripwire: None,
            err_log: None,
            out_log: None,
            logs: BTreeMap::new(),
            journals: BTreeMap::new(),
            transcripts: None,
            session_file: None,
            port_file: None,
            health_url: None,
            status_command: Vec::new(),
            redis: None,
            otel_url: None,
            otel_command: Vec::new(),
            otel_key_env: None,
            otel_file: None,
            model_api: false,
            model_api_url: None,
            namespace: None,
            pods: Vec::new(),
            vm_command: Vec::new(),
            versions: BTreeMap::new(),
            documents: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            ports: Vec::new(),
            without: BTreeSet::new(),
            limit: Duration::from_secs(10),
            no_commands: None,
        }
    }

    fn joelclaw() -> Self {
        let tmp = |name: &str| Path::new("/tmp/joelclaw").join(name);
        let home = |name: &str| {
            let home = env::home_dir().unwrap_or_default();
            home.join(".joelclaw").join(name)
        };
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let manager = if cfg!(target_os = "macos") {
            Manager::Launchd
        } else {
            Manager::Systemd
        };
        let service = match manager {
            Manager::Launchd => "com.joel.gateway",
            Manager::Systemd => "joelclaw-gateway.service",
        };
        let artifacts = [
            ("err_log", tmp("gateway.err")),
            ("out_log", tmp("gateway.log")),
            ("pid_file", tmp("gateway.pid")),
            ("port_file", tmp("gateway.ws.port")),
            ("service_file", service_file(manager, service)),
            ("session_id", home("gateway.session")),
            ("start_script", home("scripts/gateway-start.sh")),
            ("transcripts", home("sessions/gateway")),
            ("tripwire", tmp("last-heartbeat.ts")),
            ("working_folder", home("gateway")),
        ];
        Self {
            is_gateway: true,
            manager: Some(manager),
            service: Some(service.to_owned()),
            pid_file: Some(tmp("gateway.pid")),
            process: Some("packages/gateway/src/daemon.ts".to_owned()),
            tripwire: Some(tmp("last-heartbeat.ts")),
            err_log: Some(tmp("gateway.err")),
            out_log: Some(tmp("gateway.log")),
            transcripts: Some(home("sessions/gateway")),
            session_file: Some(home("gateway.session")),
            port_file: Some(tmp("gateway.ws.port")),
            redis: Some("redis://127.0.0.1:6379".to_owned()),
            otel_command: words("joelclaw otel search {query} --hours {hours}"),
            model_api: true,
            namespace: Some("joelclaw".to_owned()),
            pods: vec!["redis-0".to_owned(), "inngest-0".to_owned()],
            vm_command: words("colima list --json"),
            versions: BTreeMap::from([(
                "pi_cli".to_owned(),
                VersionSource::Command(words("pi --version")),
            )]),
            artifacts: artifacts.map(|(name, path)| (name.to_owned(), path)).into(),
            ports: vec![3018, 6379],
            ..Self::bare(DEFAULT_PROFILE)
        }
    }

    /// Names of the pieces that a gateway has and this one has not.
    pub fn not_part(&self) -> BTreeSet<String> {
        let mut names = self.without.clone();
        let has_status = self.port_file.is_some()
            || self.health_url.is_some()
            || !self.status_command.is_empty();
        let has_log =
            |path: &Option<PathBuf>, name| path.is_some() || self.journals.contains_key(name);
        let has_otel =
            self.otel_url.is_some() || self.otel_file.is_some() || !self.otel_command.is_empty();
        let has_cluster = self.namespace.is_some() || !self.vm_command.is_empty();
        for (name, is_there) in [
            ("substrate", has_cluster),
            ("launchd", self.service.is_some() && self.manager.is_some()),
            ("tripwire", self.tripwire.is_some()),
            ("status", has_status),
            ("err_log", has_log(&self.err_log, "err_log")),
            ("out_log", has_log(&self.out_log, "out_log")),
            ("session_jsonl", self.transcripts.is_some()),
            ("otel", has_otel),
            ("model_api", self.model_api || self.model_api_url.is_some()),
            ("redis", self.redis.is_some()),
            ("config", self.redis.is_some()),
        ] {
            if !is_there {
                names.insert(name.to_owned());
            }
        }
        // The core knows one name for both service managers.
        if names.contains("systemd") {
            names.insert("launchd".to_owned());
        }
        names
    }

    /// Whether a piece is to be collected.
    pub fn wants(&self, piece: &str) -> bool {
        !self.without.contains(piece)
    }

    /// The name by which the core knows the set-up.
    pub fn set_up(&self) -> &str {
        if self.is_gateway {
            DEFAULT_PROFILE
        } else {
            &self.name
        }
    }
}

/// Where the file of a service is, by its manager's custom: the system's, else the user's.
fn service_file(manager: Manager, service: &str) -> PathBuf {
    let home = env::home_dir().unwrap_or_default();
    let (system, user) = match manager {
        Manager::Launchd => (
            format!("/Library/LaunchDaemons/{service}.plist"),
            home.join(format!("Library/LaunchAgents/{service}.plist")),
        ),
        Manager::Systemd => (
            format!("/etc/systemd/system/{service}"),
            home.join(format!(".config/systemd/user/{service}")),
        ),
    };
    let system = PathBuf::from(system);
    if system.exists() { system } else { user }
}

/// What `[gateway.profile.NAME]` sets over the profile that it starts from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileSettings {
    /// `base`: the built-in profile that it starts from, `process` by default.
    pub base: Option<String>,
    /// Settings that are a text or a path.
    pub texts: BTreeMap<String, String>,
    /// Settings that are a list of texts, such as commands.
    pub lists: BTreeMap<String, Vec<String>>,
    /// Settings that are named texts or paths, such as `logs.NAME`.
    pub named: BTreeMap<(String, String), String>,
    /// Settings that are named commands, such as `documents.NAME`.
    pub named_lists: BTreeMap<(String, String), Vec<String>>,
    /// Settings that are on or off.
    pub flags: BTreeMap<String, bool>,
    /// `ports`.
    pub ports: Option<Vec<u16>>,
    /// `timeout_s`, in microseconds.
    pub timeout_us: Option<u64>,
    /// Whether the file was found by walking up, so that its commands do not run.
    pub is_found: bool,
    /// The file that it stands in.
    pub file: PathBuf,
}

/// Settings of a profile that are paths.
pub const PATHS: [&str; 9] = [
    "pid_file",
    "tripwire",
    "err_log",
    "out_log",
    "transcripts",
    "session_file",
    "port_file",
    "otel_file",
    "working_folder",
];
/// Settings of a profile that are texts.
pub const TEXTS: [&str; 9] = [
    "base",
    "service",
    "process",
    "health_url",
    "redis",
    "otel_url",
    "otel_key_env",
    "model_api_url",
    "namespace",
];
/// Settings of a profile that are lists of texts.
pub const LISTS: [&str; 5] = [
    "status_command",
    "vm_command",
    "otel_command",
    "pods",
    "without",
];
/// Settings of a profile that are on or off.
pub const FLAGS: [&str; 2] = ["user_service", "model_api"];
/// Tables of a profile whose names are the user's: paths, units, commands.
pub const NAMED: [&str; 5] = ["logs", "journals", "artifacts", "versions", "documents"];
/// The name that rules give the journal of a profile's own service.
const OWN_JOURNAL: &str = "journal";

impl ProfileSettings {
    /// The profile of these settings, or the name of a base that does not exist.
    pub fn profile(&self, name: &str) -> Result<Profile, String> {
        let base = self.base.as_deref().unwrap_or("process");
        let mut profile = Profile::built_in(base).ok_or_else(|| base.to_owned())?;
        name.clone_into(&mut profile.name);
        self.lay_texts(&mut profile);
        let mut commands = 0;
        for (key, list) in &self.lists {
            match key.as_str() {
                "pods" => profile.pods.clone_from(list),
                "without" => profile.without = list.iter().cloned().collect(),
                _ if self.is_found => commands += 1,
                "status_command" => profile.status_command.clone_from(list),
                "otel_command" => profile.otel_command.clone_from(list),
                _ => profile.vm_command.clone_from(list),
            }
        }
        for ((table, key), text) in &self.named {
            let path = PathBuf::from(text);
            match table.as_str() {
                "logs" => profile.logs.insert(key.clone(), path),
                "journals" => {
                    profile.journals.insert(key.clone(), text.clone());
                    continue;
                }
                "versions" => {
                    // `FILE#DEPENDENCY` asks for the version of a dependency.
                    let source = match text.rsplit_once('#') {
                        Some((file, dependency)) => {
                            VersionSource::Package(file.into(), Some(dependency.to_owned()))
                        }
                        None => VersionSource::Package(path, None),
                    };
                    profile.versions.insert(key.clone(), source);
                    continue;
                }
                _ => profile.artifacts.insert(key.clone(), path),
            };
        }
        for ((table, key), command) in &self.named_lists {
            if self.is_found {
                commands += 1;
            } else if table == "versions" {
                let source = VersionSource::Command(command.clone());
                profile.versions.insert(key.clone(), source);
            } else {
                profile.documents.insert(key.clone(), command.clone());
            }
        }
        for (key, flag) in &self.flags {
            match key.as_str() {
                "user_service" => profile.user_service = *flag,
                _ => profile.model_api = *flag,
            }
        }
        if let Some(ports) = &self.ports {
            profile.ports.clone_from(ports);
        }
        if let Some(us) = self.timeout_us {
            profile.limit = Duration::from_micros(us);
        }
        if profile.manager == Some(Manager::Systemd)
            && !profile.is_gateway
            && !profile.logs.contains_key(OWN_JOURNAL)
            && let Some(unit) = &profile.service
        {
            let journal = profile.journals.entry(OWN_JOURNAL.to_owned());
            journal.or_insert_with(|| unit.clone());
        }
        if commands > 0 {
            profile.no_commands = Some(format!(
                "{commands} command(s) of the profile {name} do not run, because {} was found by \
                 walking up; name the file by --config",
                self.file.display()
            ));
        }
        Ok(profile)
    }

    fn lay_texts(&self, profile: &mut Profile) {
        for (key, text) in &self.texts {
            let some = Some(text.clone());
            let path = Some(PathBuf::from(text));
            match key.as_str() {
                "service" => profile.service = some,
                "process" => profile.process = some,
                "health_url" => profile.health_url = some,
                "redis" => profile.redis = some,
                "otel_url" => profile.otel_url = some,
                "otel_key_env" => profile.otel_key_env = some,
                "model_api_url" => profile.model_api_url = some,
                "namespace" => profile.namespace = some,
                "pid_file" => profile.pid_file = path,
                "tripwire" => profile.tripwire = path,
                "err_log" => profile.err_log = path,
                "out_log" => profile.out_log = path,
                "transcripts" => profile.transcripts = path,
                "session_file" => profile.session_file = path,
                "port_file" => profile.port_file = path,
                "otel_file" => profile.otel_file = path,
                _ => {}
            }
            if PATHS.contains(&key.as_str()) {
                let name = if key == "session_file" {
                    "session_id"
                } else {
                    key
                };
                let path = PathBuf::from(text);
                profile.artifacts.insert(name.to_owned(), path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_profiles_are_there() {
        for name in BUILT_IN {
            assert_eq!(
                Profile::built_in(name).map(|profile| profile.name),
                Some(name.to_owned())
            );
        }
        assert_eq!(Profile::built_in("moon"), None);
        let joelclaw = Profile::joelclaw();
        assert_eq!(joelclaw.artifacts.len(), 10);
        assert_eq!(joelclaw.not_part(), BTreeSet::new());
        assert_eq!(joelclaw.set_up(), "joelclaw");
    }

    #[test]
    fn a_unit_has_a_journal() {
        let mut settings = ProfileSettings {
            base: Some("systemd".into()),
            ..ProfileSettings::default()
        };
        settings
            .texts
            .insert("service".into(), "web.service".into());
        let profile = settings.profile("web").unwrap();
        assert_eq!(profile.journals["journal"], "web.service");
        settings
            .named
            .insert(("journals".into(), "err_log".into()), "x.service".into());
        let profile = settings.profile("web").unwrap();
        assert_eq!(profile.journals["err_log"], "x.service");
        assert!(!profile.not_part().contains("err_log"));
        assert!(profile.not_part().contains("out_log"));
    }

    #[test]
    fn settings_lie_over_their_base() {
        let mut settings = ProfileSettings {
            base: Some("joelclaw".into()),
            ..ProfileSettings::default()
        };
        settings
            .texts
            .insert("pid_file".into(), "/run/x.pid".into());
        settings
            .lists
            .insert("without".into(), vec!["substrate".into()]);
        settings
            .lists
            .insert("status_command".into(), vec!["x".into()]);
        let profile = settings.profile("mine").unwrap();
        assert_eq!(profile.pid_file, Some("/run/x.pid".into()));
        assert_eq!(profile.artifacts["pid_file"], Path::new("/run/x.pid"));
        assert_eq!(
            (profile.name.as_str(), profile.set_up()),
            ("mine", "joelclaw")
        );
        assert!(profile.not_part().contains("substrate") && !profile.wants("substrate"));
        assert_eq!(profile.status_command, ["x"]);
        // Commands of a file that was found by walking up never run.
        settings.is_found = true;
        let found = settings.profile("mine").unwrap();
        assert!(found.status_command.is_empty());
        assert!(found.no_commands.unwrap().contains("--config"));
        settings.base = Some("moon".into());
        assert_eq!(settings.profile("mine"), Err("moon".to_owned()));
    }
}
