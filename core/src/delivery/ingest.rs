//! The bodies of requests to where entries are collected.

use alloc::string::String;

use crate::entry::{push_json_string, push_telemetry_entry};
use crate::record::telemetry_entry::TelemetryEntry;

/// The most entries of one request.
pub const MAX_BATCH: usize = 25;

/// The body of one request: one event as an object, more in a list.
#[derive(Clone, Debug)]
pub struct IngestBody<'a> {
    distinct_id: &'a str,
    repo_id: Option<&'a str>,
    /// The events, joined by commas.
    events: String,
    count: usize,
}

impl<'a> IngestBody<'a> {
    /// An empty body. `distinct_id` stands for the user, `repo_id` for the
    /// repository whose commands are told of.
    pub fn new(distinct_id: &'a str, repo_id: Option<&'a str>) -> Self {
        Self {
            distinct_id,
            repo_id,
            events: String::new(),
            count: 0,
        }
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: &TelemetryEntry<'_>) {
        let out = &mut self.events;
        if self.count > 0 {
            out.push(',');
        }
        self.count += 1;
        out.push_str("{\"event\":\"cli_invocation\",\"distinct_id\":");
        push_json_string(out, self.distinct_id);
        out.push_str(",\"insert_id\":");
        push_json_string(out, &entry.id);
        out.push_str(",\"properties\":");
        push_telemetry_entry(out, entry);
        if let Some(repo) = self.repo_id {
            // The entry ends with its closing brace and is not empty.
            out.pop();
            out.push_str(",\"$repo_id\":");
            push_json_string(out, repo);
            out.push('}');
        }
        out.push('}');
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The JSON text.
    pub fn into_json(self) -> String {
        if self.count == 1 {
            self.events
        } else {
            alloc::format!("{{\"events\":[{}]}}", self.events)
        }
    }
}
