//! `/coupons/available`: what the caller may use now.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::CouponKind;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::error::Result;
use crate::money::Nanos;

/// What a coupon gives.
#[derive(ToSchema)]
pub struct CouponOffer {
    /// `coupon_offer`.
    pub object: String,
    /// Its code.
    pub code: String,
    /// What it is for.
    pub kind: CouponKind,
    /// So many dollars of credit.
    #[schema(required)]
    pub amount: Option<Nanos>,
    /// Or so much of a purchase, as a bonus, or off a plan's price, in per cent.
    #[schema(required, value_type = Option<f64>)]
    pub percent: Option<f64>,
    /// The most that a bonus comes to.
    #[schema(required)]
    pub max_bonus: Option<Nanos>,
    /// The least purchase that it is for.
    pub min_purchase: Nanos,
    /// Whether it is only for an account's first purchase.
    pub first_purchase_only: bool,
    /// After how many days the credit lapses.
    pub grant_days: i64,
    /// Until when it can be used.
    #[schema(required)]
    pub valid_until: Option<Timestamp>,
}

/// `GET /coupons/available`: coupons of this account, and those that everybody is shown. There may be others, of which one has to
/// be told.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/coupons/available", tag = "money", responses((status = 200, body = Page<CouponOffer>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let coupons: Box<RawValue> = caller.rpc(&app, "list_available_coupons", json!({})).await?;
    Ok(answer::private(&coupons))
}
