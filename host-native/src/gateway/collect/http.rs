//! Requests over HTTP that change nothing.

use std::time::Duration;

use ureq::Agent;

/// More of an answer is not read.
const MAX_BODY_BYTES: u64 = 32 << 20;

/// Asks an address; the answer is its status and text, also where it is a refusal.
pub(crate) async fn ask(request: Request, limit: Duration) -> Result<(u16, String), String> {
    let work = tokio::task::spawn_blocking(move || send(&request, limit));
    work.await.map_err(|error| error.to_string())?
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The address.
    pub(crate) url: String,
    /// A header with a key.
    pub(crate) header: Option<(String, String)>,
    /// A JSON body; with it the request is a POST.
    pub(crate) body: Option<String>,
}

impl Request {
    /// A plain question.
    pub(crate) fn get(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            header: None,
            body: None,
        }
    }
}

fn send(request: &Request, limit: Duration) -> Result<(u16, String), String> {
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(limit))
        // A redirect could carry a key elsewhere.
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent();
    let answer = if let Some(body) = &request.body {
        let mut builder = agent
            .post(&request.url)
            .header("content-type", "application/json");
        if let Some((name, value)) = &request.header {
            builder = builder.header(name, value);
        }
        builder.send(body)
    } else {
        let mut builder = agent.get(&request.url);
        if let Some((name, value)) = &request.header {
            builder = builder.header(name, value);
        }
        builder.call()
    };
    let explain = |error: ureq::Error| match error {
        ureq::Error::Timeout(_) => format!("no answer within {} s", limit.as_secs_f32()),
        ureq::Error::Io(error) => crate::error::describe(&error),
        other => other.to_string(),
    };
    let mut answer = answer.map_err(explain)?;
    let status = answer.status().as_u16();
    let body = answer
        .body_mut()
        .with_config()
        .limit(MAX_BODY_BYTES)
        .read_to_string()
        .map_err(explain)?;
    Ok((status, body))
}
