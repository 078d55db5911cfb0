//! What coupons have brought: `/admin/coupons/{id}/analytics` and `/admin/coupons/stats`.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Coupon;
use super::promotions::Promotion;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::coupons::CouponKind;
use crate::endpoints::input::named_id;
use crate::error::Result;
use crate::money::Nanos;

/// The uses of a coupon, and what was paid with them.
#[derive(ToSchema)]
pub struct CouponAnalytics {
    /// `coupon_analytics`.
    pub object: String,
    /// The coupon.
    pub coupon: Coupon,
    /// Uses that wait for their payment.
    pub reserved: i64,
    /// Uses.
    pub redeemed: i64,
    /// Uses that nobody paid for in time.
    pub released: i64,
    /// Accounts that have used it.
    pub accounts: i64,
    /// The credit that it gave.
    pub credits: Nanos,
    /// What was paid for purchases with it.
    pub paid: Nanos,
    /// What was taken back of those purchases' credit, bonuses included.
    pub taken_back: Nanos,
    /// When it was first used.
    #[schema(required)]
    pub first_redeemed_at: Option<Timestamp>,
    /// When it was last used.
    #[schema(required)]
    pub last_redeemed_at: Option<Timestamp>,
    /// The last thirty days on which it was used, in UTC.
    pub days: Vec<CouponDay>,
}

/// A day.
#[derive(ToSchema)]
pub struct CouponDay {
    /// Which.
    #[schema(format = Date)]
    pub date: String,
    /// Uses.
    pub redeemed: i64,
}

/// All coupons together.
#[derive(ToSchema)]
pub struct CouponStats {
    /// `coupon_stats`.
    pub object: String,
    /// By what they are for.
    pub kinds: Vec<CouponKindStats>,
    /// The first hundred promotions, by name.
    pub promotions: Vec<Promotion>,
}

/// The coupons of a kind.
#[derive(ToSchema)]
pub struct CouponKindStats {
    /// Which.
    pub kind: CouponKind,
    /// How many there are.
    pub coupons: i64,
    /// How many of them can be used.
    pub active: i64,
    /// Uses that wait for their payment.
    pub reserved: i64,
    /// Uses.
    pub redeemed: i64,
    /// The credit that they gave.
    pub credits: Nanos,
}

/// `GET /admin/coupons/{id}/analytics`
///
/// # Errors
/// The refusals of key validation; 404 `coupon_not_found`.
#[utoipa::path(get, path = "/admin/coupons/{id}/analytics", tag = "admin",
    params(("id" = Uuid, Path, description = "The coupon.")),
    responses((status = 200, body = CouponAnalytics), (status = 404, description = "`coupon_not_found`")))]
pub async fn of_one(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let analytics: Box<RawValue> =
        caller.rpc(&app, "get_coupon_analytics", json!({ "coupon_id": named_id(&id) })).await?;
    Ok(answer::private(&analytics))
}

/// `GET /admin/coupons/stats`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/admin/coupons/stats", tag = "admin", responses((status = 200, body = CouponStats)))]
pub async fn of_all(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let stats: Box<RawValue> = caller.rpc(&app, "get_coupon_stats", json!({})).await?;
    Ok(answer::private(&stats))
}
