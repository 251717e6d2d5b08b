//! What may be run, and with which arguments.

use std::path::{Component, Path};

use muster_core::view::{CommandView, Seconds};

use super::attune;
use crate::config::{AttuneProgram, CommandScope, OpsCommand};

/// Stands for the path in the arguments.
const SCOPE: &str = "{scope}";

/// The commands of the settings, and behind them those that are built in.
#[derive(Debug)]
pub(super) struct Catalogue(Vec<Offered>);

/// A command, and why it cannot be started.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) command: OpsCommand,
    pub(super) unavailable: Option<String>,
}

impl Catalogue {
    /// These commands, and the workflows of attune that none of them is called like.
    pub(super) fn new(commands: Vec<OpsCommand>, attune: Option<&AttuneProgram>) -> Self {
        let mut offered: Vec<Offered> = commands
            .into_iter()
            .map(|command| Offered {
                command,
                unavailable: None,
            })
            .collect();
        for built_in in attune::workflows(attune) {
            let name = &built_in.command.name;
            if offered.iter().all(|known| known.command.name != *name) {
                offered.push(built_in);
            }
        }
        Self(offered)
    }

    /// The command of a name.
    pub(super) fn find(&self, name: &str) -> Option<&Offered> {
        self.0.iter().find(|offered| offered.command.name == name)
    }

    /// Whether any can be started.
    pub(super) fn has_any(&self) -> bool {
        self.0.iter().any(|offered| offered.unavailable.is_none())
    }

    /// All of them.
    pub(super) fn views(&self) -> Vec<CommandView> {
        let commands = self.0.iter();
        commands
            .map(
                |Offered {
                     command,
                     unavailable,
                 }| CommandView {
                    name: command.name.clone(),
                    title: command
                        .title
                        .clone()
                        .unwrap_or_else(|| command.name.clone()),
                    description: command.description.clone(),
                    argv: command.argv.clone(),
                    scope: command.scope.name(),
                    scopes: command.scopes.clone(),
                    confirm: command.confirm.clone(),
                    time_limit_s: Seconds(command.time_limit_us),
                    source: command.source.display().to_string(),
                    unavailable: unavailable.clone(),
                },
            )
            .collect()
    }
}

/// The arguments of a command for a path, or why that is none.
pub(super) fn arguments(
    command: &OpsCommand,
    scope: Option<&str>,
    project_root: &Path,
) -> Result<Vec<String>, String> {
    let scope = match (command.scope, scope.filter(|scope| !scope.is_empty())) {
        (CommandScope::None, Some(_)) => return Err(format!("{} takes no scope", command.name)),
        (CommandScope::Required, None) => return Err(format!("{} needs a scope", command.name)),
        (_, None) => None,
        (_, Some(scope)) => Some(check_scope(scope, project_root)?),
    };
    let arguments = command.argv.iter().filter_map(|argument| match scope {
        Some(scope) => Some(argument.replace(SCOPE, scope)),
        // Without a path its argument goes as a whole.
        None if argument.contains(SCOPE) => None,
        None => Some(argument.clone()),
    });
    Ok(arguments.collect())
}

/// A path that stays in the project, links included, and is no option.
fn check_scope<'a>(scope: &'a str, project_root: &Path) -> Result<&'a str, String> {
    let path = Path::new(scope);
    let is_plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_plain || scope.starts_with('-') || scope.contains('\0') {
        return Err(format!("{scope}: a path inside the project is needed"));
    }
    let full = project_root.join(path);
    match full.canonicalize() {
        Ok(full) if full.starts_with(project_root) => Ok(scope),
        Ok(_) => Err(format!("{scope} leads out of the project")),
        Err(error) => Err(format!("{scope}: {}", crate::error::describe(&error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(scope: CommandScope) -> OpsCommand {
        OpsCommand {
            name: "test".into(),
            title: None,
            description: None,
            argv: ["cargo", "test", "--path={scope}"].map(String::from).into(),
            scope,
            scopes: Vec::new(),
            confirm: None,
            time_limit_us: 1,
            source: "muster.toml".into(),
        }
    }

    #[test]
    fn a_declared_command_goes_before_a_built_in_one() {
        let own = OpsCommand {
            name: "code-review".into(),
            ..command(CommandScope::None)
        };
        let absent = AttuneProgram::Path("/there/is/no/attune".into());
        let catalogue = Catalogue::new(vec![own], Some(&absent));
        let views = catalogue.views();
        assert_eq!(
            views
                .iter()
                .filter(|view| view.name == "code-review")
                .count(),
            1
        );
        assert_eq!(views[0].unavailable, None);
        assert!(
            views
                .iter()
                .any(|view| view.name == "security-audit" && view.unavailable.is_some())
        );
        assert!(catalogue.has_any());
        assert!(!Catalogue::new(Vec::new(), Some(&absent)).has_any());
        assert!(
            Catalogue::new(Vec::new(), Some(&AttuneProgram::Off))
                .views()
                .is_empty()
        );
    }

    #[test]
    fn a_scope_stays_inside_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("p");
        std::fs::create_dir_all(root.join("src")).unwrap();
        std::os::unix::fs::symlink("/", root.join("out")).unwrap();
        let optional = command(CommandScope::Optional);
        assert_eq!(
            arguments(&optional, Some("src"), &root).unwrap()[2],
            "--path=src"
        );
        assert_eq!(arguments(&optional, None, &root).unwrap().len(), 2);
        for scope in [
            "../p",
            "/etc",
            "out",
            "out/etc",
            "absent",
            "-x",
            "src/../..",
        ] {
            assert!(arguments(&optional, Some(scope), &root).is_err(), "{scope}");
        }
        assert!(arguments(&command(CommandScope::Required), None, &root).is_err());
        assert!(arguments(&command(CommandScope::None), Some("src"), &root).is_err());
    }
}
