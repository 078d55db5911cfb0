//! `/admin/transaction-analytics`: the movements of all accounts' credit.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Params;
use crate::endpoints::usage::Window;
use crate::error::Result;
use crate::money::Nanos;

/// The movements of credit, by type and by day.
#[derive(ToSchema)]
pub struct TransactionAnalytics {
    /// `transaction_analytics`.
    pub object: String,
    /// From this moment on.
    pub from: Timestamp,
    /// Before this moment.
    pub to: Timestamp,
    /// By type.
    pub by_type: Vec<TypeOfTransaction>,
    /// By day in UTC, of which those without any are left out.
    pub by_day: Vec<DayOfTransactions>,
}

/// The movements of one type.
#[derive(ToSchema)]
pub struct TypeOfTransaction {
    /// The type, as an account's own list of transactions names it.
    #[schema(rename = "type")]
    pub kind: String,
    /// How many; of `usage`, the calls that cost something.
    pub transactions: i64,
    /// Their sum: what was given less what was taken.
    pub amount: Nanos,
}

/// The movements of a day.
#[derive(ToSchema)]
pub struct DayOfTransactions {
    /// The day.
    pub day: Date,
    /// The sum of the types that gave more than they took.
    pub credited: Nanos,
    /// The sum of those that took more than they gave.
    pub debited: Nanos,
    /// Each type's sum.
    pub amounts: HashMap<String, Nanos>,
}

/// `GET /admin/transaction-analytics`: of today and the 29 days before it, unless asked otherwise.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known.
#[utoipa::path(get, path = "/admin/transaction-analytics", tag = "admin", params(Window),
    responses((status = 200, body = TransactionAnalytics)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Params(window): Params<Window>) -> Result<Response> {
    let analytics: Box<RawValue> =
        caller.rpc(&app, "get_transaction_analytics", json!({ "query": window.read()? })).await?;
    Ok(answer::private(&analytics))
}
