//! `/user/credit-transactions`: the ledger, newest first.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Params, check_id_cursor, page_size};
use crate::endpoints::window::moment;
use crate::error::Result;
use crate::money::Nanos;

/// Which transactions, and which page of them.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TransactionQuery {
    /// Those of this type.
    #[param(inline)]
    r#type: Option<TransactionType>,
    /// Those of grants from this source.
    #[param(inline)]
    source: Option<GrantSource>,
    /// From this moment on.
    from: Option<Timestamp>,
    /// Before this moment.
    to: Option<Timestamp>,
    /// Transactions a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(pattern = "^[0-9]{1,18}$")]
    cursor: Option<String>,
}

/// What changed a grant or the debt.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransactionType {
    /// A trial began.
    Trial,
    /// Credit was bought.
    Purchase,
    /// A subscription's period began.
    Subscription,
    /// A coupon was redeemed.
    Coupon,
    /// Somebody was referred.
    Referral,
    /// An operator gave it.
    AdminCredit,
    /// An operator took it.
    AdminDebit,
    /// A call was paid for.
    Usage,
    /// Credit was returned.
    CreditBack,
    /// A payment was refunded.
    MoneyBack,
    /// A grant lapsed.
    Expiry,
}

/// Where credit comes from.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantSource {
    /// The trial.
    Trial,
    /// A subscription.
    Subscription,
    /// It was bought.
    Purchase,
    /// A coupon.
    Coupon,
    /// A referral.
    Referral,
    /// An operator.
    Admin,
    /// It was returned.
    CreditBack,
}

/// One change of a grant, or of the debt.
#[derive(ToSchema)]
pub struct Transaction {
    /// Grows with time.
    pub id: i64,
    /// `credit_transaction`.
    pub object: String,
    /// What happened.
    pub r#type: TransactionType,
    /// The source of the grant; null for debt.
    #[schema(required)]
    pub source: Option<GrantSource>,
    /// What was added, or taken if negative.
    pub amount: Nanos,
    /// The balance after it.
    pub balance_after: Nanos,
    /// The call that was paid for.
    #[schema(required)]
    pub call_id: Option<Uuid>,
    /// The model of a call, or why credit was given.
    pub description: String,
    /// When.
    pub created_at: Timestamp,
}

/// `GET /user/credit-transactions`
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/user/credit-transactions", tag = "money", params(TransactionQuery),
    responses((status = 200, body = Page<Transaction>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<TransactionQuery>,
) -> Result<Response> {
    check_id_cursor(query.cursor.as_deref())?;
    let query = TransactionQuery {
        from: moment("from", query.from)?,
        to: moment("to", query.to)?,
        limit: Some(page_size(query.limit, None, 100)?),
        ..query
    };
    let transactions: Box<RawValue> = caller.rpc(&app, "list_credit_transactions", json!({ "query": query })).await?;
    Ok(answer::private(&transactions))
}
