//! `/v1/auth/keys`: an app gets the key that its user has agreed to.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_key::NewKey;
use crate::app::SharedApp;
use crate::caller::Visitor;
use crate::config::configured;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::{Code, Result};
use crate::sign_in::pkce::{ChallengeMethod, code_hash};
use crate::supabase::unless_refused;

/// The longest code or verifier that is looked at, in bytes.
const LONGEST: usize = 256;

/// A code and what proves whose it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"code": "auth_code_…", "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "code_challenge_method": "S256"})))]
pub struct CodeExchange {
    /// The code that the user came back with.
    code: String,
    /// What the code's challenge was made of.
    #[serde(default)]
    code_verifier: Option<String>,
    /// How it was made.
    #[serde(default)]
    code_challenge_method: Option<ChallengeMethod>,
}

/// An app's key.
#[derive(ToSchema)]
pub struct ExchangedKey {
    /// The key itself, shown this once.
    pub key: String,
    /// The account of the user who agreed.
    pub user_id: Uuid,
}

/// `POST /v1/auth/keys`: makes the key, once. A wrong verifier ends the code, too.
///
/// # Errors
/// 403 `invalid_auth_code`, whatever is wrong with a code or its verifier; 409 `too_many_api_keys`.
#[utoipa::path(post, path = "/v1/auth/keys", tag = "openrouter", request_body = CodeExchange, responses(
    (status = 200, body = ExchangedKey),
    (status = 403, description = "`invalid_auth_code`"),
    (status = 409, description = "`too_many_api_keys`")))]
pub async fn create(State(app): State<SharedApp>, visitor: Visitor, input: Input<CodeExchange>) -> Result<Response> {
    let CodeExchange { code, code_verifier, code_challenge_method } = input.body;
    let verifier = code_verifier.unwrap_or_default();
    if code.len() > LONGEST || verifier.len() > LONGEST {
        return Err(Code::InvalidAuthCode.into());
    }
    let peppers = configured(&app.config.peppers)?;
    // The pepper may have changed since the user agreed.
    let code_hashes: Vec<String> = peppers.iter().map(|pepper| code_hash(&code, pepper)).collect();
    let answers: HashMap<&str, String> = [ChallengeMethod::S256, ChallengeMethod::Plain]
        .into_iter()
        .map(|method| (method.as_str(), method.challenge(&verifier)))
        .collect();
    let request = json!({ "code_hashes": code_hashes, "answers": answers, "method": code_challenge_method });
    let key = NewKey::generate(app.config.key_environment(), "An app's key".to_owned(), peppers)?;
    let arguments = json!({ "request": request, "stored": key.stored });
    let told: Box<RawValue> = visitor.rpc(&app, "exchange_auth_code", arguments).await?;
    let shown = answer::show_secret(&unless_refused(told)?, "key", &key.secret)?;
    Ok(answer::private(&shown))
}
