//! Collecting evidence: every collector with its own time limit, all at once, and none
//! that changes what it looks at. One that fails leaves its piece unread, with the reason.

mod command;
mod file;
mod http;
mod journal;
mod logs;
mod machine;
mod model_api;
mod otel;
mod process;
mod redis;
mod service;
mod status;
mod substrate;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use muster_core::Timestamp;
use muster_core::diagnose::Rulebook;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

pub(crate) use self::command::run;
pub(crate) use self::file::small;
pub(crate) use self::http::{Request, ask};
pub(crate) use self::logs::transcript;
pub(crate) use self::otel::events;
pub(crate) use self::redis::{connect, in_words, pending};

use super::profile::Profile;

/// A collector gets so much more than what it calls, so that their reasons come first.
const GRACE: Duration = Duration::from_secs(2);

/// A piece of evidence under its name in a bundle, or why there is none.
pub(crate) type Piece = (String, Result<Value, String>);

/// What a collector came back with.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Pieces of evidence.
    pub(crate) pieces: Vec<Piece>,
    /// What was left out, in sentences.
    pub(crate) notes: Vec<String>,
}

/// What rules look at besides the built-in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Paths of files.
    pub files: BTreeSet<String>,
    /// Names of processes.
    pub processes: Vec<String>,
    /// Ports.
    pub ports: BTreeSet<u16>,
    /// Keys of Redis.
    pub redis_keys: BTreeSet<String>,
}

impl Watched {
    /// What the rules of a book look at.
    pub fn of(rules: &Rulebook) -> Self {
        let owned = |text: &str| text.to_owned();
        Self {
            files: rules.files().map(owned).collect(),
            processes: rules.processes().map(owned).collect(),
            ports: rules.ports().collect(),
            redis_keys: rules.redis_keys().map(owned).collect(),
        }
    }
}

/// Everything that was collected at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bundle {
    /// When it was collected, in milliseconds.
    pub now_ms: i64,
    /// The name by which the core knows the set-up.
    pub profile: String,
    /// Pieces of evidence by name.
    pub evidence: BTreeMap<String, Value>,
    /// Why pieces are missing.
    pub unreadable: BTreeMap<String, String>,
    /// Pieces that the set-up does not have.
    pub not_part: BTreeSet<String>,
    /// What was left out, in sentences.
    pub notes: Vec<String>,
}

impl Bundle {
    fn take(&mut self, gathered: Gathered) {
        for (name, piece) in gathered.pieces {
            match piece {
                Ok(value) => self.evidence.insert(name, value).map(drop),
                Err(why) => self.unreadable.insert(name, why).map(drop),
            };
        }
        self.notes.extend(gathered.notes);
    }

    /// The form that every host reads.
    pub fn into_json(self) -> String {
        json!({
            "muster_bundle": 1,
            "now_ms": self.now_ms,
            "profile": self.profile,
            "evidence": Value::Object(self.evidence.into_iter().collect()),
            "unreadable": self.unreadable,
            "not_part": self.not_part,
            "notes": self.notes,
        })
        .to_string()
    }

    /// The files and folders of the set-up by name, with path, size and age.
    pub fn artifacts(&self) -> Option<&Map<String, Value>> {
        self.evidence.get("artifacts")?.as_object()
    }
}

