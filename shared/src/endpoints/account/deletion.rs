//! `/user/account`: deletes the account.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::{Error, Result};

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

/// `DELETE /user/account`: removes all personal data from the account, revokes its keys and keeps its ledger. The rest of
/// its credit is forfeited.
///
/// # Errors
/// The refusals of key validation; 409 `last_admin`; 400 without the confirmation.
#[utoipa::path(delete, path = "/user/account", tag = "account", request_body = Farewell, responses(
    (status = 200, body = AccountDeletion),
    (status = 409, description = "`last_admin`")))]
pub async fn delete(State(app): State<SharedApp>, caller: Caller, input: Input<Farewell>) -> Result<Response> {
    if input.body.confirmation != CONFIRMATION {
        return Err(Error::invalid("confirmation", format!("`confirmation` is the word `{CONFIRMATION}`.")));
    }
    let deletion: Box<RawValue> = caller.rpc(&app, "delete_account", json!({})).await?;
    Ok(answer::private(&deletion))
}
