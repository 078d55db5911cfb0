//! `/v1/byok/{id}`: one own key at a provider.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::byok::{ByokKeyAnswer, check_users, shown};
use super::key_of_account::DeletedKey;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::api_keys::ModelPattern;
use crate::endpoints::input::{Input, Name, named_id};
use crate::endpoints::members::{given, not_null};
use crate::endpoints::provider_keys::one::update;
use crate::endpoints::provider_keys::{KeySettings, ProviderKey};
use crate::error::Result;

/// What is to be changed; what is absent stays, null clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
#[schema(examples(json!({"disabled": true}), json!({"name": "Production", "is_fallback": true})))]
pub struct ByokChange {
    /// Another key in its place, at the same provider.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = String, required = false, min_length = 16, max_length = 512, pattern = "^[!-~]{16,512}$")]
    key: Option<String>,
    /// A name for it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>)]
    name: Option<Option<String>>,
    /// Whether it is left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = bool, required = false)]
    disabled: Option<bool>,
    /// Whether it is asked behind all keys that are none.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = bool, required = false)]
    is_fallback: Option<bool>,
    /// The models that it is used for; null: all.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<ModelPattern>>, max_items = 100)]
    allowed_models: Option<Option<Vec<String>>>,
    /// The API keys whose calls use it; null: all.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 100)]
    allowed_api_key_hashes: Option<Option<Vec<Uuid>>>,
    /// null: an account has one user.
    #[schema(max_items = 0)]
    allowed_user_ids: Option<Vec<String>>,
}

/// `GET /v1/byok/{id}`: Shows a key, not the key itself.
///
/// # Errors
/// The refusals of key validation; 404 `provider_key_not_found`.
#[utoipa::path(get, path = "/v1/byok/{id}", tag = "openrouter",
    params(("id" = Uuid, Path, description = "The key.")),
    responses((status = 200, body = ByokKeyAnswer), (status = 404, description = "`provider_key_not_found`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let key: ProviderKey = caller.rpc(&app, "get_provider_key", json!({ "target": named_id(&id) })).await?;
    Ok(answer::private(&shown(&ByokKeyAnswer { data: key.into() })?))
}

/// `PATCH /v1/byok/{id}`: Changes a key, or puts another in its place, from the next request on.
///
/// # Errors
/// The refusals of key validation; 400 for what cannot be a key; 404 `provider_key_not_found`; 503 without a keyring.
#[utoipa::path(patch, path = "/v1/byok/{id}", tag = "openrouter", request_body = ByokChange,
    params(("id" = Uuid, Path, description = "The key.")),
    responses((status = 200, body = ByokKeyAnswer), (status = 404, description = "`provider_key_not_found`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<ByokChange>,
) -> Result<Response> {
    let changes = input.body;
    check_users(changes.allowed_user_ids.as_deref())?;
    let settings = KeySettings {
        name: changes.name,
        is_fallback: changes.is_fallback,
        allowed_models: changes.allowed_models,
        allowed_keys: changes.allowed_api_key_hashes,
        disabled: changes.disabled,
        ..KeySettings::default()
    };
    let kept = update(&app, &caller, &id, settings, ("key", changes.key)).await?;
    let key: ProviderKey = serde_json::from_str(kept.get()).map_err(|error| answer::malformed(&error))?;
    Ok(answer::private(&shown(&ByokKeyAnswer { data: key.into() })?))
}

/// `DELETE /v1/byok/{id}`: Forgets a key.
///
/// # Errors
/// The refusals of key validation; 404 `provider_key_not_found`.
#[utoipa::path(delete, path = "/v1/byok/{id}", tag = "openrouter",
    params(("id" = Uuid, Path, description = "The key.")),
    responses((status = 200, body = DeletedKey), (status = 404, description = "`provider_key_not_found`")))]
pub async fn delete(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let _: IgnoredAny = caller.rpc(&app, "remove_provider_key", json!({ "target": named_id(&id) })).await?;
    Ok(answer::private(&shown(&json!({ "deleted": true }))?))
}
