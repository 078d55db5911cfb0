//! `/auth/register`: mails a code to sign in with.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use super::check_referral_code;
use crate::app::SharedApp;
use crate::caller::Visitor;
use crate::config::configured;
use crate::email_address;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::{Code as ErrorCode, Error, Result};
use crate::mail::code::Queued;
use crate::serve::Invocation;
use crate::sign_in::code::{Recipe, hash_for};
use crate::supabase::unless_refused;

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

/// What the database has made of it.
#[derive(Deserialize)]
struct Told {
    answer: Box<RawValue>,
    mail: Queued,
}

/// `POST /auth/register`: does and answers the same whether or not the address is known.
///
/// # Errors
/// 409 `mail_not_possible` for an address that has returned mail; 429 `too_many_attempts` by address and by network; 503
/// `mail_unavailable`.
#[utoipa::path(post, path = "/auth/register", tag = "sign-in", request_body = Registration, responses(
    (status = 200, body = Verification),
    (status = 409, description = "`mail_not_possible`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`mail_unavailable`, `service_unavailable`, `not_configured`")))]
pub async fn create(
    State(app): State<SharedApp>,
    visitor: Visitor,
    invocation: Invocation,
    input: Input<Registration>,
) -> Result<Response> {
    let Registration { email, referral_code } = input.body;
    let email = email_address::check(&email)?;
    check_referral_code(referral_code.as_deref())?;
    // Without them no code is made that nobody could be sent.
    configured(&app.config.mail)?;
    let peppers = configured(&app.config.peppers)?;
    let pepper = peppers.first().ok_or(ErrorCode::NotConfigured)?;
    let recipe = Recipe::new(pepper);
    let code = recipe.code(&email, peppers).ok_or(ErrorCode::InternalError)?;
    let code_hash = hash_for(&email, &code.to_string(), pepper);
    let request = json!({ "email": email, "code_hash": code_hash, "referral_code": referral_code, "payload": recipe });
    // A client that leaves takes the handler with it, not the mail.
    let (tell, told) = oneshot::channel();
    invocation.tasks.spawn(async move {
        let sent = async {
            let asked: Box<RawValue> = visitor.rpc(&app, "request_code", json!({ "request": request })).await?;
            let Told { answer, mail } = serde_json::from_str(unless_refused(asked)?.get()).map_err(|error| {
                tracing::error!(%error, "the database's answer is malformed");
                Error::new(ErrorCode::InternalError)
            })?;
            let tried = mail.send(&app, &email, recipe).await?;
            Ok((tried.outcome().map(|()| answer), tried))
        };
        match sent.await {
            Ok((became, tried)) => {
                // Nobody waits for the note.
                let _ = tell.send(became);
                tried.note(&app).await;
            }
            Err(error) => {
                let _ = tell.send(Err(error));
            }
        }
    });
    let told: Box<RawValue> = told.await.map_err(|_| Error::new(ErrorCode::InternalError))??;
    Ok(answer::private(&told))
}
