//! What may be run, and with which arguments.

use std::path::{Component, Path};

use muster_core::view::{CommandView, Seconds};

use crate::config::{CommandScope, OpsCommand};

/// Stands for the path in the arguments.
const SCOPE: &str = "{scope}";

/// The commands of the settings.
#[derive(Debug)]
pub(super) struct Catalogue(Vec<OpsCommand>);

impl Catalogue {
    /// These commands.
    pub(super) fn new(commands: Vec<OpsCommand>) -> Self {
        Self(commands)
    }

    /// The command of a name.
    pub(super) fn find(&self, name: &str) -> Option<&OpsCommand> {
        self.0.iter().find(|command| command.name == name)
    }

    /// All of them.
    pub(super) fn views(&self) -> Vec<CommandView> {
        let commands = self.0.iter();
        commands
            .map(|command| CommandView {
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
            })
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
