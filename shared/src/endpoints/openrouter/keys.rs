//! `/v1/keys`: keys that a backend makes for its own customers, each with a limit of its own.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::{LimitReset, ProvisionedKey};
use crate::api_key::NewKey;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::config::configured;
use crate::endpoints::answer;
use crate::endpoints::api_keys::{SpendPeriod, check_amount};
use crate::endpoints::input::{IdempotencyKey, Input, Name, Params, check_name};
use crate::error::{Error, Result};
use crate::money::Nanos;

/// What such a key may do: call models, and see which there are.
const SCOPES: [&str; 2] = ["inference", "models:read"];

/// The most entries that can be left out.
const FURTHEST: u32 = 1_000_000;

/// Which of the keys.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ProvisionedKeyQuery {
    /// How many of the newest to leave out.
    #[param(minimum = 0, maximum = 1_000_000)]
    offset: Option<u32>,
    /// Whether those that cannot be used at the moment are shown, too.
    include_disabled: Option<bool>,
    /// The account, or nothing.
    #[serde(rename = "workspace_id")]
    _workspace_id: Option<String>,
}

/// The key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"name": "customer 17", "limit": 20, "limit_reset": "monthly"})))]
pub struct NewProvisionedKey {
    /// What it is called.
    #[schema(value_type = Name)]
    name: String,
    /// What it may spend, in US dollars; as much as the account has if absent.
    #[schema(value_type = Option<f64>, minimum = 0.000_000_001, maximum = 1_000_000_000)]
    limit: Option<Nanos>,
    /// When that counts anew; never if absent.
    limit_reset: Option<LimitReset>,
    /// When it expires.
    #[schema(value_type = Option<String>, format = "date-time")]
    expires_at: Option<Timestamp>,
    /// `false`: what own keys at providers are used for cannot be counted.
    #[schema(default = false)]
    include_byok_in_limit: Option<bool>,
    /// Changes nothing.
    #[serde(rename = "creator_user_id")]
    _creator_user_id: Option<String>,
    /// Changes nothing.
    #[serde(rename = "workspace_id")]
    _workspace_id: Option<String>,
}

/// The key that was made.
#[derive(ToSchema)]
pub struct MadeProvisionedKey {
    /// What is kept of it.
    pub data: ProvisionedKey,
    /// The key itself, shown this once; null in an answer that is repeated.
    #[schema(required)]
    pub key: Option<String>,
    /// Whether this is the repeated answer of an earlier request.
    pub replayed: bool,
}

/// Keys.
#[derive(ToSchema)]
pub struct ProvisionedKeys {
    /// A hundred of them at most, the newest first.
    pub data: Vec<ProvisionedKey>,
}

/// `POST /v1/keys`: Makes a key that may call models and nothing else, and shows it this once. With `Idempotency-Key` it is safe to
/// repeat.
///
/// # Errors
/// The refusals of key validation; 403 `insufficient_scope` where the calling key may not call models itself; 409
/// `too_many_api_keys`.
#[utoipa::path(post, path = "/v1/keys", tag = "openrouter", request_body = NewProvisionedKey, params(IdempotencyKey),
    responses(
        (status = 201, body = MadeProvisionedKey),
        (status = 409, description = "`too_many_api_keys`, `idempotency_conflict`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewProvisionedKey>) -> Result<Response> {
    let Input { body, idempotency } = input;
    check_name("name", Some(&body.name))?;
    check_byok(body.include_byok_in_limit)?;
    let settings = key_settings(&body.name, body.limit, body.limit_reset, body.expires_at)?;
    let key = NewKey::generate(app.config.key_environment(), body.name, configured(&app.config.peppers)?)?;
    let arguments = json!({ "stored": key.stored, "settings": settings, "idempotency": idempotency });
    let made: Box<RawValue> = caller.rpc(&app, "create_provisioned_key", arguments).await?;
    let shown = answer::show_secret(&made, "key", &key.secret)?;
    Ok((StatusCode::CREATED, answer::private(&shown)).into_response())
}

/// `GET /v1/keys`: Lists the account's keys, a hundred at a time.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/v1/keys", tag = "openrouter", params(ProvisionedKeyQuery),
    responses((status = 200, body = ProvisionedKeys)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<ProvisionedKeyQuery>,
) -> Result<Response> {
    if query.offset.is_some_and(|offset| offset > FURTHEST) {
        return Err(Error::invalid("offset", format!("`offset` is a number from 0 to {FURTHEST}.")));
    }
    let query = json!({ "offset": query.offset, "include_disabled": query.include_disabled });
    let keys: Box<RawValue> = caller.rpc(&app, "list_provisioned_keys", json!({ "query": query })).await?;
    Ok(answer::private(&keys))
}

/// The settings, in the database's words, of a key that may call models, see which there are, and spend so much.
///
/// # Errors
/// 400 for an amount or a time that cannot be.
pub fn key_settings(
    name: &str,
    limit: Option<Nanos>,
    reset: Option<LimitReset>,
    expires_at: Option<Timestamp>,
) -> Result<Value> {
    let mut settings = json!({ "name": name, "scopes": SCOPES });
    if let Some(limit) = limit {
        check_amount("limit", limit)?;
        settings["spend_limit"] = json!({ "amount": limit.0, "period": reset.map(SpendPeriod::from) });
    }
    if let Some(expires_at) = expires_at {
        if expires_at <= Timestamp::now() {
            return Err(Error::invalid("expires_at", "`expires_at` is in the past."));
        }
        settings["expires_at"] = json!(expires_at);
    }
    Ok(settings)
}

/// Refuses to count what cannot be counted.
///
/// # Errors
/// 400.
pub fn check_byok(wish: Option<bool>) -> Result<()> {
    if wish == Some(true) {
        let message = "What own keys at providers cost is not known here, so no limit can count it; leave it out.";
        return Err(Error::invalid("include_byok_in_limit", message));
    }
    Ok(())
}
