//! `/user/provider-keys/{id}`: one own key at a provider.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{KeySettings, OwnProvider, ProviderKey, seal};
use crate::app::{App, SharedApp};
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::api_keys::ModelPattern;
use crate::endpoints::input::{Input, Name, named_id};
use crate::endpoints::members::{given, not_null};
use crate::error::{Code, Error, Result};
use crate::integer::Integer;

/// What is to be changed; what is left out stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
#[schema(examples(json!({"priority": 1, "gateway_fallback": true}), json!({"disabled": true})))]
pub struct ProviderKeyChange {
    /// Another key in its place, at the same provider.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = String, required = false, min_length = 16, max_length = 512, pattern = "^[!-~]{16,512}$")]
    api_key: Option<String>,
    /// A name for it; null: none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    name: Option<Option<String>>,
    /// Its place in the order in which keys are asked, lowest first.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = u32, required = false, minimum = 0, maximum = 1_000_000)]
    priority: Option<Integer>,
    /// Whether it is asked behind all keys that are none.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = bool, required = false)]
    is_fallback: Option<bool>,
    /// Whether the gateway's own account may serve, and charge for, what this key cannot.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = bool, required = false)]
    gateway_fallback: Option<bool>,
    /// The models that it is used for; null: all.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<ModelPattern>>, max_items = 100)]
    allowed_models: Option<Option<Vec<String>>>,
    /// The ids of the API keys whose calls use it; null: all of the account's.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 100)]
    allowed_keys: Option<Option<Vec<Uuid>>>,
    /// Whether it is left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = bool, required = false)]
    disabled: Option<bool>,
}

/// That a key is gone.
#[derive(ToSchema)]
pub struct DeletedProviderKey {
    /// `provider_key`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// Whose key it was.
    pub provider: OwnProvider,
    /// True.
    pub deleted: bool,
}

/// `GET /user/provider-keys/{id}`: one own key at a provider.
///
/// # Errors
/// The refusals of key validation; 404 `provider_key_not_found`.
#[utoipa::path(get, path = "/user/provider-keys/{id}", tag = "account",
    params(("id" = Uuid, Path, description = "The key.")),
    responses((status = 200, body = ProviderKey), (status = 404, description = "`provider_key_not_found`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let key: Box<RawValue> = caller.rpc(&app, "get_provider_key", json!({ "target": named_id(&id) })).await?;
    Ok(answer::private(&key))
}

/// `PATCH /user/provider-keys/{id}`: changes what it is used for, puts another key in its place, or leaves it out.
///
/// # Errors
/// The refusals of key validation; 400 for what cannot be a key, or for API keys that are not the account's; 404
/// `provider_key_not_found`; 503 without a keyring.
#[utoipa::path(patch, path = "/user/provider-keys/{id}", tag = "account", request_body = ProviderKeyChange,
    params(("id" = Uuid, Path, description = "The key.")),
    responses((status = 200, body = ProviderKey), (status = 404, description = "`provider_key_not_found`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<ProviderKeyChange>,
) -> Result<Response> {
    let ProviderKeyChange {
        api_key,
        name,
        priority,
        is_fallback,
        gateway_fallback,
        allowed_models,
        allowed_keys,
        disabled,
    } = input.body;
    let settings =
        KeySettings { name, priority, is_fallback, gateway_fallback, allowed_models, allowed_keys, disabled };
    let key = update(&app, &caller, &id, settings, ("api_key", api_key)).await?;
    Ok(answer::private(&key))
}

/// Changes a key. The last argument is another one in its place, by what the request calls it.
///
/// # Errors
/// As of [`change`].
pub async fn update(
    app: &App,
    caller: &Caller,
    id: &str,
    settings: KeySettings,
    (member, key): (&'static str, Option<String>),
) -> Result<Box<RawValue>> {
    if settings == KeySettings::default() && key.is_none() {
        return Err(Error::new(Code::InvalidRequest).with_message("Name at least one thing to change."));
    }
    let mut changes = json!(settings.checked()?);
    if let Some(key) = key {
        changes["secret"] = seal(app, member, &key)?;
    }
    caller.rpc(app, "update_provider_key", json!({ "target": named_id(id), "settings": changes })).await
}

/// `DELETE /user/provider-keys/{id}`: forgets an own key.
///
/// # Errors
/// The refusals of key validation; 404 `provider_key_not_found`.
#[utoipa::path(delete, path = "/user/provider-keys/{id}", tag = "account",
    params(("id" = Uuid, Path, description = "The key.")),
    responses((status = 200, body = DeletedProviderKey), (status = 404, description = "`provider_key_not_found`")))]
pub async fn delete(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let gone: Box<RawValue> = caller.rpc(&app, "remove_provider_key", json!({ "target": named_id(&id) })).await?;
    Ok(answer::private(&gone))
}
