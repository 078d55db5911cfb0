//! Who calls: what a request shows of itself, as the database's key validation takes it.
//!
//! The key itself goes no further than this module; everything else sees its hash.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri, header};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::api_key::{hash, is_well_formed, without_keys};
use crate::app::{App, SharedApp};
use crate::config::configured;
use crate::error::{Code, Error};
use crate::idempotency::{Idempotency, Presented};
use crate::request_id::RequestId;
use crate::serve::Invocation;

/// What is kept of a user agent, in bytes.
const USER_AGENT_LENGTH: usize = 256;

/// A caller that has shown a well-formed key. Whether the key is good, the database decides. Its clones are the same
/// caller.
#[derive(Clone, Debug)]
pub struct Caller(Arc<Shown>);

/// Where the extractor of a caller leaves whom it found, in a request's extensions.
#[derive(Clone, Default)]
pub(crate) struct KnownCaller(Arc<OnceLock<(Caller, SharedApp)>>);

impl KnownCaller {
    /// Leaves the caller here, once: a second extractor of the same request finds the same one.
    fn set(&self, caller: Caller, app: SharedApp) {
        let _ = self.0.set((caller, app));
    }

    /// Whom the extractor found, if it has come that far.
    pub(crate) fn get(&self) -> Option<&(Caller, SharedApp)> {
        self.0.get()
    }
}

/// What a caller shows of itself.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// HMAC-SHA256 of the key in hex, under each pepper, the newest first.
    pub key_hashes: Vec<String>,
    /// The client's address, as the platform vouches for it.
    pub ip: Option<IpAddr>,
    /// The host of `Origin`, else of `Referer`.
    pub domain: Option<String>,
    /// Cut to 256 bytes.
    pub user_agent: Option<String>,
    /// The request's name.
    pub request_id: String,
    /// Whether the database has been asked in this caller's name.
    #[serde(skip)]
    asked: AtomicBool,
    /// The Idempotency-Key that came with the request.
    #[serde(skip)]
    presented: Option<Presented>,
}

impl Deref for Caller {
    type Target = Shown;

    fn deref(&self) -> &Shown {
        &self.0
    }
}

impl Serialize for Caller {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Caller {
    /// Notes that the database is asked in this caller's name: then its answer tells what is to be said of the key.
    pub(crate) fn note_asked(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether the database has been asked in this caller's name.
    pub(crate) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// The Idempotency-Key that came with the request, if it stands for a body.
    ///
    /// # Errors
    /// 400 when it is none.
    pub(crate) fn idempotency(&self) -> Result<Option<Idempotency>, Error> {
        self.presented.as_ref().map_or(Ok(None), Presented::read)
    }

    /// The key's hash under the newest pepper: what its limits are cached by.
    #[must_use]
    pub fn key_hash(&self) -> &str {
        self.key_hashes.first().map_or("", String::as_str)
    }

    /// Calls an SQL function in this caller's name: the one database call of an endpoint, key validation included.
    /// `arguments` is an object; `caller` is added to it.
    ///
    /// # Errors
    /// The function's refusals, `service_unavailable`. A known key that is refused is put on record first, since the
    /// refusal has undone whatever the function did.
    pub async fn rpc<T: DeserializeOwned>(
        &self,
        app: &App,
        function: &'static str,
        mut arguments: Value,
    ) -> Result<T, Error> {
        self.note_asked();
        arguments["caller"] = json!(self);
        let refused = match app.supabase()?.rpc(function, &arguments).await {
            Ok(answer) => {
                // Whatever is changed, a key, its limits or its account, is asked of the database by the next call.
                if !["get_", "list_", "check_"].iter().any(|reads| function.starts_with(reads)) {
                    app.limiter.forget_refusals();
                }
                return Ok(answer);
            }
            Err(error) => Error::from(error),
        };
        if matches!(
            refused.code,
            Code::ApiKeyRevoked
                | Code::ApiKeyExpired
                | Code::AccountDisabled
                | Code::IpNotAllowed
                | Code::DomainNotAllowed
                | Code::InsufficientScope
        ) {
            let record = json!({ "caller": self, "code": refused.code.as_str() });
            if let Err(error) = app.supabase()?.rpc::<Value>("record_refusal", &record).await {
                tracing::warn!(%error, code = refused.code.as_str(), "a refused key is not on record");
            }
        }
        Err(refused)
    }
}

impl FromRequestParts<SharedApp> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Error> {
        let invocation = Invocation::from_request_parts(parts, app).await?;
        let peppers = configured(&app.config.peppers)?;
        let key = presented_key(&parts.headers)?;
        let presented = Presented::of(parts);
        let caller = Self(Arc::new(Shown {
            key_hashes: peppers.iter().map(|pepper| hash(key, pepper)).collect(),
            ip: invocation.client_ip,
            domain: domain(&parts.headers),
            user_agent: user_agent(&parts.headers),
            request_id: request_id(parts),
            asked: AtomicBool::new(false),
            presented: presented.clone(),
        }));
        if let Some(presented) = presented {
            parts.extensions.insert(presented);
        }
        if let Some(known) = parts.extensions.get::<KnownCaller>() {
            known.set(caller.clone(), app.clone());
        }
        Ok(caller)
    }
}

/// Whoever calls without a key: what the audit trail keeps of them.
#[derive(Clone, Debug, Serialize)]
pub struct Visitor {
    /// The client's address, as the platform vouches for it.
    pub ip: Option<IpAddr>,
    /// Cut to 256 bytes.
    pub user_agent: Option<String>,
    /// The request's name.
    pub request_id: String,
}

impl Visitor {
    /// Calls an SQL function for this visitor: the one database call of an endpoint. `arguments` is an object; `caller`
    /// is added to it.
    ///
    /// # Errors
    /// The function's refusals, `service_unavailable`.
    pub async fn rpc<T: DeserializeOwned>(
        &self,
        app: &App,
        function: &'static str,
        mut arguments: Value,
    ) -> Result<T, Error> {
        arguments["caller"] = json!(self);
        Ok(app.supabase()?.rpc(function, &arguments).await?)
    }
}

impl FromRequestParts<SharedApp> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Error> {
        let invocation = Invocation::from_request_parts(parts, app).await?;
        Ok(Self { ip: invocation.client_ip, user_agent: user_agent(&parts.headers), request_id: request_id(parts) })
    }
}

