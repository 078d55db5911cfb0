//! `/user/balance`: credits, what is reserved and what is available, the grants behind them.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;

/// `GET /user/balance`
///
/// # Errors
/// The refusals of key validation.
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let balance: Box<RawValue> = app.supabase()?.rpc("get_balance", &json!({ "caller": caller })).await?;
    Ok(answer::private(&balance))
}
