//! `/auth/verify`: signs in with a code that was mailed.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{SignedIn, new_key, signed_in};
use crate::app::SharedApp;
use crate::caller::Visitor;
use crate::config::configured;
use crate::email_address;
use crate::endpoints::input::Input;
use crate::error::{Error, Result};
use crate::sign_in::code::hash_for;

/// An address and the code that was mailed there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"email": "ann@example.com", "code": "271828"})))]
pub struct MailedCode {
    /// The address.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// The newest code, six digits.
    #[schema(pattern = "^[0-9]{6}$")]
    code: String,
}

/// `POST /auth/verify`: always issues a key.
///
/// # Errors
/// 401 `invalid_code`, whether it is wrong, too old, used or was never there; 429 `too_many_attempts` by network.
#[utoipa::path(post, path = "/auth/verify", tag = "sign-in", request_body = MailedCode, responses(
    (status = 200, body = SignedIn),
    (status = 401, description = "`invalid_code`"),
    (status = 403, description = "`account_disabled`"),
    (status = 429, description = "`too_many_attempts`")))]
pub async fn create(State(app): State<SharedApp>, visitor: Visitor, input: Input<MailedCode>) -> Result<Response> {
    let MailedCode { email, code } = input.body;
    let email = email_address::check(&email)?;
    if code.len() != 6 || !code.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Error::invalid("code", "`code` has six digits."));
    }
    let key = new_key(&app)?;
    let peppers = configured(&app.config.peppers)?;
    // The pepper may have changed since the code was mailed.
    let code_hashes: Vec<String> = peppers.iter().map(|pepper| hash_for(&email, &code, pepper)).collect();
    let request = json!({ "email": email, "code_hashes": code_hashes });
    let told: Box<RawValue> =
        visitor.rpc(&app, "verify_code", json!({ "request": request, "key": key.stored })).await?;
    signed_in(told, &key)
}
