//! `/user/account`: its end.

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

/// The word that nobody sends by mistake.
const CONFIRMATION: &str = "DELETE_ACCOUNT";

/// That the caller means it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"confirmation": "DELETE_ACCOUNT"})))]
pub struct Farewell {
    /// `DELETE_ACCOUNT`.
    #[schema(pattern = "^DELETE_ACCOUNT$")]
    confirmation: String,
}

/// The account that is no more.
#[derive(ToSchema)]
pub struct AccountDeletion {
    /// `account_deletion`.
    pub object: String,
    /// What its id was; its books are kept under it.
    pub id: Uuid,
    /// Always true.
    pub deleted: bool,
    /// When.
    pub deleted_at: Timestamp,
}

/// `DELETE /user/account`: takes the person out of the account, revokes its keys and keeps its books. What is left of
/// its credit is lost.
///
/// # Errors
/// The refusals of key validation; 409 `last_admin`; 400 without the word.
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
