//! The API for machines: an `OpenAPI` document made from the tables of views and acts.

use serde_json::{Map, Value, json};

use super::{acts, views};

/// What a parameter is.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Time,
}

use Kind::{Number, Text, Time};

/// A parameter: the name, what it is, whether it must be there.
type Param = (&'static str, Kind, bool);

const WINDOW: &[Param] = &[
    ("days", Number, false),
    ("from", Time, false),
    ("to", Time, false),
];

/// The document.
pub(super) fn document() -> String {
    let mut paths = Map::new();
    for name in views::names() {
        paths.insert(format!("/api/v1/{name}"), json!({"get": view(name)}));
    }
    for name in acts::NAMES {
        paths.insert(format!("/api/v1/act/{name}"), json!({"post": act(name)}));
    }
    for (path, summary, kind) in [
        ("/api/v1/events", "Changes of views", "text/event-stream"),
        (
            "/api/v1/output-events",
            "Output of a run as it comes",
            "text/event-stream",
        ),
        ("/metrics", "Figures for Prometheus", "text/plain"),
        ("/healthz", "Whether the server runs", "text/plain"),
    ] {
        let answer =
            json!({"description": summary, "content": {kind: {"schema": {"type": "string"}}}});
        paths.insert(
            path.into(),
            json!({"get": {"summary": summary, "responses": {"200": answer}}}),
        );
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Muster dashboard",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Views are read by GET, acts are done by POST with the token of capabilities.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Muster-Token"},
            },
            "schemas": {"Error": error_schema()},
        },
    });
    document.to_string() + "\n"
}

fn view(name: &str) -> Value {
    let parameters: Vec<Value> = parameters(name)
        .iter()
        .map(|(name, kind, required)| {
            let schema = match kind {
                Text => json!({"type": "string"}),
                Number => json!({"type": "integer", "minimum": 0}),
                Time => json!({"type": "string", "format": "date-time"}),
            };
            json!({"name": name, "in": "query", "required": required, "schema": schema})
        })
        .collect();
    let is_list = ["agents", "approvals", "decisions", "streams"].contains(&name);
    let schema = json!({"type": if is_list { "array" } else { "object" }});
    json!({
        "operationId": name,
        "summary": format!("The view {name}"),
        "parameters": parameters,
        "responses": responses(&schema),
    })
}

fn act(name: &str) -> Value {
    let fields: &[(&str, &str)] = match name {
        "approve" | "reject" => &[
            ("request_id", "string"),
            ("reason", "string"),
            ("responder", "string"),
            ("force", "boolean"),
        ],
        "diagnose" => &[
            ("bundle", "string"),
            ("hours", "integer"),
            ("profile", "string"),
        ],
        "diagnosis-schedule" => &[("every_minutes", "integer"), ("profile", "string")],
        "run-start" => &[
            ("command", "string"),
            ("scope", "string"),
            ("confirmed", "boolean"),
        ],
        "run-cancel" => &[("run_id", "string")],
        "alert-mute" => &[("name", "string"), ("minutes", "integer")],
        "specs-candidates" => &[("enabled", "boolean")],
        "spec-dismiss" => &[("slug", "string"), ("mark", "string")],
        _ => &[],
    };
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, kind)| ((*name).into(), json!({"type": kind})))
        .collect();
    let body = json!({"type": "object", "additionalProperties": false, "properties": properties});
    json!({
        "operationId": name,
        "summary": format!("The act {name}"),
        "security": [{"token": []}],
        "requestBody": {"required": true, "content": {"application/json": {"schema": body}}},
        "responses": responses(&json!({"type": "object"})),
    })
}

fn responses(schema: &Value) -> Value {
    let error = json!({"$ref": "#/components/schemas/Error"});
    let refused =
        json!({"description": "Why not", "content": {"application/json": {"schema": error}}});
    json!({
        "200": {"description": "The document", "content": {"application/json": {"schema": schema}}},
        "default": refused,
    })
}

fn parameters(view: &str) -> &'static [Param] {
    match view {
        "agents" => &[("state", Text, false)],
        "agent" | "workflow-run" | "run" => &[("id", Text, true)],
        "approvals" => &[("type", Text, false)],
        "decisions" => &[("type", Text, false), ("limit", Number, false)],
        "signals" => &[
            ("agent", Text, false),
            ("type", Text, false),
            ("life", Text, false),
            ("limit", Number, false),
        ],
        "stream" => &[
            ("type", Text, true),
            ("after", Text, false),
            ("limit", Number, false),
        ],
        "usage" => &[
            ("days", Number, false),
            ("from", Time, false),
            ("to", Time, false),
            ("recent", Number, false),
        ],
        "bridge" => &[("days", Number, false)],
        "workflow-runs" => &[("days", Number, false), ("limit", Number, false)],
        "runs" => &[("command", Text, false), ("limit", Number, false)],
        "output" => &[
            ("id", Text, true),
            ("after", Number, false),
            ("limit", Number, false),
        ],
        "quality" => &[("workflow", Text, true)],
        "recommend" => &[
            ("workflow", Text, true),
            ("stage", Text, true),
            ("tier", Text, false),
        ],
        name if muster_core::ReportKind::of_name(name).is_some() => WINDOW,
        _ => &[],
    }
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["kind", "message", "hint", "exit"],
            "properties": {
                "kind": {"type": "string"},
                "message": {"type": "string"},
                "hint": {"type": ["string", "null"]},
                "exit": {"type": "integer"},
            },
        }},
    })
}
