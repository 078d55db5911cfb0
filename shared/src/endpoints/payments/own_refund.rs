//! `/user/payments/{id}/refund`: returns what is unspent of a payment that is not a day old.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::refund::Refund;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::private;
use crate::endpoints::input::{IdempotencyKey, Input, named_id};
use crate::error::Result;
use crate::payments::refund::{ToMake, ask};

/// Nothing: all that is unspent is returned.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
pub struct NewOwnRefund {}

/// `POST /user/payments/{id}/refund`, with `Idempotency-Key` safe to repeat.
///
/// # Errors
/// The refusals of key validation; 404 `payment_not_found`, for another's, too; 409 when a day has passed or nothing is left.
#[utoipa::path(post, path = "/user/payments/{id}/refund", tag = "money", request_body = NewOwnRefund,
    params(("id" = Uuid, Path, description = "The payment's id."), IdempotencyKey), responses(
        (status = 200, body = Refund),
        (status = 404, description = "`payment_not_found`"),
        (status = 409, description = "`payment_not_refundable`, `refund_exceeds_payment`, `refund_refused`, `idempotency_conflict`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn create(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<NewOwnRefund>,
) -> Result<Response> {
    let arguments = json!({ "target": named_id(&id), "id": Uuid::now_v7(), "idempotency": input.idempotency });
    let made: ToMake = caller.rpc(&app, "begin_own_refund", arguments).await?;
    Ok(private(&ask(&app, made).await?))
}
