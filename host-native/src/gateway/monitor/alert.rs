//! Alerts to a command, a webhook or a Telegram chat.

use std::env;
use std::time::Duration;

use serde_json::json;

use crate::gateway::collect::{Request, ask, run};

/// How long one alert may take.
const LIMIT: Duration = Duration::from_secs(20);
/// The bot's token, which is written down nowhere.
const TOKEN_VARIABLE: &str = "MUSTER_TELEGRAM_TOKEN";
/// The address of the Bot API, for those who run their own.
const API_VARIABLE: &str = "MUSTER_TELEGRAM_API";

/// Where alerts go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertTargets {
    /// A shell command, which gets the text in `MUSTER_ALERT`.
    pub command: Option<String>,
    /// An address that takes a POST of JSON.
    pub webhook: Option<String>,
    /// A chat of Telegram.
    pub telegram: Option<String>,
}

/// What became of one alert: to whom, and why not.
pub(super) type Sent = (String, Result<(), String>);

impl AlertTargets {
    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Sends a text everywhere.
    pub(super) async fn send(&self, text: &str) -> Vec<Sent> {
        let mut sent = Vec::new();
        if let Some(command) = &self.command {
            // By a variable, so that the text is never read as part of the command.
            let wrapped = ["env", &format!("MUSTER_ALERT={text}"), "sh", "-c", command];
            let outcome = match run(&wrapped, LIMIT).await {
                Ok(shown) if shown.exit == Some(0) => Ok(()),
                Ok(shown) => Err(shown.complaint()),
                Err(why) => Err(why),
            };
            sent.push(("the command".to_owned(), outcome));
        }
        if let Some(url) = &self.webhook {
            let outcome = post(url.clone(), json!({"text": text}).to_string()).await;
            sent.push(("the webhook".to_owned(), outcome));
        }
        if let Some(chat) = &self.telegram {
            let outcome = match env::var(TOKEN_VARIABLE)
                .ok()
                .filter(|token| !token.is_empty())
            {
                None => Err(format!("the variable {TOKEN_VARIABLE} is not set")),
                Some(token) => {
                    let api = env::var(API_VARIABLE).ok().filter(|api| !api.is_empty());
                    let api = api.unwrap_or_else(|| "https://api.telegram.org".to_owned());
                    let url = format!("{}/bot{token}/sendMessage", api.trim_end_matches('/'));
                    post(url, json!({"chat_id": chat, "text": text}).to_string())
                        .await
                        // An address in an error would hold the token.
                        .map_err(|why| why.replace(&token, "TOKEN"))
                }
            };
            sent.push(("the Telegram chat".to_owned(), outcome));
        }
        sent
    }
}

/// Posts a JSON body; an answer of the 200s is success.
pub(super) async fn post(url: String, body: String) -> Result<(), String> {
    let request = Request {
        body: Some(body),
        ..Request::get(url)
    };
    match ask(request, LIMIT).await {
        Ok((200..=299, _)) => Ok(()),
        Ok((status, _)) => Err(format!("it answers with status {status}")),
        Err(why) => Err(why),
    }
}
