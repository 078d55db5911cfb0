//! `/admin/ledger/check`: every invariant of the ledger, over all accounts.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;

/// `GET /admin/ledger/check`
///
/// # Errors
/// The refusals of key validation.
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let report: Box<RawValue> = app.supabase()?.rpc("check_ledger", &json!({ "caller": caller })).await?;
    Ok(answer::private(&report))
}
