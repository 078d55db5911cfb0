//! `/v1/auth/keys/code`: a user agrees to a key for an app.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::LimitReset;
use super::keys::key_settings;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::config::configured;
use crate::endpoints::answer::{malformed, private};
use crate::endpoints::input::{Input, Name, check_name};
use crate::error::{Code, Error, Result};
use crate::money::Nanos;
use crate::sign_in::callback::Callback;
use crate::sign_in::pkce::{ChallengeMethod, code_hash, new_code};

/// What an app is called that does not say.
const NAMELESS: &str = "An app's key";

/// What the user agrees to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"callback_url": "https://app.example/back", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256", "key_label": "An app", "limit": 10})))]
pub struct NewAuthCode {
    /// Where the user goes with the code: https, or http on the user's own machine. Without it the user carries the code.
    #[schema(
        format = "uri",
        max_length = 2000,
        pattern = "^(https://|http://(localhost|127[.]0[.]0[.]1|\\[::1\\]))[!#-;=?-\\[\\]-~]+$"
    )]
    callback_url: Option<String>,
    /// The challenge of the app's secret: whoever exchanges the code must know that.
    #[schema(min_length = 43, max_length = 128, pattern = "^[A-Za-z0-9._~-]{43,128}$")]
    code_challenge: String,
    /// How it is made of the secret.
    #[schema(default = "S256")]
    code_challenge_method: Option<ChallengeMethod>,
    /// What the key is called.
    #[schema(value_type = Option<Name>)]
    key_label: Option<String>,
    /// What the key may spend, in US dollars.
    #[schema(value_type = f64, minimum = 0.000_000_001, maximum = 1_000_000_000)]
    limit: Nanos,
    /// When that counts anew; never if absent.
    usage_limit_type: Option<LimitReset>,
    /// When the key expires.
    #[schema(value_type = Option<String>, format = "date-time")]
    expires_at: Option<Timestamp>,
    /// Changes nothing.
    #[serde(rename = "workspace_id")]
    _workspace_id: Option<String>,
}

/// A code.
#[derive(ToSchema)]
pub struct AuthCodeAnswer {
    /// The code.
    pub data: AuthCode,
}

/// What an app exchanges for its key.
#[derive(ToSchema)]
pub struct AuthCode {
    /// The code itself, good for one use.
    pub id: String,
    /// 0: apps are known by their address.
    pub app_id: i64,
    /// Now.
    pub created_at: Timestamp,
    /// When it ends: in ten minutes.
    pub expires_at: Timestamp,
}

#[derive(Deserialize)]
struct Kept {
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// `POST /v1/auth/keys/code`: what the page at `GET /auth` asks for once its user agrees. The key that the code becomes may call
/// models and see which there are, up to its limit.
///
/// # Errors
/// The refusals of key validation; 400 for an address or a challenge that cannot be one; 403 `insufficient_scope` where the calling
/// key may not call models itself; 429 `too_many_attempts`.
#[utoipa::path(post, path = "/v1/auth/keys/code", tag = "openrouter", request_body = NewAuthCode, responses(
    (status = 200, body = AuthCodeAnswer),
    (status = 429, description = "`too_many_attempts`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewAuthCode>) -> Result<Response> {
    let body = input.body;
    let callback = body.callback_url.as_deref().map(Callback::read).transpose()?;
    let method = body.code_challenge_method.unwrap_or_default();
    method.check(&body.code_challenge)?;
    let name = body.key_label.unwrap_or_else(|| NAMELESS.to_owned());
    check_name("key_label", Some(&name))?;
    let settings = key_settings(&name, Some(body.limit), body.usage_limit_type, body.expires_at)?;
    let code = new_code()?;
    let pepper = configured(&app.config.peppers)?.first().ok_or_else(|| Error::new(Code::NotConfigured))?;
    let request = json!({
        "code_hash": code_hash(&code, pepper), "challenge": body.code_challenge, "method": method,
        "site": callback.map(|callback| callback.site), "settings": settings,
    });
    let kept: Kept = caller.rpc(&app, "create_auth_code", json!({ "request": request })).await?;
    let told = json!({
        "data": { "id": code, "app_id": 0, "created_at": kept.created_at, "expires_at": kept.expires_at },
    });
    Ok(private(&serde_json::value::to_raw_value(&told).map_err(|error| malformed(&error))?))
}
