//! Upstash Redis over HTTP: one command, one POST.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::UpstashSettings;

/// Why a command gave no answer; for the log.
#[derive(Debug, thiserror::Error)]
#[error("upstash: {0}")]
pub struct UpstashError(String);

impl UpstashError {
    /// An error for the reason that is given.
    pub(crate) fn new(reason: String) -> Self {
        Self(reason)
    }
}

/// The connection to Upstash.
pub struct Upstash {
    url: String,
    http: reqwest::Client,
    headers: HeaderMap,
    timeout: Duration,
}

#[derive(Deserialize)]
struct Answer {
    result: Option<Value>,
    error: Option<String>,
}

impl Upstash {
    /// Sends over `http` to the database that `settings` name.
    ///
    /// # Errors
    /// When the token cannot stand in a header.
    pub fn new(settings: &UpstashSettings, http: reqwest::Client) -> Result<Self, header::InvalidHeaderValue> {
        let mut token = HeaderValue::from_str(&format!("Bearer {}", settings.token))?;
        token.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, token);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { url: settings.url.clone(), http, headers, timeout: settings.timeout })
    }

    /// Runs one command, `["EVAL", script, "1", key, …]`, within the time that the settings give.
    ///
    /// # Errors
    /// When Redis is away, slow, or refuses the command.
    pub async fn command(&self, command: &(impl Serialize + Sync)) -> Result<Value, UpstashError> {
        tokio::time::timeout(self.timeout, self.exchange(command))
            .await
            .map_err(|_| UpstashError(format!("no answer within {:?}", self.timeout)))?
    }

    async fn exchange(&self, command: &(impl Serialize + Sync)) -> Result<Value, UpstashError> {
        let body = serde_json::to_vec(command).map_err(|e| UpstashError(e.to_string()))?;
        let response = self
            .http
            .post(&self.url)
            .headers(self.headers.clone())
            .body(body)
            .send()
            .await
            .map_err(|e| UpstashError(e.without_url().to_string()))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|e| UpstashError(e.without_url().to_string()))?;
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|_| UpstashError(format!("status {status}, not an answer")))?;
        match answer.error {
            Some(error) => Err(UpstashError(format!("status {status}, {error}"))),
            None => Ok(answer.result.unwrap_or(Value::Null)),
        }
    }
}