fn request_id(parts: &Parts) -> String {
    parts.extensions.get::<RequestId>().map(ToString::to_string).unwrap_or_default()
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    text(headers, header::USER_AGENT).map(|agent| cut(&without_keys(agent), USER_AGENT_LENGTH).to_owned())
}

/// The key from `Authorization`, else from `x-api-key`, as Anthropic's clients send it, else from `api-key`, as Azure's
/// do. A client that is made for one of them fills the others with `undefined`, `dummy` or another service's key, so the
/// first that can be a key counts.
fn presented_key(headers: &HeaderMap) -> Result<&str, Code> {
    let named = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::trim);
    let shown = [authorization(headers), named("x-api-key"), named("api-key")];
    let mut shown = shown.into_iter().flatten().filter(|key| !key.is_empty()).peekable();
    shown.peek().ok_or(Code::MissingApiKey)?;
    shown.find(|key| is_well_formed(key)).ok_or(Code::InvalidApiKey)
}

/// The token of `Authorization: Bearer` or `Token`, or a key without any such word.
fn authorization(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    match value.split_once(' ') {
        Some((scheme, token)) => {
            ["bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(token.trim())
        }
        None => is_well_formed(value).then_some(value),
    }
}

/// The token of `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn domain(headers: &HeaderMap) -> Option<String> {
    let host = |name| text(headers, name)?.parse::<Uri>().ok()?.host().map(str::to_ascii_lowercase);
    host(header::ORIGIN).or_else(|| host(header::REFERER))
}

/// A header's text, if it is one that Postgres can hold.
pub(crate) fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The longest head of `text` that has at most `bytes` bytes.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().expect("name"), value.parse().expect("value"))).collect()
    }

    #[test]
    fn the_first_header_with_what_can_be_a_key_counts() {
        let (a, b) = (format!("gw_live_{}", "a".repeat(43)), format!("gw_live_{}", "b".repeat(43)));
        let bearer = |key: &str| format!("Bearer {key}");
        for (shown, key) in [
            (vec![("authorization", format!("bearer  {a} ")), ("x-api-key", b.clone())], Ok(&a)),
            (vec![("authorization", format!("Token {a}"))], Ok(&a)),
            (vec![("authorization", a.clone())], Ok(&a)),
            (vec![("authorization", "Basic dTpw".to_owned()), ("x-api-key", b.clone())], Ok(&b)),
            (vec![("api-key", b.clone())], Ok(&b)),
            (vec![("authorization", bearer("undefined")), ("x-api-key", b.clone())], Ok(&b)),
            (vec![("authorization", bearer("null")), ("api-key", b.clone())], Ok(&b)),
            (vec![("authorization", bearer("sk-abc")), ("x-api-key", "dummy".to_owned())], Err(Code::InvalidApiKey)),
            (vec![("authorization", "Bearer ".to_owned())], Err(Code::MissingApiKey)),
            (vec![("authorization", "Basic dTpw".to_owned())], Err(Code::MissingApiKey)),
        ] {
            let shown: Vec<_> = shown.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(presented_key(&headers(&shown)), key.map(String::as_str), "{shown:?}");
        }
    }

    #[test]
    fn the_origin_names_the_domain_else_the_referer() {
        let both = headers(&[("origin", "https://App.Example:8443"), ("referer", "https://other.example/x")]);
        assert_eq!(domain(&both).as_deref(), Some("app.example"));
        assert_eq!(domain(&headers(&[("referer", "https://a.b/x?y")])).as_deref(), Some("a.b"));
        assert_eq!(domain(&headers(&[("origin", "null")])).as_deref(), Some("null"));
    }
}
