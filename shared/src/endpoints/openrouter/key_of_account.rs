//! `/v1/keys/{hash}`: one of the account's keys.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::keys::check_byok;
use super::{LimitReset, ProvisionedKeyAnswer};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::api_keys::{SpendPeriod, check_amount};
use crate::endpoints::input::{Input, Name, check_name, named_id};
use crate::endpoints::members::{given, not_null};
use crate::error::{Code, Error, Result};
use crate::money::Nanos;

/// What is to be changed of a key: what is absent stays, null clears.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
#[schema(examples(json!({"disabled": true}), json!({"limit": 50})))]
pub struct ProvisionedKeyChanges {
    /// What it is called.
    #[schema(value_type = Name, required = false)]
    #[serde(default, deserialize_with = "not_null")]
    name: Option<String>,
    /// Whether it can be used.
    #[schema(value_type = bool, required = false)]
    #[serde(default, deserialize_with = "not_null")]
    disabled: Option<bool>,
    /// What it may spend, in US dollars.
    #[schema(value_type = Option<f64>, minimum = 0.000_000_001, maximum = 1_000_000_000)]
    #[serde(default, deserialize_with = "given")]
    limit: Option<Option<Nanos>>,
    /// When that counts anew.
    #[schema(value_type = Option<LimitReset>)]
    #[serde(default, deserialize_with = "given")]
    limit_reset: Option<Option<LimitReset>>,
    /// `false`: what own keys at providers are used for cannot be counted.
    #[schema(value_type = bool, required = false)]
    #[serde(default, deserialize_with = "not_null")]
    include_byok_in_limit: Option<bool>,
}

/// The changes as the database takes them.
#[derive(Default, PartialEq, Serialize)]
struct Changes {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Option<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<Option<SpendPeriod>>,
}

/// A key that was deleted.
#[derive(ToSchema)]
pub struct DeletedKey {
    /// `true`.
    pub deleted: bool,
}

/// `GET /v1/keys/{hash}`: Shows a key.
///
/// # Errors
/// The refusals of key validation; 404 `api_key_not_found`.
#[utoipa::path(get, path = "/v1/keys/{hash}", tag = "openrouter",
    params(("hash" = Uuid, Path, description = "The key's `hash`, which is its id.")),
    responses((status = 200, body = ProvisionedKeyAnswer), (status = 404, description = "`api_key_not_found`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(hash): Path<String>) -> Result<Response> {
    let key: Box<RawValue> = caller.rpc(&app, "get_provisioned_key", json!({ "target": named_id(&hash) })).await?;
    Ok(answer::private(&key))
}

/// `PATCH /v1/keys/{hash}`: Changes a key, from the next request on.
///
/// # Errors
/// The refusals of key validation; 404 `api_key_not_found`; 409 `api_key_inactive`.
#[utoipa::path(patch, path = "/v1/keys/{hash}", tag = "openrouter", request_body = ProvisionedKeyChanges,
    params(("hash" = Uuid, Path, description = "The key's `hash`, which is its id.")),
    responses(
        (status = 200, body = ProvisionedKeyAnswer),
        (status = 404, description = "`api_key_not_found`"),
        (status = 409, description = "`api_key_inactive`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(hash): Path<String>,
    input: Input<ProvisionedKeyChanges>,
) -> Result<Response> {
    let body = input.body;
    check_name("name", body.name.as_deref())?;
    check_byok(body.include_byok_in_limit)?;
    if let Some(Some(limit)) = body.limit {
        check_amount("limit", limit)?;
    }
    let changes = Changes {
        name: body.name,
        disabled: body.disabled,
        limit: body.limit.map(|limit| limit.map(|Nanos(nanos)| nanos)),
        period: body.limit_reset.map(|reset| reset.map(SpendPeriod::from)),
    };
    if changes == Changes::default() && body.include_byok_in_limit.is_none() {
        return Err(Error::new(Code::InvalidRequest).with_message("Name at least one setting to change."));
    }
    let arguments = json!({ "target": named_id(&hash), "changes": changes });
    let key: Box<RawValue> = caller.rpc(&app, "change_provisioned_key", arguments).await?;
    Ok(answer::private(&key))
}

/// `DELETE /v1/keys/{hash}`: Revokes a key for good.
///
/// # Errors
/// The refusals of key validation; 404 `api_key_not_found`.
#[utoipa::path(delete, path = "/v1/keys/{hash}", tag = "openrouter",
    params(("hash" = Uuid, Path, description = "The key's `hash`, which is its id.")),
    responses((status = 200, body = DeletedKey), (status = 404, description = "`api_key_not_found`")))]
pub async fn delete(State(app): State<SharedApp>, caller: Caller, Path(hash): Path<String>) -> Result<Response> {
    let gone: Box<RawValue> = caller.rpc(&app, "delete_provisioned_key", json!({ "target": named_id(&hash) })).await?;
    Ok(answer::private(&gone))
}
