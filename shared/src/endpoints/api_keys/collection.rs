//! `/user/api-keys`: new keys, each shown this once, and the list of all.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::settings::NewApiKey;
use super::shown::MadeApiKey;
use super::{ApiKey, key_cursor};
use crate::api_key::NewKey;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::config::configured;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{IdempotencyKey, Input, Params, page_size};
use crate::error::{Error, Result};
use crate::key_environment::KeyEnvironment;

/// Which keys, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct KeyQuery {
    /// What they are for.
    environment: Option<KeyEnvironment>,
    /// Whether they can be used.
    #[param(inline, default = "all")]
    status: Option<KeyStatusFilter>,
    /// Keys a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(format = "uuid")]
    cursor: Option<String>,
}

/// The status of the keys that are wanted.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyStatusFilter {
    /// Those that can be used.
    Active,
    /// Those that their owner has ended.
    Revoked,
    /// Those whose time is over.
    Expired,
    /// Those that their owner does not let be used at the moment.
    Disabled,
    /// Every key.
    #[default]
    All,
}

/// `POST /user/api-keys`: makes a key, which is shown this once. With `Idempotency-Key` it is safe to repeat.
///
/// # Errors
/// The refusals of key validation; 403 `insufficient_scope` for scopes that the caller has not itself; 409
/// `too_many_api_keys`.
#[utoipa::path(post, path = "/user/api-keys", tag = "keys", request_body = NewApiKey, params(IdempotencyKey),
    responses(
        (status = 200, body = MadeApiKey),
        (status = 409, description = "`too_many_api_keys`, `idempotency_conflict`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewApiKey>) -> Result<Response> {
    let Input { body, idempotency } = input;
    let (environment, settings) = body.split();
    let settings = settings.checked()?;
    let environment = environment.unwrap_or_else(|| app.config.key_environment());
    if !app.config.makes_keys_of(environment) {
        return Err(Error::invalid("environment", "A preview deployment makes `test` keys only."));
    }
    let key = NewKey::generate(environment, settings.name(), configured(&app.config.peppers)?)?;
    let arguments = json!({ "stored": key.stored, "settings": settings, "idempotency": idempotency });
    let made: Box<RawValue> = caller.rpc(&app, "create_api_key", arguments).await?;
    Ok(answer::private(&answer::show_key(&made, &key.secret)?))
}

/// `GET /user/api-keys`: the account's keys, newest first.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/user/api-keys", tag = "keys", params(KeyQuery),
    responses((status = 200, body = Page<ApiKey>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller, Params(query): Params<KeyQuery>) -> Result<Response> {
    let query = json!({
        "environment": query.environment,
        "status": query.status.unwrap_or_default(),
        "limit": page_size(query.limit, None, 100)?,
        "cursor": key_cursor(query.cursor.as_deref())?,
    });
    let keys: Box<RawValue> = caller.rpc(&app, "list_api_keys", json!({ "query": query })).await?;
    Ok(answer::private(&keys))
}
