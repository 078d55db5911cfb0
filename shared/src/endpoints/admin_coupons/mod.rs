//! Coupons and promotions as administrators make and watch them.
//!
//! - `new`: what a coupon may be. `collection`: makes and lists them. `one`: one of them. `statistics`: what they have brought.
//! - `promotions`: the budgets that they draw on.

pub mod collection;
mod new;
pub mod one;
pub mod promotions;
pub mod statistics;

use jiff::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::endpoints::coupons::CouponKind;
use crate::money::Nanos;

/// A coupon as administrators see it.
#[derive(ToSchema)]
pub struct Coupon {
    /// `coupon`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// What it is for.
    pub kind: CouponKind,
    /// So many dollars of credit.
    #[schema(required)]
    pub amount: Option<Nanos>,
    /// Or so much of a purchase, or off a plan's price, in per cent.
    #[schema(required, value_type = Option<f64>)]
    pub percent: Option<f64>,
    /// The most that a bonus comes to.
    #[schema(required)]
    pub max_bonus: Option<Nanos>,
    /// The least purchase that it is for.
    pub min_purchase: Nanos,
    /// Whose alone it is.
    #[schema(required)]
    pub account_id: Option<Uuid>,
    /// How often it can be used at all.
    #[schema(required)]
    pub max_redemptions: Option<i64>,
    /// How often it was, uses that are reserved for a payment included.
    pub redemptions: i64,
    /// How often an account can use it.
    pub per_account: i64,
    /// The promotion whose budget it draws on.
    #[schema(required)]
    pub promotion: Option<String>,
    /// Whether it is only for an account's first purchase.
    pub first_purchase_only: bool,
    /// Whether everybody is shown it.
    pub listed: bool,
    /// From when it can be used.
    #[schema(required)]
    pub valid_from: Option<Timestamp>,
    /// Until when.
    #[schema(required)]
    pub valid_until: Option<Timestamp>,
    /// After how many days its credit lapses.
    pub grant_days: i64,
    /// Stripe's coupon, of a discount.
    #[schema(required)]
    pub stripe_coupon_id: Option<String>,
    /// Of those that were made together.
    #[schema(required)]
    pub batch: Option<Uuid>,
    /// Whether it can be used.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
}
