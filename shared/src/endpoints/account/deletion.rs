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
use crate::error::Result;

/// That the caller means it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Farewell {
    /// The word that nobody sends by mistake.
    #[serde(rename = "confirmation")]
    _confirmation: Confirmation,
}

#[derive(Debug, Deserialize, ToSchema)]
enum Confirmation {
    #[serde(rename = "DELETE_ACCOUNT")]
    DeleteAccount,
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
/// The refusals of key validation; 409 `last_admin`.
#[utoipa::path(delete, path = "/user/account", tag = "account", request_body = Farewell, responses(
    (status = 200, body = AccountDeletion),
    (status = 409, description = "`last_admin`")))]
pub async fn delete(State(app): State<SharedApp>, caller: Caller, _: Input<Farewell>) -> Result<Response> {
    let deletion: Box<RawValue> = caller.rpc(&app, "delete_account", json!({})).await?;
    Ok(answer::private(&deletion))
}
