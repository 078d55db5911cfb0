//! `/user/provider-keys`: own keys at the providers. Calls with them cost nothing here; none is ever shown again.

use std::borrow::Cow;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Input, Name, Params, check_name};
use crate::error::{Error, Result};
use crate::keyring;
use crate::providers::Provider;
use crate::providers::table::PROVIDERS;

/// The shortest and the longest key that is taken for one, in characters.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 16..=512;

/// Where one can have an account of one's own: any provider but the operator's own servers, which would take any key for one.
#[derive(Clone, Copy, Debug)]
pub struct OwnProvider(&'static Provider);

impl OwnProvider {
    fn all() -> impl Iterator<Item = &'static Provider> {
        PROVIDERS.iter().filter(|provider| !provider.quirks.self_hosted)
    }
}

impl<'de> Deserialize<'de> for OwnProvider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let name = Cow::<'_, str>::deserialize(deserializer)?;
        let known = Self::all().find(|provider| provider.name == name).map(Self);
        known.ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(|provider| provider.name).collect();
            D::Error::custom(format!("not one of {}", names.join(", ")))
        })
    }
}

impl Serialize for OwnProvider {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}

impl PartialSchema for OwnProvider {
    fn schema() -> RefOr<Schema> {
        let names = Self::all().map(|provider| provider.name);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
    }
}

impl ToSchema for OwnProvider {}

/// A key to be kept; it replaces the one before.
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
}

/// Which key.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WhichProviderKey {
    /// Whose key it is.
    #[param(inline)]
    provider: OwnProvider,
}

/// A key as it is kept.
#[derive(ToSchema)]
pub struct ProviderKey {
    /// `provider_key`.
    pub object: String,
    /// Whose key it is.
    pub provider: OwnProvider,
    /// Its name.
    #[schema(required)]
    pub name: Option<String>,
    /// How it ends.
    pub last_four: String,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When a call last used it.
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
}

/// That a key is gone.
#[derive(ToSchema)]
pub struct DeletedProviderKey {
    /// `provider_key`.
    pub object: String,
    /// Whose key it was.
    pub provider: OwnProvider,
    /// True.
    pub deleted: bool,
}

/// `POST /user/provider-keys`: keeps an own key at a provider, in place of the one before.
///
/// # Errors
/// The refusals of key validation; 400 for what cannot be a key; 503 without a keyring.
#[utoipa::path(post, path = "/user/provider-keys", tag = "account", request_body = NewProviderKey,
    responses((status = 200, body = ProviderKey)))]
pub async fn set(State(app): State<SharedApp>, caller: Caller, input: Input<NewProviderKey>) -> Result<Response> {
    let NewProviderKey { provider, api_key, name } = input.body;
    if !KEY_LENGTH.contains(&api_key.len()) || !api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid("api_key", "`api_key` is a key as the provider gave it, 16 to 512 characters."));
    }
    check_name("name", name.as_deref())?;
    let sealed = keyring::seal(&app, &api_key)?;
    let request = json!({
        "provider": provider, "name": name, "last_four": &api_key[api_key.len() - 4..],
        "ciphertext": sealed.ciphertext, "version": sealed.version,
    });
    let kept: Box<RawValue> = caller.rpc(&app, "set_provider_key", json!({ "request": request })).await?;
    Ok(answer::private(&kept))
}

/// `GET /user/provider-keys`: the own keys at providers, none of which is shown again.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/provider-keys", tag = "account", responses((status = 200, body = Page<ProviderKey>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let keys: Box<RawValue> = caller.rpc(&app, "list_provider_keys", json!({})).await?;
    Ok(answer::private(&keys))
}

/// `DELETE /user/provider-keys?provider=…`: forgets an own key. From the next call on the gateway's account serves.
///
/// # Errors
/// The refusals of key validation; 404 `provider_key_not_found`.
#[utoipa::path(delete, path = "/user/provider-keys", tag = "account", params(WhichProviderKey),
    responses((status = 200, body = DeletedProviderKey), (status = 404, description = "`provider_key_not_found`")))]
pub async fn delete(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(which): Params<WhichProviderKey>,
) -> Result<Response> {
    let gone: Box<RawValue> = caller.rpc(&app, "delete_provider_key", json!({ "provider": which.provider })).await?;
    Ok(answer::private(&gone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_can_have_a_key_of_ones_own_at_every_provider_but_at_no_server_of_the_operators() {
        for provider in PROVIDERS {
            let read = serde_json::from_value::<OwnProvider>(json!(provider.name));
            assert_eq!(read.is_ok(), !provider.quirks.self_hosted, "{}", provider.name);
        }
    }
}
