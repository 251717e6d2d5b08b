//! Whether the provider of the configured model answers. Nothing is paid for: the
//! request has no credentials and is to be refused.

use serde_json::{Value, json};

use super::Piece;
use super::http::{Request, ask};
use crate::gateway::Profile;

pub(crate) async fn collect(
    profile: &Profile,
    config: Option<&Value>,
    status: Option<&Value>,
) -> Option<Piece> {
    if !profile.wants("model_api") || !(profile.model_api || profile.model_api_url.is_some()) {
        return None;
    }
    let provider = provider(config, status);
    Some(("model_api".to_owned(), look(profile, provider).await))
}

async fn look(profile: &Profile, provider: Option<String>) -> Result<Value, String> {
    let own = provider.as_deref().and_then(address);
    let url = match (&profile.model_api_url, own, &provider) {
        (Some(url), _, _) => url.clone(),
        (None, Some(url), _) => url.to_owned(),
        (None, None, Some(provider)) => {
            return Err(format!(
                "no address of the provider {provider} is known (model_api_url)"
            ));
        }
        (None, None, None) => return Err("nothing says which model is configured".to_owned()),
    };
    let request = Request {
        body: Some("{}".to_owned()),
        ..Request::get(url)
    };
    let provider = provider.unwrap_or_else(|| "anthropic".to_owned());
    Ok(match ask(request, profile.limit).await {
        Ok((status, body)) => json!({
            "provider": provider,
            "reachable": true,
            "status": status,
            "error_type": error_type(status, &body),
        }),
        Err(why) => json!({"provider": provider, "reachable": false, "error": why}),
    })
}

/// The provider of a model that is written `provider/model`, or of a bare model.
fn provider(config: Option<&Value>, status: Option<&Value>) -> Option<String> {
    let configured = config.and_then(|config| config.get("model"));
    let live = status.and_then(|status| {
        status
            .pointer("/status/model")
            .or_else(|| status.get("model"))
    });
    let model = configured.or(live)?.as_str()?;
    Some(match model.split_once('/') {
        Some((provider, _)) => provider.to_owned(),
        None if model.starts_with("claude") => "anthropic".to_owned(),
        None if model.starts_with("gpt") || model.starts_with('o') => "openai".to_owned(),
        None => return None,
    })
}

/// Where a provider takes prompts.
fn address(provider: &str) -> Option<&'static str> {
    Some(match provider {
        "anthropic" => "https://api.anthropic.com/v1/messages",
        "openai" | "openai-codex" => "https://api.openai.com/v1/responses",
        _ => return None,
    })
}

/// What the provider calls the refusal.
fn error_type(status: u16, body: &str) -> String {
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    let named = ["/error/type", "/error/code", "/type"]
        .iter()
        .find_map(|path| document.pointer(path)?.as_str());
    named.map_or_else(|| format!("status {status}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_is_that_of_the_configured_model() {
        let of = |config: Value, status: Value| provider(Some(&config), Some(&status));
        let codex = of(json!({"model": "openai-codex/gpt-5.4"}), json!({}));
        assert_eq!(codex.as_deref(), Some("openai-codex"));
        let live = of(
            json!({}),
            json!({"status": {"model": "anthropic/claude-x"}}),
        );
        assert_eq!(live.as_deref(), Some("anthropic"));
        assert_eq!(
            of(json!({"model": "claude-opus-4-6"}), json!({})).as_deref(),
            Some("anthropic")
        );
        assert_eq!(of(json!({}), json!({})), None);
        let body = "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\"}}";
        assert_eq!(error_type(401, body), "authentication_error");
        assert_eq!(error_type(502, "<html>"), "status 502");
    }
}
