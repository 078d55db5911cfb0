//! `/user/account`: deletes the account.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::{Error, Result};
use crate::object::Object;
use crate::payments::tasks::tell;
use crate::serve::Invocation;

/// The word that confirms a deletion: nobody sends it by mistake.
const CONFIRMATION: &str = "DELETE_ACCOUNT";

/// The confirmation of a deletion.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"confirmation": "DELETE_ACCOUNT"})))]
pub struct Farewell {
    /// `DELETE_ACCOUNT`.
    #[schema(pattern = "^DELETE_ACCOUNT$")]
    confirmation: String,
}

/// The account that was deleted.
#[derive(ToSchema)]
pub struct AccountDeletion {
    /// `account_deletion`.
    pub object: String,
    /// Its id, under which its ledger is kept.
    pub id: Uuid,
    /// Always true.
    pub deleted: bool,
    /// When.
    pub deleted_at: Timestamp,
}

/// What the caller is told, whose account it was, and whether Stripe is to be told to end its pages and cards.
fn read(deletion: &RawValue) -> serde_json::Result<(Box<RawValue>, Option<Uuid>, bool)> {
    let mut told: Object<'_> = serde_json::from_str(deletion.get())?;
    let tells_stripe: bool = told.read("tells_stripe")?.unwrap_or_default();
    let account = told.read("id")?;
    told.remove("tells_stripe");
    Ok((to_raw_value(&told)?, account, tells_stripe))
}

/// `DELETE /user/account`: removes all personal data from the account, revokes its keys and keeps its ledger. The rest of
/// its credit is forfeited.
///
/// # Errors
/// The refusals of key validation; 409 `last_admin`; 400 without the confirmation.
#[utoipa::path(delete, path = "/user/account", tag = "account", request_body = Farewell, responses(
    (status = 200, body = AccountDeletion),
    (status = 409, description = "`last_admin`")))]
pub async fn delete(
    State(app): State<SharedApp>,
    caller: Caller,
    invocation: Invocation,
    input: Input<Farewell>,
) -> Result<Response> {
    if input.body.confirmation != CONFIRMATION {
        return Err(Error::invalid("confirmation", format!("`confirmation` is the word `{CONFIRMATION}`.")));
    }
    let deletion: Box<RawValue> = caller.rpc(&app, "delete_account", json!({})).await?;
    let (deletion, account, tells_stripe) = read(&deletion).map_err(|error| answer::malformed(&error))?;
    if let Some(account) = account {
        invocation.tasks.spawn(async move {
            // Where it fails, they lapse within a day.
            let _ = app.limiter.forget_answers(account).await;
            // Where this does, the cron job goes on with it.
            if !tells_stripe || app.config.stripe.is_err() {
                return;
            }
            if let Err(error) = tell(&app, Some(account)).await {
                tracing::warn!(%error, "Stripe has not been told of a deletion yet");
            }
        });
    }
    Ok(answer::private(&deletion))
}
