//! `POST /auth`: signs in with tokens of Privy.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{SignedIn, check_referral_code, new_key, record_failure, signed_in};
use crate::app::SharedApp;
use crate::caller::Visitor;
use crate::endpoints::input::Input;
use crate::error::{Code, Result};
use crate::sign_in::privy::Unproven;

/// What Privy gave the client.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"token": "eyJ…", "identity_token": "eyJ…"})))]
pub struct PrivySignIn {
    /// The access token: who it is.
    #[schema(max_length = 65536)]
    token: String,
    /// The identity token of the same user: addresses and wallets.
    #[schema(max_length = 65536)]
    identity_token: Option<String>,
    /// Who recommended us; counts when the account is new.
    #[schema(min_length = 1, max_length = 64, pattern = "^[!-~]{1,64}$")]
    referral_code: Option<String>,
    /// Issues a new key to a user who comes back. A new account gets its primary key in any case.
    #[serde(default)]
    #[schema(default = false)]
    issue_key: bool,
}

/// `POST /auth`: Signs in with tokens of Privy; a new user gets an account, its trial and its primary key. `/auth/privy` is the same.
///
/// # Errors
/// 401 `invalid_token`, whatever is wrong with a token; 503 `sign_in_unavailable` when Privy has to be asked and does
/// not answer.
#[utoipa::path(post, path = "/auth", tag = "sign-in", request_body = PrivySignIn, responses(
    (status = 200, body = SignedIn),
    (status = 401, description = "`invalid_token`"),
    (status = 403, description = "`account_disabled`"),
    (status = 503, description = "`sign_in_unavailable`, `service_unavailable`, `not_configured`")))]
pub async fn create(State(app): State<SharedApp>, visitor: Visitor, input: Input<PrivySignIn>) -> Result<Response> {
    let PrivySignIn { token, identity_token, referral_code, issue_key } = input.body;
    check_referral_code(referral_code.as_deref())?;
    let key = new_key(&app)?;
    let proofs = match app.privy.prove(&token, identity_token.as_deref()).await {
        Ok(proofs) => proofs,
        Err(Unproven::Unknown(error)) => return Err(error),
        Err(Unproven::Refused(reason)) => {
            record_failure(&app, &visitor, "privy", reason).await;
            return Err(Code::InvalidToken.into());
        }
    };
    let request = json!({ "proofs": proofs, "referral_code": referral_code, "issue_key": issue_key });
    let arguments = json!({ "request": request, "key": key.stored });
    let told: Box<RawValue> = visitor.rpc(&app, "sign_in_with_privy", arguments).await?;
    signed_in(told, &key)
}
