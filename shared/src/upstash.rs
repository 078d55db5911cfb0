//! Upstash Redis over HTTP: one command, one POST.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use reqwest::Url;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use sha1::{Digest, Sha1};

use crate::config::{Misconfigured, UpstashSettings, variables};
use crate::connections::store::{Over, StoreClient};

/// Why a command gave no answer; for the log.
#[derive(Debug, thiserror::Error)]
#[error("upstash: {reason}")]
pub struct UpstashError {
    reason: String,
    /// Redis does not have the script that EVALSHA named.
    no_script: bool,
}

impl UpstashError {
    /// An error for the reason that is given.
    pub(crate) fn new(reason: String) -> Self {
        Self { reason, no_script: false }
    }
}

/// A Lua script without keys, and whether this process has seen Redis run it.
pub struct Script {
    text: String,
    sha: String,
    known: AtomicBool,
}

impl Script {
    /// A script that Redis may not have yet.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self { sha: hex::encode(Sha1::digest(&text)), text, known: AtomicBool::new(false) }
    }
}

/// `["EVAL", script, "0", argument, …]`.
struct Eval<'a> {
    how: &'static str,
    script: &'a str,
    arguments: &'a [Cow<'a, str>],
}

impl Serialize for Eval<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut command = serializer.serialize_seq(Some(self.arguments.len() + 3))?;
        for part in [self.how, self.script, "0"] {
            command.serialize_element(part)?;
        }
        for argument in self.arguments {
            command.serialize_element(argument)?;
        }
        command.end()
    }
}

/// The connection to Upstash. Its clones share the HTTP client's connections.
#[derive(Clone)]
pub struct Upstash {
    http: StoreClient,
    headers: HeaderMap,
    timeout: Duration,
}

#[derive(Deserialize)]
struct Answer {
    result: Option<Value>,
    error: Option<String>,
}

impl Upstash {
    /// The database that `settings` name, to which `client` gives a client.
    ///
    /// # Errors
    /// When the token cannot stand in a header, or the address is none.
    pub fn new(
        settings: &UpstashSettings,
        client: impl FnOnce(&Url) -> Option<StoreClient>,
    ) -> Result<Self, Misconfigured> {
        let http = Url::parse(&settings.url).ok().and_then(|url| client(&url));
        let http = http.ok_or_else(|| Misconfigured::unusable(variables::UPSTASH_REDIS_REST_URL))?;
        let unusable_token = |_| Misconfigured::unusable(variables::UPSTASH_REDIS_REST_TOKEN);
        let mut token = HeaderValue::from_str(&format!("Bearer {}", settings.token)).map_err(unusable_token)?;
        token.set_sensitive(true);
        let mut headers = http.headers();
        headers.insert(header::AUTHORIZATION, token);
        Ok(Self { http, headers, timeout: settings.timeout })
    }

    /// Begins to open a connection, for which nothing waits.
    pub async fn open(&self) {
        self.http.open().await;
    }

    /// Runs one command, `["INCR", key]`, within the time that the settings give.
    ///
    /// # Errors
    /// When Redis is away, slow, or refuses the command.
    pub async fn command(&self, command: &(impl Serialize + Sync)) -> Result<Value, UpstashError> {
        self.in_time(self.exchange(command)).await
    }

    /// Runs a script with these arguments, within the time that the settings give: by its SHA-1 once Redis has run it,
    /// since the text is longer than all the rest of the call. A Redis that has forgotten it is sent the text again.
    ///
    /// # Errors
    /// When Redis is away, slow, or refuses the command.
    pub async fn eval(&self, script: &Script, arguments: &[Cow<'_, str>]) -> Result<Value, UpstashError> {
        let run = async {
            if script.known.load(Ordering::Relaxed) {
                match self.exchange(&Eval { how: "EVALSHA", script: &script.sha, arguments }).await {
                    Err(error) if error.no_script => {}
                    answer => return answer,
                }
            }
            let answer = self.exchange(&Eval { how: "EVAL", script: &script.text, arguments }).await?;
            script.known.store(true, Ordering::Relaxed);
            Ok(answer)
        };
        self.in_time(run).await
    }

    async fn in_time(&self, answer: impl Future<Output = Result<Value, UpstashError>>) -> Result<Value, UpstashError> {
        tokio::time::timeout(self.timeout, answer)
            .await
            .map_err(|_| UpstashError::new(format!("no answer within {:?}", self.timeout)))?
    }

    async fn exchange(&self, command: &(impl Serialize + Sync)) -> Result<Value, UpstashError> {
        let body = serde_json::to_vec(command).map_err(|e| UpstashError::new(e.to_string()))?;
        let body = Bytes::from(body);
        let post = |over| self.http.post("", self.headers.clone(), body.clone(), over);
        let answer = match post(Over::Kept).await {
            // Whatever is counted a second time thereby counts against the caller, and a settlement applies once.
            Err(unanswered) if unanswered.kept_ended => post(Over::New).await,
            answer => answer,
        };
        let answer = answer.map_err(|unanswered| UpstashError::new(unanswered.reason))?;
        let (status, body) = (answer.status, answer.body);
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|_| UpstashError::new(format!("status {status}, not an answer")))?;
        match answer.error {
            Some(error) => Err(UpstashError {
                no_script: error.starts_with("NOSCRIPT"),
                reason: format!("status {status}, {error}"),
            }),
            None => Ok(answer.result.unwrap_or(Value::Null)),
        }
    }
}
