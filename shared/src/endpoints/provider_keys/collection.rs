//! `/user/provider-keys`: keeps, lists and forgets own keys at the providers.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{KeySettings, OwnProvider, ProviderKey, seal};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::api_keys::ModelPattern;
use crate::endpoints::input::{Input, Name, Params};
use crate::error::Result;
use crate::integer::Integer;

/// A key to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"provider": "openrouter", "api_key": "sk-or-v1-0123456789abcdef", "name": "ours"})))]
pub struct NewProviderKey {
    /// Whose key it is.
    provider: OwnProvider,
    /// The key itself.
    #[schema(min_length = 16, max_length = 512, pattern = "^[!-~]{16,512}$")]
    api_key: String,
    /// A name for it.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// Whether it is kept beside the account's others at this provider. Without it, it takes the place of the first of them, with that
    /// one's settings.
    #[schema(default = false)]
    additional: Option<bool>,
    /// Its place in the order in which keys are asked, lowest first; of the same, the one at the cheapest provider.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 1_000_000, default = 0)]
    priority: Option<Integer>,
    /// Whether it is asked behind all keys that are none.
    #[schema(default = false)]
    is_fallback: Option<bool>,
    /// Whether the gateway's own account may serve, and charge for, what this key cannot. It does if all keys that may serve a call say
    /// so.
    #[schema(default = false)]
    gateway_fallback: Option<bool>,
    /// The models that it is used for; all of them if this is empty.
    #[schema(value_type = Option<Vec<ModelPattern>>, max_items = 100)]
    allowed_models: Option<Vec<String>>,
    /// The ids of the API keys whose calls use it; all of the account's if this is empty.
    #[schema(max_items = 100)]
    allowed_keys: Option<Vec<Uuid>>,
}

/// Which keys.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WhichProviderKey {
    /// Whose they are.
    #[param(inline)]
    provider: OwnProvider,
}

/// That the keys at a provider are gone.
#[derive(ToSchema)]
pub struct DeletedProviderKeys {
    /// `provider_key`.
    pub object: String,
    /// Whose they were.
    pub provider: OwnProvider,
    /// True.
    pub deleted: bool,
}

/// `POST /user/provider-keys`: keeps an own key at a provider, in place of the first one there or, if it is `additional`, beside the
/// others. An account has a hundred at most.
///
/// # Errors
/// The refusals of key validation; 400 for what cannot be a key; 409 `too_many_provider_keys`; 503 without a keyring.
#[utoipa::path(post, path = "/user/provider-keys", tag = "account", request_body = NewProviderKey,
    responses((status = 200, body = ProviderKey), (status = 409, description = "`too_many_provider_keys`")))]
pub async fn set(State(app): State<SharedApp>, caller: Caller, input: Input<NewProviderKey>) -> Result<Response> {
    let new = input.body;
    let provider = new.provider.name(app.config.rows)?;
    let secret = seal(&app, "api_key", &new.api_key)?;
    let settings = KeySettings {
        name: Some(new.name),
        priority: new.priority,
        is_fallback: new.is_fallback,
        gateway_fallback: new.gateway_fallback,
        allowed_models: new.allowed_models.map(Some),
        allowed_keys: new.allowed_keys.map(Some),
        disabled: Some(false),
    };
    let request = json!({
        "provider": provider, "secret": secret, "additional": new.additional, "settings": settings.checked()?,
    });
    let kept: Box<RawValue> = caller.rpc(&app, "set_provider_key", json!({ "request": request })).await?;
    Ok(answer::private(&kept))
}

/// `GET /user/provider-keys`: the own keys at providers, in their order, none of which is shown again.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/provider-keys", tag = "account", responses((status = 200, body = Page<ProviderKey>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let keys: Box<RawValue> = caller.rpc(&app, "list_provider_keys", json!({})).await?;
    Ok(answer::private(&keys))
}

/// `DELETE /user/provider-keys?provider=…`: forgets all own keys at a provider. From the next call on the gateway's account serves.
///
/// # Errors
/// The refusals of key validation; 404 `provider_key_not_found`.
#[utoipa::path(delete, path = "/user/provider-keys", tag = "account", params(WhichProviderKey),
    responses((status = 200, body = DeletedProviderKeys), (status = 404, description = "`provider_key_not_found`")))]
pub async fn delete(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(which): Params<WhichProviderKey>,
) -> Result<Response> {
    let gone: Box<RawValue> =
        caller.rpc(&app, "delete_provider_key", json!({ "provider": which.provider.name(app.config.rows)? })).await?;
    Ok(answer::private(&gone))
}
