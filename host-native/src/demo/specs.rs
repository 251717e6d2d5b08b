//! A few specs.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use muster_core::Timestamp;

/// The slug, the age in hours, and the files.
type Spec = (&'static str, i64, &'static [(&'static str, &'static str)]);

const SPECS: [Spec; 5] = [
    (
        "coupons",
        70,
        &[
            (
                "decisions.md",
                "# Coupons at the checkout\n\nStatus: approved\n",
            ),
            (
                "tasks.md",
                "- [x] store them\n- [x] show them\n- [x] expire them\n",
            ),
        ],
    ),
    (
        "search-ranking",
        5,
        &[
            (
                "requirements.md",
                "# Ranking by freshness\n\nStatus: approved\n",
            ),
            ("design.md", "# Design\n"),
            (
                "tasks.md",
                "- [x] measure today's ranking\n- [ ] add the signal\n- [ ] roll out\n",
            ),
        ],
    ),
    (
        "offline-mode",
        30,
        &[(
            "requirements.md",
            "# Work without a network\n\nStatus: draft\n",
        )],
    ),
    (
        "dark-theme",
        900,
        &[("decisions.md", "# Dark theme\n\nStatus: complete\n")],
    ),
    (
        "voice-input",
        1300,
        &[("requirements.md", "# Voice input\n\nStatus: parked\n")],
    ),
];

/// Writes them, as old as they are to be.
pub(super) fn write_specs(project: &Path, now: Timestamp) -> io::Result<()> {
    for (slug, hours, files) in SPECS {
        let folder = project.join("docs/specs").join(slug);
        fs::create_dir_all(&folder)?;
        for (name, text) in files {
            let path = folder.join(name);
            fs::write(&path, text)?;
            let seconds = now.as_micros() / 1_000_000 - hours * 3600;
            let since = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            let file = fs::OpenOptions::new().write(true).open(&path)?;
            file.set_modified(SystemTime::UNIX_EPOCH + since)?;
        }
    }
    Ok(())
}
