//! Programs that the page and the suites need: Node, redis-server, Chromium.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::command::{Cmd, find_program};
use crate::progress::{detail, step};
use crate::workspace::ci;

/// A program that suites need and that packages provide.
struct Tool {
    /// What it is for, in a message.
    purpose: &'static str,
    /// The variable that names it, read here and passed on to the suites.
    variable: &'static str,
    /// Its names on `PATH`, and places beside it.
    names: &'static [&'static str],
    apt: &'static str,
    brew: &'static str,
    dnf: &'static str,
}

/// Names Chromium.
const CHROMIUM: &str = "MUSTER_CHROMIUM";

const TOOLS: [Tool; 2] = [
    Tool {
        purpose: "redis-server, for the suites of the Redis store",
        variable: "MUSTER_REDIS_SERVER",
        names: &["redis-server", "valkey-server"],
        apt: "redis-server",
        brew: "redis",
        dnf: "valkey",
    },
    Tool {
        purpose: "Chromium, for the end to end tests of the page",
        variable: CHROMIUM,
        names: &[
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        ],
        apt: "chromium",
        brew: "--cask chromium",
        dnf: "chromium",
    },
];

/// Finds the tools of the suites, installs what is missing where that can be done without asking
/// (Debian, as root), and else says how to. Returns the variables that tell the suites where the
/// tools are. A tool that stays missing is an error in CI; elsewhere its suites skip.
pub(crate) fn obtain() -> Result<Vec<(&'static str, OsString)>> {
    let missing: Vec<&Tool> = TOOLS
        .iter()
        .filter(|tool| find_program(tool.variable, tool.names).is_none())
        .collect();
    if !missing.is_empty() {
        if may_install() {
            let packages: Vec<&str> = missing.iter().map(|tool| tool.apt).collect();
            step(&format!("Installing {}", packages.join(" and ")), || {
                install(&packages)
            })?;
        } else {
            let advice = advice(&missing);
            if ci() {
                bail!("{advice}");
            }
            detail(&advice);
        }
    }
    let mut found = Vec::new();
    for tool in &TOOLS {
        match find_program(tool.variable, tool.names) {
            Some(path) => {
                detail(&format!("{}={}", tool.variable, path.display()));
                found.push((tool.variable, path.into_os_string()));
            }
            None if ci() => bail!("{}: not found, even after installing it", tool.purpose),
            None => detail(&format!("SKIPPED: what needs {}", tool.purpose)),
        }
    }
    Ok(found)
}

/// Chromium, if it is there.
pub(crate) fn chromium() -> Option<PathBuf> {
    let tool = TOOLS.iter().find(|tool| tool.variable == CHROMIUM)?;
    find_program(tool.variable, tool.names)
}

fn advice(missing: &[&Tool]) -> String {
    let purposes: Vec<&str> = missing.iter().map(|tool| tool.purpose).collect();
    let names = |of: fn(&Tool) -> &'static str| {
        missing
            .iter()
            .map(|tool| of(tool))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let brew: Vec<String> = missing
        .iter()
        .map(|tool| format!("brew install {}", tool.brew))
        .collect();
    format!(
        "Missing: {}. To install:\n      \
         Debian, Ubuntu:  sudo apt-get install {}\n      \
         Fedora:          sudo dnf install {}\n      \
         macOS:           {}",
        purposes.join("; "),
        names(|tool| tool.apt),
        names(|tool| tool.dnf),
        brew.join(" && "),
    )
}

/// Whether packages can be installed without asking anyone: root, apt, and not forbidden.
fn may_install() -> bool {
    env::var("MUSTER_INSTALL").ok().as_deref() != Some("no")
        && find_program("MUSTER_NO_OVERRIDE", &["apt-get"]).is_some()
        && is_root()
}

fn is_root() -> bool {
    Cmd::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|id| id.trim() == "0")
}

