//! Supabase: SQL functions called through PostgREST, one transaction each.
//!
//! A function's refusal arrives as an error whose `code` begins with `PT`. Anything else that goes wrong, whatever
//! its status, is a store that cannot be used: the caller gets a 503 and the log gets the reason.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::config::{Misconfigured, SupabaseKey, SupabaseSettings, variables};
use crate::connections::store::{Answer, Over, StoreClient, Unanswered};
use crate::error::{Code, Error};
use crate::queued::Queued;

/// Postgres: "lock_not_available", which is how a lock_timeout ends (postgresql.org, "PostgreSQL Error Codes").
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// PostgREST: no function of this name takes these arguments (docs.postgrest.org, "Errors").
const NO_FUNCTION: &str = "PGRST202";

/// Why an RPC gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// The function refused, in our own words; nothing was changed.
    #[error("refused: {0}")]
    Refused(Error),
    /// A row stayed locked for longer than the function waits (its lock_timeout); nothing was changed.
    #[error("{0}: a lock could not be had in time")]
    Busy(&'static str),
    /// A kept connection ended before anything of an answer came: most likely nothing was done, but that is unknown.
    #[error("{0}: the database closed a kept connection")]
    Closed(&'static str),
    /// The store could not be used. Whether the transaction committed is unknown.
    #[error("supabase: {0}")]
    Unavailable(String),
}

impl From<RpcError> for Error {
    fn from(error: RpcError) -> Self {
        match error {
            RpcError::Refused(refusal) => refusal,
            RpcError::Busy(function) => {
                tracing::warn!(function, "a lock could not be had in time");
                Self::new(Code::AccountBusy)
            }
            error @ (RpcError::Closed(_) | RpcError::Unavailable(_)) => {
                tracing::error!(reason = %error, "the database cannot be used");
                Self::new(Code::ServiceUnavailable)
            }
        }
    }
}

/// The connection to Supabase.
pub struct Supabase {
    http: StoreClient,
    headers: HeaderMap,
    timeout: Duration,
    queued: Queued,
}

impl Supabase {
    /// The project that `settings` name, to which `client` gives a client.
    ///
    /// # Errors
    /// When the key cannot stand in a header, or the address is none.
    pub fn new(
        settings: &SupabaseSettings,
        client: impl FnOnce(&Url) -> Option<StoreClient>,
    ) -> Result<Self, Misconfigured> {
        let http = Url::parse(&settings.url).ok().and_then(|url| client(&url));
        let http = http.ok_or_else(|| Misconfigured::unusable(variables::SUPABASE_URL))?;
        let mut headers = http.headers();
        let secret = |text: &str| {
            let mut value =
                HeaderValue::from_str(text).map_err(|_| Misconfigured::unusable(variables::SUPABASE_SECRET_KEY))?;
            value.set_sensitive(true);
            Ok(value)
        };
        match &settings.key {
            SupabaseKey::ServiceRole(jwt) => {
                headers.insert("apikey", secret(jwt)?);
                headers.insert(header::AUTHORIZATION, secret(&format!("Bearer {jwt}"))?);
            }
            SupabaseKey::Secret(key) => {
                headers.insert("apikey", secret(key)?);
            }
        }
        Ok(Self { http, headers, timeout: settings.timeout, queued: Queued::default() })
    }

    /// Begins to open a connection, for which nothing waits.
    pub async fn open(&self) {
        self.http.open().await;
    }

    /// Calls the SQL function `function` with named `arguments` and reads its JSON answer.
    ///
    /// # Errors
    /// [`RpcError::Refused`] when the function refused, or an argument holds a text that Postgres has not;
    /// [`RpcError::Busy`] when what it needs stays locked; [`RpcError::Unavailable`] for everything else.
    pub async fn rpc<T: DeserializeOwned>(
        &self,
        function: &'static str,
        arguments: &(impl Serialize + ?Sized),
    ) -> Result<T, RpcError> {
        self.rpc_over(Over::Kept, function, arguments).await
    }

    /// The same over a connection of one's choice.
    ///
    /// # Errors
    /// As [`Self::rpc`], and [`RpcError::Closed`] of a kept one.
    pub async fn rpc_over<T: DeserializeOwned>(
        &self,
        over: Over,
        function: &'static str,
        arguments: &(impl Serialize + ?Sized),
    ) -> Result<T, RpcError> {
        let body = self.bytes_over(over, function, arguments).await?;
        serde_json::from_slice(if body.is_empty() { b"null" } else { &body }).map_err(|e| unreadable(function, &e))
    }

    /// The same, of whose answer the caller wants the bytes.
    ///
    /// # Errors
    /// As [`Self::rpc`].
    pub async fn rpc_bytes(
        &self,
        function: &'static str,
        arguments: &(impl Serialize + ?Sized),
    ) -> Result<Bytes, RpcError> {
        self.bytes_over(Over::Kept, function, arguments).await
    }

    async fn bytes_over(
        &self,
        over: Over,
        function: &'static str,
        arguments: &(impl Serialize + ?Sized),
    ) -> Result<Bytes, RpcError> {
        let arguments = serde_json::to_string(arguments).map_err(|e| RpcError::Unavailable(e.to_string()))?;
        if holds_nul(&arguments) {
            // Postgres has no text with a NUL and refuses all of the JSON for it: that is the caller's mistake.
            let message = "A text in the request holds a NUL character, which nothing here can.";
            return Err(RpcError::Refused(Error::new(Code::InvalidRequest).with_message(message)));
        }
        let arguments = Bytes::from(arguments);
        let exchanges = async {
            match self.exchange(over, function, arguments.clone()).await {
                Err(RpcError::Closed(_)) if only_reads(function) => self.exchange(Over::New, function, arguments).await,
                exchanged => exchanged,
            }
        };
        let (status, body) = tokio::time::timeout(self.timeout, exchanges)
            .await
            .map_err(|_| RpcError::Unavailable(format!("{function}: no answer within {:?}", self.timeout)))??;
        if status.is_success() { Ok(body) } else { Err(read_error(function, status, &body)) }
    }

    /// What transactions of this process have queued to be told.
    pub const fn queued(&self) -> &Queued {
        &self.queued
    }

    /// How long an answer is waited for.
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    async fn exchange(
        &self,
        over: Over,
        function: &'static str,
        arguments: Bytes,
    ) -> Result<(StatusCode, Bytes), RpcError> {
        let path = format!("/rest/v1/rpc/{function}");
        let answer = self.http.post(&path, self.headers.clone(), arguments, over).await;
        let Answer { status, headers, body } = answer.map_err(|unanswered| match unanswered {
            Unanswered { kept_ended: true, .. } => RpcError::Closed(function),
            Unanswered { reason, .. } => RpcError::Unavailable(format!("{function}: {reason}")),
        })?;
        self.queued.note(&headers);
        Ok((status, body))
    }
}

/// Whether an SQL function only reads, as its name says, or writes nothing that it matters to write twice: a test holds the names to that.
#[must_use]
pub fn only_reads(function: &str) -> bool {
    ["get_", "list_", "check_"].iter().any(|reads| function.starts_with(reads))
}

fn unreadable(function: &'static str, error: &impl Display) -> RpcError {
    RpcError::Unavailable(format!("{function}: unreadable answer: {error}"))
}

/// Whether a text in `json` holds the escape of NUL: one whose backslash is not itself escaped.
fn holds_nul(json: &str) -> bool {
    memchr::memmem::find_iter(json.as_bytes(), b"\\u0000")
        .any(|at| json.as_bytes()[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0)
}

/// Tells a refusal of our own functions from everything else that can come back.
///
/// Our functions raise `PTxyz` with the code as `message` and further members as JSON in `details`; PostgREST passes
/// both on (docs.postgrest.org, "Errors").
fn read_error(function: &'static str, status: StatusCode, body: &[u8]) -> RpcError {
    let parsed: Option<Map<String, Value>> = serde_json::from_slice(body).ok();
    let text = |name: &str| parsed.as_ref().and_then(|members| members.get(name)).and_then(Value::as_str);
    let ours = text("code").is_some_and(|code| code.starts_with("PT"));
    match text("message").and_then(Code::parse) {
        Some(code) if ours => {
            let details = text("details").and_then(|details| serde_json::from_str(details).ok()).unwrap_or_default();
            RpcError::Refused(refusal(code, details))
        }
        _ if text("code") == Some(LOCK_NOT_AVAILABLE) => RpcError::Busy(function),
        _ if text("code") == Some(NO_FUNCTION) => RpcError::Unavailable(format!(
            "{function}: the database has no such function with these arguments; it is older than this deployment: run \
             `supabase db push` before deploying"
        )),
        _ => {
            let code = text("code").unwrap_or("no code");
            RpcError::Unavailable(format!("{function}: status {status}, {code}, {}", text("message").unwrap_or("")))
        }
    }
}

/// Builds the error of a refusal. `message`, `param`, `retry_after_ms` and `should_retry` shape the answer; the other
/// members go into the error object as they are.
#[must_use]
pub fn refusal(code: Code, mut members: Map<String, Value>) -> Error {
    let mut error = Error::new(code);
    if let Some(Value::String(message)) = members.remove("message") {
        error = error.with_message(message);
    }
    if let Some(Value::String(param)) = members.remove("param") {
        error = error.with_param(param);
    }
    if let Some(ms) = members.remove("retry_after_ms").and_then(|value| value.as_u64()) {
        error = error.with_retry_after(Duration::from_millis(ms));
    }
    if let Some(retry) = members.remove("should_retry").and_then(|value| value.as_bool()) {
        error = error.with_should_retry(retry);
    }
    error.details = members;
    error
}

/// A refusal that is a value, since the database remembers what led to it.
#[derive(Deserialize)]
struct Refused {
    code: String,
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl From<Refused> for Error {
    fn from(mut refused: Refused) -> Self {
        refused.members.remove("status");
        refusal(Code::parse(&refused.code).unwrap_or(Code::InternalError), refused.members)
    }
}

/// The answer of a function whose refusals may be values.
///
/// # Errors
/// That refusal.
pub fn unless_refused(told: Box<RawValue>) -> Result<Box<RawValue>, Error> {
    #[derive(Deserialize)]
    struct Told {
        refused: Option<Refused>,
    }
    let read: Told = serde_json::from_str(told.get()).map_err(|error| {
        tracing::error!(%error, "the database's answer is malformed");
        Error::new(Code::InternalError)
    })?;
    read.refused.map_or(Ok(told), |refused| Err(refused.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_told_from_its_escape_as_a_text() {
        for (text, holds) in [("a\0b", true), ("\\\0", true), ("\\u0000", false), ("\\\\u0000", false), ("", false)] {
            let json = serde_json::to_string(&serde_json::json!({ "text": text })).expect("json");
            assert_eq!(holds_nul(&json), holds, "{json}");
        }
    }

    #[test]
    fn only_our_own_codes_reach_the_caller() {
        let read =
            |status: u16, body: &str| read_error("f", StatusCode::from_u16(status).expect("a status"), body.as_bytes());
        let refused = read(403, r#"{"code":"PT403","message":"insufficient_scope","details":"{\"needs\":\"admin\"}"}"#);
        let RpcError::Refused(error) = refused else { panic!("{refused}") };
        assert_eq!((error.code, error.details["needs"].as_str()), (Code::InsufficientScope, Some("admin")));

        let busy = read(500, r#"{"code":"55P03","message":"canceling statement due to lock timeout"}"#);
        assert!(matches!(busy, RpcError::Busy("f")), "{busy}");
        assert_eq!(Error::from(busy).code, Code::AccountBusy);

        for (status, body) in [
            (401, r#"{"code":"PGRST301","message":"JWT expired"}"#),
            (401, r#"{"message":"Invalid API key"}"#),
            (403, r#"{"code":"42501","message":"insufficient_scope"}"#),
            (402, r#"{"code":"PT402","message":"words that are not a code"}"#),
            (500, r#"{"code":"40P01","message":"deadlock detected"}"#),
            (502, "<html>bad gateway</html>"),
            (200, ""),
        ] {
            let error = read(status, body);
            assert!(matches!(error, RpcError::Unavailable(_)), "{body}");
            assert_eq!(Error::from(error).http_status(), 503);
        }
    }
}