/// Collects everything that a profile has, as of `now`.
pub async fn collect(
    profile: &Arc<Profile>,
    watched: &Watched,
    now: Timestamp,
    hours: u32,
) -> Bundle {
    let now_ms = now.as_micros().div_euclid(1000);
    let limit = profile.limit;
    // Lost messages are looked for over six hours.
    let hours = hours.max(6);
    let mut ports = watched.ports.clone();
    ports.extend(&profile.ports);
    let service_and_process = async {
        let service = limited(&["systemd"], limit * 4, async {
            one(service::collect(profile).await)
        })
        .await;
        let pid = service::pid(service.pieces.first());
        let mut gathered = limited(&["process"], limit, async {
            let pieces = process::collect(profile, pid, now_ms, &watched.processes).await;
            Gathered {
                pieces,
                notes: Vec::new(),
            }
        })
        .await;
        gathered.pieces.extend(service.pieces);
        gathered
    };
    let of_profile = Arc::clone(profile);
    let logs = limited(
        &["err_log", "out_log", "session_jsonl", "tripwire"],
        limit,
        blocking(move || logs::collect(&of_profile)),
    );
    let names = journal::pieces(profile);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let journals = limited(
        &names,
        limit * u32::try_from(names.len().max(1)).unwrap_or(u32::MAX),
        journal::collect(profile, now_ms, hours),
    );
    let (of_profile, paths) = (Arc::clone(profile), watched.files.clone());
    let files = limited(
        &["files"],
        limit,
        blocking(move || machine::files(&of_profile, &paths)),
    );
    let outcome = tokio::join!(
        service_and_process,
        logs,
        journals,
        files,
        limited(&["status"], limit, async {
            one(status::collect(profile).await)
        }),
        limited(&["redis", "config"], limit, async {
            redis::collect(profile, &watched.redis_keys)
                .await
                .unwrap_or_default()
        }),
        limited(&["otel"], limit, async {
            one(otel::collect(profile, now_ms, hours).await)
        }),
        limited(&["substrate"], limit * 2, async {
            one(substrate::collect(profile).await)
        }),
        limited(&["listeners"], limit * 2, async {
            one(machine::listeners(profile, &ports).await)
        }),
        limited(&["versions"], limit * 2, async {
            machine::versions(profile).await.unwrap_or_default()
        }),
        limited(&["documents"], limit * 4, async {
            machine::documents(profile).await.unwrap_or_default()
        }),
    );
    let mut bundle = Bundle {
        now_ms,
        profile: profile.set_up().to_owned(),
        not_part: profile.not_part(),
        ..Bundle::default()
    };
    let all: [Gathered; 11] = outcome.into();
    for gathered in all {
        bundle.take(gathered);
    }
    // The provider is that of the configured model, which is known by now.
    let (config, status) = (bundle.evidence.get("config"), bundle.evidence.get("status"));
    let model = limited(&["model_api"], limit, async {
        one(model_api::collect(profile, config, status).await)
    });
    let model = model.await;
    bundle.take(model);
    bundle
        .evidence
        .insert("e2e".to_owned(), json!({"ran": false, "drained": null}));
    bundle.notes.extend(profile.no_commands.clone());
    // A collector that was out of time names pieces that the set-up may not have.
    let not_part = &bundle.not_part;
    bundle.unreadable.retain(|name, _| !not_part.contains(name));
    bundle
}

/// The status that the gateway gives of itself, where the profile has one.
pub(crate) async fn status_document(profile: &Profile) -> Option<Result<Value, String>> {
    Some(status::collect(profile).await?.1)
}

fn one(piece: Option<Piece>) -> Gathered {
    Gathered {
        pieces: piece.into_iter().collect(),
        notes: Vec::new(),
    }
}

async fn blocking(work: impl FnOnce() -> Gathered + Send + 'static) -> Gathered {
    match tokio::task::spawn_blocking(work).await {
        Ok(gathered) => gathered,
        Err(error) => Gathered {
            pieces: Vec::new(),
            notes: vec![format!("a collector broke off: {error}")],
        },
    }
}

/// What a collector comes back with within its time.
async fn limited(
    names: &[&str],
    limit: Duration,
    work: impl Future<Output = Gathered>,
) -> Gathered {
    let limit = limit + GRACE;
    if let Ok(gathered) = timeout(limit, work).await {
        return gathered;
    }
    let why = format!("no answer within {} s", limit.as_secs_f32());
    let pieces = names
        .iter()
        .map(|name| ((*name).to_owned(), Err(why.clone())));
    Gathered {
        pieces: pieces.collect(),
        notes: Vec::new(),
    }
}
