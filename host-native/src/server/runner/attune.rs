//! The workflows of attune: offered where its program is.
//!
//! The names are those of attune 16.4. Each asks models and spends money, so each is
//! confirmed before it starts; attune's own gate then has that answer.

use std::env;
use std::path::{Path, PathBuf};

use super::catalogue::Offered;
use crate::config::{AttuneProgram, CommandScope, OpsCommand};

/// How long a workflow may run, in microseconds.
const LIMIT_US: u64 = 3_600_000_000;
/// Tells attune that somebody has agreed to the cost.
const AUTHORISED: &str = "ATTUNE_SPEND_GATE_AUTHORIZED=1";

/// A workflow: its name, what it does, and whether it needs a path.
type Workflow = (&'static str, &'static str, bool);

const WORKFLOWS: [Workflow; 20] = [
    ("bug-predict", "Where bugs are likely", false),
    ("code-review", "Reviews code", false),
    (
        "deep-review",
        "Reviews security, quality and gaps in tests",
        false,
    ),
    ("dependency-check", "Looks for risks in dependencies", false),
    (
        "discovery-sweep",
        "Searches for problems of many sorts and sorts them",
        false,
    ),
    (
        "doc-audit",
        "Looks for documents that are out of date",
        false,
    ),
    (
        "doc-orchestrator",
        "Audits documents and brings them up to date",
        false,
    ),
    ("fix", "Makes a small change in place", true),
    ("health-check", "Judges the project as a whole", false),
    (
        "orchestrated-health-check",
        "Judges the project as a whole, by several agents",
        false,
    ),
    ("perf-audit", "Looks for what is slow", false),
    ("rag-code-gen", "Writes code and names its sources", false),
    ("refactor-plan", "Ranks what should be rebuilt", false),
    ("release-gate", "Says whether a release is ready", false),
    ("release-notes", "Drafts the notes of a release", false),
    ("release-prep", "Prepares a release", false),
    (
        "secure-release",
        "Runs the security workflows before a release",
        false,
    ),
    ("security-audit", "Looks for weaknesses", false),
    ("simplify-code", "Simplifies code", false),
    ("test-audit", "Looks for what tests leave out", true),
];

/// What can be offered. `program` is what the settings say; without that it is looked
/// for in the search path.
pub(super) fn workflows(program: Option<&AttuneProgram>) -> Vec<Offered> {
    let found = match program {
        Some(AttuneProgram::Off) => return Vec::new(),
        Some(AttuneProgram::Path(path)) if is_program(path) => Ok(path.clone()),
        Some(AttuneProgram::Path(path)) => Err(format!(
            "there is no program {}: see ops.attune in muster.toml",
            path.display()
        )),
        None => in_search_path("attune").ok_or_else(|| {
            "attune is not in the search path: install it, or name it by ops.attune in muster.toml"
                .into()
        }),
    };
    let (program, unavailable) = match found {
        Ok(path) => (path.display().to_string(), None),
        Err(why) => ("attune".into(), Some(why)),
    };
    let offered = WORKFLOWS.iter().map(|workflow| Offered {
        command: command(workflow, &program),
        unavailable: unavailable.clone(),
    });
    offered.collect()
}

fn command(&(name, does, needs_path): &Workflow, program: &str) -> OpsCommand {
    let argv = [
        "env",
        AUTHORISED,
        program,
        "workflow",
        "run",
        name,
        "--path={scope}",
    ];
    OpsCommand {
        name: name.into(),
        title: None,
        description: Some(does.into()),
        argv: argv.map(String::from).into(),
        scope: if needs_path {
            CommandScope::Required
        } else {
            CommandScope::Optional
        },
        scopes: Vec::new(),
        confirm: Some(format!(
            "{name} asks models and spends money of the account that attune is set up with."
        )),
        time_limit_us: LIMIT_US,
        source: "attune".into(),
    }
}

fn in_search_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn every_workflow_is_confirmed_and_runs_the_program_that_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("attune");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        let named = AttuneProgram::Path(path.clone());
        let says = |offered: &[Offered]| offered[0].unavailable.clone();
        assert!(
            says(&workflows(Some(&named))).is_some(),
            "it is no program yet"
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let offered = workflows(Some(&named));
        assert_eq!(says(&offered), None);
        for Offered { command, .. } in &offered {
            assert!(command.confirm.is_some(), "{}", command.name);
            assert_eq!(command.argv[2], path.display().to_string());
            assert_eq!(command.argv[5], command.name);
        }
    }
}
