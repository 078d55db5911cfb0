//! Who calls: what a request shows of itself, as the database's key validation takes it.
//!
//! The key itself goes no further than this module; everything else sees its hash.

mod headers;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use uuid::Uuid;

use crate::answer_cache::{self, Asked};
use crate::api_key::hash;
use crate::app::{App, SharedApp};
use crate::config::configured;
use crate::error::{Code, Error};
use crate::idempotency::{Idempotency, Presented};
use crate::request_id::RequestId;
use crate::serve::Invocation;
use crate::supabase::only_reads;
use crate::traces::TraceContext;

pub(crate) use headers::{bearer, text};
use headers::{domain, presented_key, user_agent};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// The host of `Origin`, else of `Referer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Cut to 256 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The request's name.
    pub request_id: String,
    /// The same, if it was made here.
    #[serde(skip)]
    own_id: Option<Uuid>,
    /// Whether the database has been asked in this caller's name.
    #[serde(skip)]
    asked: AtomicBool,
    /// The Idempotency-Key that came with the request.
    #[serde(skip)]
    presented: Option<Presented>,
    /// What it asks of the cache of answers.
    #[serde(skip)]
    cached: Option<answer_cache::Presented>,
    /// The place in a trace that came with it, where traces are asked for.
    #[serde(skip)]
    trace_parent: Option<TraceContext>,
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

    /// What the request asks of the cache of answers, if it does and stands for a body.
    ///
    /// # Errors
    /// 400 when it is none.
    pub(crate) fn asks_the_cache(&self) -> Result<Option<Asked>, Error> {
        self.cached.as_ref().map_or(Ok(None), answer_cache::Presented::read)
    }

    /// What it asks of the cache where it does not say so itself, of a key that has answers kept for so long.
    pub(crate) fn asks_the_cache_by_default(&self, life: Duration) -> Option<Asked> {
        self.cached.as_ref().and_then(|presented| presented.by_default(life))
    }

    /// The place in a trace that the request is a part of, as its caller tells it; none where nobody asks for traces.
    pub(crate) fn trace_parent(&self) -> Option<TraceContext> {
        self.trace_parent
    }

    /// The id of the one call that the request makes: the request's own, so that one name leads to both. What a caller has chosen is no id
    /// of ours, and may come twice: then a new one, each time that it is asked for.
    pub(crate) fn call_id(&self) -> Uuid {
        self.own_id.unwrap_or_else(Uuid::now_v7)
    }

    /// The request's name, unless it is the id of its call, beside which it need not be kept.
    pub(crate) fn name_beside(&self, call_id: Uuid) -> Option<&str> {
        (self.own_id != Some(call_id)).then_some(&self.request_id)
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
                if !only_reads(function) {
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
                | Code::ApiKeyDisabled
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
        let cached = answer_cache::Presented::of(parts);
        let caller = Self(Arc::new(Shown {
            key_hashes: peppers.iter().map(|pepper| hash(key, pepper)).collect(),
            ip: invocation.client_ip,
            domain: domain(&parts.headers),
            user_agent: user_agent(&parts.headers),
            request_id: request_id(parts),
            own_id: parts.extensions.get().and_then(RequestId::own),
            asked: AtomicBool::new(false),
            presented: presented.clone(),
            cached: cached.clone(),
            trace_parent: app.traces.as_ref().and_then(|_| TraceContext::of_caller(&parts.headers)),
        }));
        if let Some(presented) = presented {
            parts.extensions.insert(presented);
        }
        if let Some(cached) = cached {
            parts.extensions.insert(cached);
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
