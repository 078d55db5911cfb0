//! `/admin/payments`: what all accounts have bought, with its refunds and disputes.

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
use crate::endpoints::input::{Params, page_size};
use crate::endpoints::payments::history::{Payment, PaymentStatus};
use crate::endpoints::window::{Cursor, CursorText};
use crate::error::Result;
use crate::money::Nanos;

/// What comes back of a payment.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReversalKind {
    /// We give it back.
    Refund,
    /// Its bank takes it back, or asks about it.
    Dispute,
}

/// A refund or a dispute.
#[derive(ToSchema)]
pub struct Reversal {
    /// Stripe's id of it; of a refund that Stripe has not answered, ours.
    pub id: String,
    /// Which of both.
    pub kind: ReversalKind,
    /// Stripe's word for how it stands, such as `succeeded` or `needs_response`.
    pub status: String,
    /// How much.
    pub amount: Nanos,
    /// Whether its credit is taken back by now.
    pub counts: bool,
    /// Why, in Stripe's word.
    #[schema(required)]
    pub reason: Option<String>,
    /// Until when a dispute can be answered at Stripe.
    #[schema(required)]
    pub due_by: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
}

/// A payment, as an operator sees it.
#[derive(ToSchema)]
pub struct PlatformPayment {
    /// `platform_payment`.
    pub object: String,
    /// As its account sees it.
    pub payment: Payment,
    /// Whose it is.
    pub account_id: Uuid,
    /// The account's address, as far as it has one.
    #[schema(required)]
    pub email: Option<String>,
    /// All that came back of it, or may.
    pub reversals: Vec<Reversal>,
}

/// Which payments, and which page of them.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PlatformPaymentQuery {
    /// Those of this account.
    account_id: Option<Uuid>,
    /// Those that stand so.
    #[param(inline)]
    status: Option<PaymentStatus>,
    /// Those of which there is such a one, however it stands.
    #[param(inline)]
    reversal: Option<ReversalKind>,
    /// Payments a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// `GET /admin/payments`
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/payments", tag = "admin", params(PlatformPaymentQuery),
    responses((status = 200, body = Page<PlatformPayment>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<PlatformPaymentQuery>,
) -> Result<Response> {
    let cursor = Cursor::read(query.cursor.as_deref())?;
    let query = PlatformPaymentQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let mut arguments = json!({ "query": query });
    arguments["query"]["cursor"] = json!(cursor);
    let payments: Box<RawValue> = caller.rpc(&app, "list_platform_payments", arguments).await?;
    Ok(answer::private(&payments))
}
