//! Which view is made where.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use muster_core::{ReportKind, to_json};

use super::answer::{Refusal, document};
use super::params::Params;
use super::{
    Shared, capabilities, feedback, fleet, openapi, reports, runner, runs_of_workflows, streams,
};

/// The views of every server, beside the reports.
pub(super) const VIEWS: [&str; 24] = [
    "now",
    "agents",
    "agent",
    "approvals",
    "decisions",
    "signals",
    "streams",
    "stream",
    "feedback",
    "quality",
    "recommend",
    "settings",
    "bridge",
    "workflow-runs",
    "workflow-run",
    "cost",
    "cost-usage",
    "diagnosis",
    "commands",
    "runs",
    "run",
    "output",
    "alerts",
    "specs",
];

/// A view by its name.
pub(super) async fn view(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match make(shared, &name, &uri).await {
        Ok(json) => document(&headers, json),
        Err(refusal) => refusal.into_response(),
    }
}

/// The names of all views.
pub(super) fn names() -> Vec<&'static str> {
    let reports = ReportKind::ALL.map(ReportKind::name);
    let mut names: Vec<_> = VIEWS.into_iter().chain(reports).collect();
    names.push("capabilities");
    names
}

async fn make(shared: Arc<Shared>, name: &str, uri: &Uri) -> Result<String, Refusal> {
    let mut params = Params::of(uri)?;
    let now = shared.clock.now();
    let json = match name {
        "capabilities" => to_json(&capabilities::capabilities(&shared)),
        "settings" => to_json(&capabilities::settings(&shared)),
        "now" => to_json(&fleet::now(&shared)),
        "agents" => to_json(&fleet::agents(&shared, &mut params)?),
        "agent" => to_json(&fleet::agent(&shared, &mut params)?),
        "approvals" => {
            let wanted = params.text("type");
            to_json(&shared.keeper.glance()?.approvals(now, wanted.as_deref()))
        }
        "decisions" => {
            let (wanted, limit) = (params.text("type"), params.limit(200, 10_000)?);
            let glance = shared.keeper.glance()?;
            to_json(&glance.decisions(now, wanted.as_deref(), limit))
        }
        "signals" => to_json(&streams::signals(&shared, &mut params)?),
        "streams" => to_json(&shared.keeper.glance()?.streams()),
        "stream" => to_json(&streams::stream(&shared, &mut params).await?),
        "feedback" => to_json(&feedback::ratings(&shared).await?),
        "quality" => to_json(&feedback::quality(&shared, &mut params).await?),
        "recommend" => to_json(&feedback::recommend(&shared, &mut params).await?),
        "bridge" => to_json(&runs_of_workflows::stats(&shared, &mut params).await?),
        "workflow-runs" => to_json(&runs_of_workflows::runs(&shared, &mut params).await?),
        "workflow-run" => to_json(&runs_of_workflows::run(&shared, &mut params).await?),
        "cost" => to_json(&shared.bills.cost()?),
        "cost-usage" => to_json(&shared.bills.usage()?),
        "commands" => to_json(&runner::commands(&shared.runner)),
        "runs" => to_json(&runner::runs(&shared.runner, &mut params)?),
        "run" => to_json(&runner::run(&shared.runner, &mut params)?),
        "output" => to_json(&runner::output(&shared.runner, &mut params).await?),
        "alerts" => to_json(&shared.alerts.view(now)),
        "specs" => to_json(&shared.specs.view(now)),
        "openapi.json" => openapi::document(),
        "diagnosis" => to_json(&shared.diagnosis.view()),
        name => {
            let Some(kind) = ReportKind::of_name(name) else {
                return Err(Refusal::not_found(format!("there is no view {name}"))
                    .hint("capabilities lists the views"));
            };
            return reports::report(shared, kind, params).await;
        }
    };
    params.finish()?;
    Ok(if json.ends_with('\n') {
        json
    } else {
        json + "\n"
    })
}
