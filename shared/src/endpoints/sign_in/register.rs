//! `/auth/register`: mails a code to sign in with.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::check_referral_code;
use crate::app::SharedApp;
use crate::caller::Visitor;
use crate::config::configured;
use crate::email_address;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::{Code as ErrorCode, Result};
use crate::sign_in::code::{Code, hash_for};
use crate::sign_in::mail;

/// Where the code goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"email": "ann@example.com"})))]
pub struct Registration {
    /// The address, known or not.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// Who recommended us; counts when the account is new.
    #[schema(min_length = 1, max_length = 64, pattern = "^[!-~]{1,64}$")]
    referral_code: Option<String>,
}

/// A code is on its way.
#[derive(ToSchema)]
pub struct Verification {
    /// `verification`.
    pub object: String,
    /// The address, in lower case.
    pub email: String,
    /// For how many seconds the code is valid.
    pub expires_in: u32,
}

/// `POST /auth/register`: does and answers the same whether or not the address is known.
///
/// # Errors
/// 429 `too_many_attempts` by address and by network; 503 `mail_unavailable`.
#[utoipa::path(post, path = "/auth/register", tag = "sign-in", request_body = Registration, responses(
    (status = 200, body = Verification),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`mail_unavailable`, `service_unavailable`, `not_configured`")))]
pub async fn create(State(app): State<SharedApp>, visitor: Visitor, input: Input<Registration>) -> Result<Response> {
    let Registration { email, referral_code } = input.body;
    let email = email_address::check(&email)?;
    check_referral_code(referral_code.as_deref())?;
    // Without them no code is made that nobody could be sent.
    configured(&app.config.mail)?;
    let pepper = configured(&app.config.peppers)?.first().ok_or(ErrorCode::NotConfigured)?;
    let code = Code::generate()?;
    let code_hash = hash_for(&email, &code.to_string(), pepper);
    let request = json!({ "email": email, "code_hash": code_hash, "referral_code": referral_code });
    let told: Box<RawValue> = visitor.rpc(&app, "request_code", json!({ "request": request })).await?;
    mail::send_code(&app, &email, &code).await?;
    Ok(answer::private(&told))
}