fn install(packages: &[&str]) -> Result<()> {
    let apt = |arguments: &[&str]| {
        Cmd::new("apt-get")
            .args(["-qq", "-o", "Dpkg::Use-Pty=0"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            // The suites start servers of their own: that of the package is not to be started.
            .env("RUNLEVEL", "1")
    };
    let install = || {
        apt(&["install", "--yes", "--no-install-recommends"])
            .args(packages)
            .run()
    };
    // The lists may be missing or old; most often they are neither.
    install().or_else(|_| {
        apt(&["update"]).run()?;
        install()
    })
}

/// Node and the npm that belongs to it.
pub(crate) struct Node {
    /// The program.
    pub(crate) path: PathBuf,
    /// For example `v20.20.2`.
    pub(crate) version: String,
}

const NODE_ADVICE: &str = "The page is built by Node (20.19, 22.12 or later) and npm. To install:\n      \
    Debian, Ubuntu:  sudo apt-get install nodejs npm   (Debian 13, Ubuntu 26.04 or later)\n      \
    Fedora:          sudo dnf install nodejs npm\n      \
    macOS:           brew install node\n      \
    anywhere:        https://nodejs.org/en/download, and MUSTER_NODE=PATH if it is not on PATH";

impl Node {
    /// Finds Node, or says how to install it.
    pub(crate) fn require() -> Result<Self> {
        let path = find_program("MUSTER_NODE", &["node", "nodejs"])
            .with_context(|| format!("There is no node on PATH. {NODE_ADVICE}"))?;
        let version = Cmd::new(&path)
            .arg("--version")
            .hint(NODE_ADVICE)
            .output()?
            .trim()
            .to_owned();
        let node = Self { path, version };
        if !builds_the_page(&node.version) {
            bail!(
                "{} is Node {}. {NODE_ADVICE}",
                node.path.display(),
                node.version
            );
        }
        node.npm()?;
        Ok(node)
    }

    /// The npm beside Node, else that on `PATH`, run by this Node.
    pub(crate) fn npm(&self) -> Result<Cmd> {
        let beside = self.path.with_file_name("npm");
        let npm = if beside.is_file() {
            beside
        } else {
            find_program("MUSTER_NO_OVERRIDE", &["npm"])
                .with_context(|| format!("There is a node and no npm. {NODE_ADVICE}"))?
        };
        // npm finds its node on PATH.
        let folder = self.path.parent().map(Path::to_path_buf);
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(folder.into_iter().chain(env::split_paths(&path)))
            .context("PATH cannot be extended by the folder of node")?;
        Ok(Cmd::new(npm)
            .env("PATH", path)
            .env("NO_UPDATE_NOTIFIER", "1")
            .env("npm_config_update_notifier", "false"))
    }
}

/// Whether a version of Node is one that Vite works with: 20.19, 22.12 or later.
fn builds_the_page(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches('v')
        .split('.')
        .map_while(|n| n.parse().ok());
    let (major, minor): (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    match major {
        20 => minor >= 19,
        22 => minor >= 12,
        _ => major > 22,
    }
}

#[cfg(test)]
mod tests {
    use super::{TOOLS, advice, builds_the_page};

    #[test]
    fn versions_of_node_are_told_apart() {
        for good in ["v20.19.0", "v20.20.2", "v22.12.0", "v24.1.0"] {
            assert!(builds_the_page(good), "{good}");
        }
        for bad in [
            "v9.9.9", "v18.20.8", "v20.18.3", "v21.7.3", "v22.11.0", "twenty", "",
        ] {
            assert!(!builds_the_page(bad), "{bad}");
        }
    }

    #[test]
    fn advice_has_a_line_for_each_package_manager() {
        let tools: Vec<_> = TOOLS.iter().collect();
        let text = advice(&tools);
        for command in [
            "apt-get install redis-server chromium",
            "dnf install valkey chromium",
            "brew install redis && brew install --cask chromium",
        ] {
            assert!(text.contains(command), "{text}");
        }
    }
}
