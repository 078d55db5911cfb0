//! `/v1/byok`: own keys at the providers, as OpenRouter's management API has them.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::api_keys::ModelPattern;
use crate::endpoints::input::{Input, Name, Params};
use crate::endpoints::provider_keys::{KeySettings, OwnProvider, ProviderKey, seal};
use crate::error::{Error, Result};

/// The most entries of a list, and the most that can be left out.
const MOST: u32 = 1_000_000;

/// An own key at a provider, as OpenRouter's management API has it.
#[derive(Serialize, ToSchema)]
pub struct ByokKey {
    /// Its id.
    pub id: Uuid,
    /// Whose key it is.
    #[schema(value_type = OwnProvider)]
    pub provider: String,
    /// How it ends.
    pub label: String,
    /// Its name.
    #[schema(required)]
    pub name: Option<String>,
    /// Whether it is left out.
    pub disabled: bool,
    /// Whether it is asked behind all keys that are none.
    pub is_fallback: bool,
    /// Its place in the order in which keys are asked, lowest first.
    pub sort_order: u32,
    /// The models that it is used for; all of them if null.
    #[schema(required)]
    pub allowed_models: Option<Vec<String>>,
    /// The API keys whose calls use it, by what `GET /keys` calls their `hash`; all of them if null.
    #[schema(required)]
    pub allowed_api_key_hashes: Option<Vec<Uuid>>,
    /// null: an account has one user.
    #[schema(required)]
    pub allowed_user_ids: Option<Vec<String>>,
    /// null: an account has one workspace.
    #[schema(required)]
    pub workspace_id: Option<String>,
    /// When it was stored.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
}

impl From<ProviderKey> for ByokKey {
    fn from(key: ProviderKey) -> Self {
        Self {
            id: key.id,
            provider: key.provider,
            label: format!("...{}", key.last_four),
            name: key.name,
            disabled: key.disabled,
            is_fallback: key.is_fallback,
            sort_order: key.priority,
            allowed_models: Some(key.allowed_models).filter(|models| !models.is_empty()),
            allowed_api_key_hashes: Some(key.allowed_keys).filter(|keys| !keys.is_empty()),
            allowed_user_ids: None,
            workspace_id: None,
            created_at: key.created_at,
        }
    }
}

/// One of the keys.
#[derive(Serialize, ToSchema)]
pub struct ByokKeyAnswer {
    /// The key.
    pub data: ByokKey,
}

/// Keys.
#[derive(Serialize, ToSchema)]
pub struct ByokKeys {
    /// In the order in which they are asked.
    pub data: Vec<ByokKey>,
    /// How many there are.
    pub total_count: usize,
}

/// Which of the keys.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ByokQuery {
    /// How many to leave out.
    #[param(minimum = 0, maximum = 1_000_000)]
    offset: Option<u32>,
    /// How many at most.
    #[param(minimum = 1, maximum = 1_000_000)]
    limit: Option<u32>,
    /// Those at this provider.
    #[param(inline)]
    provider: Option<OwnProvider>,
    /// The account, or nothing.
    #[serde(rename = "workspace_id")]
    _workspace_id: Option<String>,
}

/// A key to be kept beside those that are there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"provider": "openai", "key": "sk-proj-0123456789abcdef", "name": "Production"})))]
pub struct NewByokKey {
    /// Whose key it is.
    provider: OwnProvider,
    /// The key itself.
    #[schema(min_length = 16, max_length = 512, pattern = "^[!-~]{16,512}$")]
    key: String,
    /// A name for it.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// Whether it is left out.
    #[schema(default = false)]
    disabled: Option<bool>,
    /// Whether it is asked behind all keys that are none.
    #[schema(default = false)]
    is_fallback: Option<bool>,
    /// The models that it is used for; all of them if null.
    #[schema(value_type = Option<Vec<ModelPattern>>, max_items = 100)]
    allowed_models: Option<Vec<String>>,
    /// The API keys whose calls use it, by what `GET /keys` calls their `hash`; all of them if null.
    #[schema(max_items = 100)]
    allowed_api_key_hashes: Option<Vec<Uuid>>,
    /// null: an account has one user.
    #[schema(max_items = 0)]
    allowed_user_ids: Option<Vec<String>>,
    /// Changes nothing.
    #[serde(rename = "workspace_id")]
    _workspace_id: Option<String>,
}

/// `POST /v1/byok`: Keeps an own key at a provider. An account has a hundred at most.
///
/// # Errors
/// The refusals of key validation; 400 for what cannot be a key; 409 `too_many_provider_keys`; 503 without a keyring.
#[utoipa::path(post, path = "/v1/byok", tag = "openrouter", request_body = NewByokKey, responses(
    (status = 201, body = ByokKeyAnswer), (status = 409, description = "`too_many_provider_keys`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewByokKey>) -> Result<Response> {
    let new = input.body;
    check_users(new.allowed_user_ids.as_deref())?;
    let provider = new.provider.name(app.config.rows)?;
    let secret = seal(&app, "key", &new.key)?;
    let settings = KeySettings {
        name: Some(new.name),
        is_fallback: new.is_fallback,
        allowed_models: new.allowed_models.map(Some),
        allowed_keys: new.allowed_api_key_hashes.map(Some),
        disabled: new.disabled,
        ..KeySettings::default()
    };
    let request =
        json!({ "provider": provider, "secret": secret, "additional": true, "settings": settings.checked()? });
    let kept: ProviderKey = caller.rpc(&app, "set_provider_key", json!({ "request": request })).await?;
    Ok((StatusCode::CREATED, answer::private(&shown(&ByokKeyAnswer { data: kept.into() })?)).into_response())
}

/// `GET /v1/byok`: Lists the own keys at providers, none of which is shown again.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/v1/byok", tag = "openrouter", params(ByokQuery), responses((status = 200, body = ByokKeys)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller, Params(query): Params<ByokQuery>) -> Result<Response> {
    #[derive(Deserialize)]
    struct Kept {
        data: Vec<ProviderKey>,
    }
    let (offset, limit) = (query.offset.unwrap_or(0), query.limit.unwrap_or(MOST));
    if offset > MOST || !(1..=MOST).contains(&limit) {
        let param = if offset > MOST { "offset" } else { "limit" };
        return Err(Error::invalid(param, format!("`{param}` is a number up to {MOST}.")));
    }
    let at = query.provider.map(|provider| provider.name(app.config.rows)).transpose()?;
    let kept: Kept = caller.rpc(&app, "list_provider_keys", json!({})).await?;
    let is_wanted = |key: &ProviderKey| at.is_none_or(|provider| provider == key.provider);
    let wanted: Vec<ProviderKey> = kept.data.into_iter().filter(is_wanted).collect();
    let total_count = wanted.len();
    let page = wanted.into_iter().skip(offset as usize).take(limit as usize).map(ByokKey::from);
    Ok(answer::private(&shown(&ByokKeys { data: page.collect(), total_count })?))
}

/// An answer as JSON.
///
/// # Errors
/// None in practice.
pub fn shown(answer: &impl Serialize) -> Result<Box<RawValue>> {
    to_raw_value(answer).map_err(|error| answer::malformed(&error))
}

/// Refuses to keep a key for some users of an account, which has one.
///
/// # Errors
/// 400.
pub fn check_users(ids: Option<&[String]>) -> Result<()> {
    if ids.is_none_or(<[String]>::is_empty) {
        return Ok(());
    }
    Err(Error::invalid("allowed_user_ids", "An account has one user here; name API keys in `allowed_api_key_hashes`."))
}
