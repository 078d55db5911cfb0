//! Coupons as whoever has one uses them.

pub mod available;
pub mod history;
pub mod redeem;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::readable_code::is_code;

/// What a coupon is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CouponKind {
    /// Credit, at once.
    Credit,
    /// Credit on top of a purchase.
    Bonus,
    /// Something off a plan's price.
    Discount,
}

/// A code as it is looked for.
///
/// # Errors
/// 400 naming `param`, for what no code looks like.
pub fn check_code(param: &'static str, code: &str) -> Result<()> {
    if is_code(code.trim()) {
        return Ok(());
    }
    Err(Error::invalid(param, format!("`{param}` is a code of at most 40 letters, digits, - and _.")))
}
