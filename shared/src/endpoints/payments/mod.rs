//! Buying credit: packages, Checkout sessions, payment intents, auto top-up, what was bought, refunds, and what Stripe tells.

pub mod auto_topup;
pub mod checkout_session;
pub mod history;
pub mod own_refund;
pub mod packages;
pub mod payment_intent;
pub mod refund;
pub mod webhook;

use crate::endpoints::coupons::check_code;
use crate::error::{Error, Result};
use crate::money::Nanos;
use crate::payments::begin::Wanted;

/// Nano-dollars in a cent.
const PER_CENT: i64 = 10_000_000;

/// An amount in whole cents.
fn cents(param: &'static str, amount: Nanos) -> Result<i64> {
    if amount.0 <= 0 || amount.0 % PER_CENT != 0 {
        return Err(Error::invalid(param, format!("`{param}` is a number of dollars above 0, in whole cents.")));
    }
    Ok(amount.0 / PER_CENT)
}

/// The code of a purchase's coupon.
pub(super) fn check_coupon(code: Option<&str>) -> Result<()> {
    code.map_or(Ok(()), |code| check_code("coupon", code))
}

/// What a request wants to buy: a package, or an amount.
fn wanted(package: Option<String>, amount: Option<Nanos>) -> Result<Wanted> {
    match (package, amount) {
        (Some(package), None) => Ok(Wanted::Package(package)),
        (None, Some(amount)) => cents("amount", amount).map(Wanted::Cents),
        _ => Err(Error::invalid("amount", "Name what is bought by either `amount` or `package`.")),
    }
}
