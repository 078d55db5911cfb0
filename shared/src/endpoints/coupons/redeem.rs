//! `/coupons/redeem`: credit for a code.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CouponKind, check_code};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{IdempotencyKey, Input};
use crate::error::Result;
use crate::money::Nanos;
use crate::supabase::unless_refused;

/// The coupon to be redeemed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"code": "WELCOME-10"})))]
pub struct CouponCode {
    /// Its code, in capitals or not.
    #[schema(pattern = "^ *[A-Za-z0-9_-]{1,40} *$")]
    code: String,
}

/// How far the use of a coupon is.
#[derive(ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RedemptionState {
    /// It waits for its payment.
    Reserved,
    /// It was used.
    Redeemed,
    /// Nobody paid in time: it can be used again.
    Released,
}

/// The use of a coupon, and what the account has now.
#[derive(ToSchema)]
pub struct RedeemedCoupon {
    /// `coupon_redemption`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// The coupon's code.
    pub code: String,
    /// The coupon's kind.
    pub kind: CouponKind,
    /// How far it is.
    pub state: RedemptionState,
    /// The credit that it gave.
    pub credits: Nanos,
    /// The payment that it came with.
    #[schema(required)]
    pub payment_id: Option<Uuid>,
    /// When it was used.
    pub created_at: Timestamp,
    /// When the credit lapses.
    pub expires_at: Timestamp,
    /// The account's balance with it.
    pub balance: Nanos,
}

/// `POST /coupons/redeem`: gives the credit of a coupon. With `Idempotency-Key` safe to repeat.
///
/// # Errors
/// The refusals of key validation; 404 `coupon_not_found`; 409 for one that this account cannot use; 429 `too_many_attempts` after
/// ten wrong codes an hour.
#[utoipa::path(post, path = "/coupons/redeem", tag = "money", request_body = CouponCode, params(IdempotencyKey), responses(
    (status = 200, body = RedeemedCoupon),
    (status = 404, description = "`coupon_not_found`"),
    (status = 409, description = "`coupon_expired`, `coupon_used_up`, `coupon_already_redeemed`, `coupon_not_applicable`, `idempotency_conflict`"),
    (status = 429, description = "`too_many_attempts`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<CouponCode>) -> Result<Response> {
    check_code("code", &input.body.code)?;
    let arguments = json!({ "code": input.body.code, "idempotency": input.idempotency });
    let redeemed: Box<RawValue> = caller.rpc(&app, "redeem_coupon", arguments).await?;
    Ok(answer::private(&unless_refused(redeemed)?))
}
