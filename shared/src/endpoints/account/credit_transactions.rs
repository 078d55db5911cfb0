//! `/user/credit-transactions`: the ledger, newest first.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{Params, page_size};
use crate::error::{Error, Result};

/// Which transactions, and which page of them.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionQuery {
    /// Ledger type, such as `usage` or `purchase`.
    r#type: Option<String>,
    /// Source of the grant, such as `trial`.
    source: Option<String>,
    /// From this moment on.
    from: Option<Timestamp>,
    /// Before this moment.
    to: Option<Timestamp>,
    /// Transactions a page.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// `GET /user/credit-transactions`
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<TransactionQuery>,
) -> Result<Response> {
    if query.cursor.as_ref().is_some_and(|cursor| cursor.parse::<i64>().is_err()) {
        return Err(Error::invalid("cursor", "`cursor` is the `next_cursor` of the page before."));
    }
    // Far enough back for anyone; Postgres writes years before our era in another way.
    for (name, moment) in [("from", query.from), ("to", query.to)] {
        if moment.is_some_and(|moment| moment < Timestamp::UNIX_EPOCH) {
            return Err(Error::invalid(name, "`from` and `to` are not before 1970."));
        }
    }
    let query = TransactionQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let arguments = json!({ "caller": caller, "query": query });
    let transactions: Box<RawValue> = app.supabase()?.rpc("list_credit_transactions", &arguments).await?;
    Ok(answer::private(&transactions))
}
