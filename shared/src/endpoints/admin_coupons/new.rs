//! What a coupon may be.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::endpoints::coupons::{CouponKind, check_code};
use crate::endpoints::window::moment;
use crate::error::{Error, Result};
use crate::integer::Integer;
use crate::money::Nanos;
use crate::readable_code;

/// The length of codes that are made here: 60 bits, which nobody guesses.
const CODE_LENGTH: usize = 12;
/// The most coupons at once.
const MOST: i64 = 1000;
/// The most that a coupon gives, and the least and most of a percentage, in hundredths: 0.01 % to 100 %.
const MOST_CREDIT: i64 = 10_000_000_000_000;
const PERCENT: std::ops::RangeInclusive<i64> = 1..=10_000;
/// A hundredth of what is read as dollars.
const HUNDREDTH: i64 = 10_000_000;

/// The coupon to be made, or several that can be used once each.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"code": "WELCOME-10", "kind": "credit", "amount": 10, "max_redemptions": 500})))]
pub struct NewCoupon {
    /// What it is for.
    kind: CouponKind,
    /// Its code; one that nobody guesses is made if it is left out.
    #[schema(pattern = "^[A-Za-z0-9_-]{4,40}$")]
    code: Option<String>,
    /// So many coupons with codes of their own, each for one use. The answer is a CSV file.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    count: Option<Integer>,
    /// Of a credit, or of a bonus: dollars, at most 10000.
    amount: Option<Nanos>,
    /// Of a bonus: of what is bought; of a discount: for people, the plan's price falls by Stripe's coupon. At most two decimals.
    #[schema(value_type = Option<f64>, minimum = 0.01, maximum = 100)]
    percent: Option<Nanos>,
    /// The most that a bonus in per cent comes to.
    max_bonus: Option<Nanos>,
    /// The least purchase that a bonus is for.
    min_purchase: Option<Nanos>,
    /// Whose alone it is.
    account_id: Option<Uuid>,
    /// How often it can be used at all; without, as often as its promotion pays.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000)]
    max_redemptions: Option<Integer>,
    /// How often an account can use it: once, unless said otherwise.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    per_account: Option<Integer>,
    /// The promotion whose budget it draws on.
    #[schema(max_length = 64)]
    promotion: Option<String>,
    /// Whether it is only for an account's first purchase.
    #[serde(default)]
    first_purchase_only: bool,
    /// Whether everybody is shown it in `GET /coupons/available`.
    #[serde(default)]
    listed: bool,
    /// From when it can be used.
    valid_from: Option<Timestamp>,
    /// Until when.
    valid_until: Option<Timestamp>,
    /// After how many days its credit lapses: 90, unless said otherwise.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 3650)]
    grant_days: Option<Integer>,
    /// Stripe's coupon, of a discount.
    #[schema(max_length = 255)]
    stripe_coupon_id: Option<String>,
}

fn refuse<T>(param: &'static str, message: &'static str) -> Result<T> {
    Err(Error::invalid(param, message))
}

/// A number within its bounds.
fn within(param: &'static str, number: Option<Integer>, most: i64) -> Result<Option<i64>> {
    match number.map(|number| number.0) {
        Some(number) if !(1..=most).contains(&number) => {
            Err(Error::invalid(param, format!("`{param}` is a number from 1 to {most}.")))
        }
        number => Ok(number),
    }
}

/// An amount of credit.
fn credit(param: &'static str, amount: Option<Nanos>) -> Result<Option<i64>> {
    match amount.map(|amount| amount.0) {
        Some(nanos) if !(1..=MOST_CREDIT).contains(&nanos) => {
            Err(Error::invalid(param, format!("`{param}` is above 0 and at most 10000 dollars.")))
        }
        nanos => Ok(nanos),
    }
}

impl NewCoupon {
    /// Whether several are made.
    pub fn is_batch(&self) -> bool {
        self.count.is_some()
    }

    /// The codes of what is to be made.
    pub fn codes(&self) -> Result<Vec<String>> {
        match (&self.code, within("count", self.count, MOST)?) {
            (Some(_), Some(_)) => {
                refuse("count", "Coupons that are made together have codes of their own: leave out `code`.")
            }
            (Some(code), None) => {
                check_code("code", code)?;
                if code.trim().len() < 4 {
                    return refuse("code", "`code` has at least 4 characters.");
                }
                Ok(vec![code.trim().to_ascii_uppercase()])
            }
            (None, count) => (0..count.unwrap_or(1)).map(|_| readable_code::generate(CODE_LENGTH)).collect(),
        }
    }

    /// What the database is asked for.
    pub fn request(self) -> Result<Value> {
        let amount = credit("amount", self.amount)?;
        let basis_points = match self.percent.map(|percent| percent.0) {
            Some(percent) if percent % HUNDREDTH != 0 || !PERCENT.contains(&(percent / HUNDREDTH)) => {
                return refuse("percent", "`percent` is a number from 0.01 to 100 with at most two decimals.");
            }
            percent => percent.map(|percent| percent / HUNDREDTH),
        };
        match (self.kind, amount, basis_points) {
            (CouponKind::Credit, Some(_), None)
            | (CouponKind::Bonus, Some(_), None)
            | (CouponKind::Bonus, None, Some(_)) => {}
            (CouponKind::Credit, ..) => return refuse("amount", "A credit has an `amount` and no `percent`."),
            (CouponKind::Bonus, ..) => return refuse("amount", "A bonus has either an `amount` or a `percent`."),
            (CouponKind::Discount, ..) if amount.is_some() || self.stripe_coupon_id.is_none() => {
                return refuse(
                    "stripe_coupon_id",
                    "A discount is a coupon of Stripe's, `stripe_coupon_id`, and has no `amount`.",
                );
            }
            (CouponKind::Discount, ..) => {}
        }
        if self.kind != CouponKind::Discount && self.stripe_coupon_id.is_some() {
            return refuse("stripe_coupon_id", "Only a discount is a coupon of Stripe's.");
        }
        if self.kind != CouponKind::Bonus && (self.max_bonus.is_some() || self.min_purchase.is_some()) {
            return refuse("max_bonus", "Only a bonus has `max_bonus` and `min_purchase`.");
        }
        let max_redemptions = within("max_redemptions", self.max_redemptions, 1_000_000_000)?;
        let unbounded = max_redemptions.is_none() && self.promotion.is_none() && self.account_id.is_none();
        if self.kind == CouponKind::Credit && unbounded && !self.is_batch() {
            return refuse(
                "max_redemptions",
                "Credit for everybody who signs up needs an end: `max_redemptions`, or a `promotion` with a budget.",
            );
        }
        if self.valid_from.zip(self.valid_until).is_some_and(|(from, until)| from >= until) {
            return refuse("valid_until", "`valid_until` is after `valid_from`.");
        }
        Ok(json!({
            "kind": self.kind, "amount": amount, "basis_points": basis_points,
            "max_bonus": credit("max_bonus", self.max_bonus)?, "min_purchase": credit("min_purchase", self.min_purchase)?,
            "account_id": self.account_id, "max_redemptions": max_redemptions,
            "per_account": within("per_account", self.per_account, 1000)?, "promotion": self.promotion,
            "first_purchase_only": self.first_purchase_only, "listed": self.listed,
            "valid_from": moment("valid_from", self.valid_from)?, "valid_until": moment("valid_until", self.valid_until)?,
            "grant_days": within("grant_days", self.grant_days, 3650)?, "stripe_coupon_id": self.stripe_coupon_id,
        }))
    }
}
