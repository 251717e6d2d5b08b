//! The files of a gateway: where they are, how large and how old.

use muster_core::Timestamp;
use serde_json::{Map, Value};

use crate::render::{Align, Style, Table};

/// A file or folder that evidence names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// What it is, such as `pid_file`.
    pub name: String,
    /// Where it is, or should be.
    pub path: String,
    /// Its size in bytes; `None` where it is not there.
    pub bytes: Option<u64>,
    /// When it was last written, in milliseconds.
    pub modified_ms: Option<i64>,
}

impl Artifact {
    /// Those of a bundle.
    pub fn all(artifacts: &Map<String, Value>) -> Vec<Self> {
        let of = |(name, facts): (&String, &Value)| Self {
            name: name.clone(),
            path: facts["path"].as_str().unwrap_or_default().to_owned(),
            bytes: facts["bytes"].as_u64(),
            modified_ms: facts["modified_ms"].as_i64(),
        };
        artifacts.iter().map(of).collect()
    }
}

/// The files as a table.
pub fn artifacts(files: &[Artifact], now: Timestamp, style: &Style) -> String {
    let mut table = Table::new([
        ("FILE", Align::Text),
        ("PATH", Align::Name),
        ("BYTES", Align::Number),
        ("AGE", Align::Number),
    ]);
    for file in files {
        let age = file.modified_ms.map(|ms| {
            let ms = now.as_micros().div_euclid(1000).saturating_sub(ms);
            age(ms)
        });
        table.row([
            file.name.clone(),
            file.path.clone(),
            file.bytes
                .map_or_else(|| "not there".to_owned(), |bytes| bytes.to_string()),
            age.unwrap_or_default(),
        ]);
    }
    format!("\n{}\n{}", style.heading("Files"), table.render(style))
}

/// An age in a few signs.
pub(crate) fn age(ms: i64) -> String {
    let s = ms.max(0) / 1000;
    match s {
        ..120 => format!("{s} s"),
        120..7200 => format!("{} min", s / 60),
        7200..172_800 => format!("{} h", s / 3600),
        _ => format!("{} d", s / 86_400),
    }
}
