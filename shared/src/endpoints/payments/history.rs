//! `/api/stripe/payments`: what was bought, newest first, with receipts.

use axum::extract::{Path, State};
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
use crate::endpoints::input::{Params, named_id, page_size};
use crate::endpoints::window::{Cursor, CursorText};
use crate::error::Result;
use crate::money::Nanos;

/// How a payment stands.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Nobody has paid yet.
    Created,
    /// It is paid by a way that takes days.
    Processing,
    /// A card was declined; another one may pay.
    Failed,
    /// It was given up.
    Canceled,
    /// Nobody paid in time.
    Expired,
    /// It is paid, and its credit is there.
    Succeeded,
    /// Something else was paid than was asked for: it gave no credit, and the operator was told.
    Mismatch,
}

/// How it is paid.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentKind {
    /// At a page of Stripe's.
    Checkout,
    /// At a page of one's own.
    Intent,
    /// By itself, with a card that was left for it.
    Auto,
    /// By an invoice of a plan.
    Invoice,
}

/// A payment.
#[derive(ToSchema)]
pub struct Payment {
    /// `payment`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// How it is paid.
    pub kind: PaymentKind,
    /// How it stands.
    pub status: PaymentStatus,
    /// The package that was bought.
    #[schema(required)]
    pub package: Option<String>,
    /// `usd`.
    pub currency: String,
    /// What is to be paid, before tax.
    pub amount: Nanos,
    /// What of it is a fee.
    pub fee: Nanos,
    /// What was paid.
    #[schema(required)]
    pub paid: Option<Nanos>,
    /// The credit that it gives.
    pub credits: Nanos,
    /// Further credit that comes with it.
    pub bonus: Nanos,
    /// The code of the coupon that the bonus is for.
    #[schema(required)]
    pub coupon: Option<String>,
    /// What of both was taken back by refunds and disputes.
    pub taken_back: Nanos,
    /// What of the payment was refunded.
    pub refunded: Nanos,
    /// Whether the buyer's bank has taken it back, or is about to.
    pub disputed: bool,
    /// Stripe's id of its Checkout session.
    #[schema(required)]
    pub session_id: Option<String>,
    /// Stripe's id of its payment intent.
    #[schema(required)]
    pub intent_id: Option<String>,
    /// Stripe's id of the subscription that it is for.
    #[schema(required)]
    pub subscription_id: Option<String>,
    /// Why a card was declined, in Stripe's words.
    #[schema(required)]
    pub failure_code: Option<String>,
    /// Stripe's receipt.
    #[schema(required)]
    pub receipt_url: Option<String>,
    /// Whether it is real money.
    pub livemode: bool,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// When its credit came.
    #[schema(required)]
    pub settled_at: Option<Timestamp>,
}

/// Which payments, and which page of them.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PaymentQuery {
    /// Those that stand so.
    #[param(inline)]
    status: Option<PaymentStatus>,
    /// Payments a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// `GET /api/stripe/payments`
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/api/stripe/payments", tag = "money", params(PaymentQuery),
    responses((status = 200, body = Page<Payment>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<PaymentQuery>,
) -> Result<Response> {
    let cursor = Cursor::read(query.cursor.as_deref())?;
    let query = PaymentQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let mut arguments = json!({ "query": query });
    arguments["query"]["cursor"] = json!(cursor);
    let payments: Box<RawValue> = caller.rpc(&app, "list_payments", arguments).await?;
    Ok(answer::private(&payments))
}

/// `GET /api/stripe/payments/{id}`
///
/// # Errors
/// The refusals of key validation; 404 `payment_not_found`, for another's, too.
#[utoipa::path(get, path = "/api/stripe/payments/{id}", tag = "money",
    params(("id" = Uuid, Path, description = "The payment's id.")), responses(
        (status = 200, body = Payment),
        (status = 404, description = "`payment_not_found`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let payment: Box<RawValue> = caller.rpc(&app, "get_payment", json!({ "target": named_id(&id) })).await?;
    Ok(answer::private(&payment))
}
