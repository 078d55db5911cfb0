//! `/user/auto-topup`: credit that is bought by itself, within what its account has agreed to.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::cents;
use super::checkout_session::{return_to, usual};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::config::configured;
use crate::endpoints::answer::{malformed, private};
use crate::endpoints::input::Input;
use crate::error::{Code, Error, Result};
use crate::integer::Integer;
use crate::money::Nanos;
use crate::object::Object;
use crate::payments::auto_topup::top_up;
use crate::payments::card::{self, Wanted};
use crate::payments::confirm::look_at;
use crate::serve::Invocation;

/// Cents that a top-up can be of.
const AMOUNTS: std::ops::RangeInclusive<i64> = 500..=100_000;
/// The largest monthly cap, in cents.
const LARGEST_CAP: i64 = 1_000_000;
/// The largest threshold, in nano-dollars: what one top-up can bring.
const LARGEST_THRESHOLD: i64 = 1_000_000_000_000;
/// The most top-ups in 24 hours.
const MOST_A_DAY: i64 = 10;

/// How auto top-up stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutoTopupState {
    /// Nothing is charged.
    Off,
    /// It is agreed to, and begins once a card is left at `setup_url`.
    AwaitingCard,
    /// It charges the card whenever the credit that is free falls below the threshold.
    Active,
    /// A card was declined, or could not be asked: it goes on at `paused_until`.
    Paused,
}

/// The card that is charged.
#[derive(ToSchema)]
pub struct LeftCard {
    /// `visa`, `mastercard` …
    #[schema(required)]
    pub brand: Option<String>,
    /// Its last four digits.
    #[schema(required)]
    pub last4: Option<String>,
}

/// What an account has agreed to.
#[derive(ToSchema)]
pub struct AutoTopup {
    /// `auto_topup`.
    pub object: String,
    /// How it stands.
    pub state: AutoTopupState,
    /// Why it is off or paused: `switched_off`, `authentication_required` (the bank wants its customer's word each time),
    /// `card_declined`, `declined_repeatedly`, `card_removed`, `disputed`, `unavailable`, `tax_needs_checkout` (tax comes on top of
    /// what is sold by now).
    #[schema(required)]
    pub reason: Option<String>,
    /// Below which free credit the card is charged.
    #[schema(required)]
    pub threshold: Option<Nanos>,
    /// The credit that each top-up brings.
    #[schema(required)]
    pub amount: Option<Nanos>,
    /// What the card is charged with for it: the amount, and the fee as it was when this was agreed to.
    #[schema(required)]
    pub charge: Option<Nanos>,
    /// What is charged in a calendar month (UTC) at most.
    #[schema(required)]
    pub monthly_cap: Option<Nanos>,
    /// How many top-ups there are in 24 hours at most.
    #[schema(required)]
    pub daily_limit: Option<i64>,
    /// What was charged this month.
    pub charged_this_month: Nanos,
    /// The card that was left for it.
    #[schema(required)]
    pub card: Option<LeftCard>,
    /// Until when it pauses.
    #[schema(required)]
    pub paused_until: Option<Timestamp>,
    /// When it was agreed to.
    #[schema(required)]
    pub consented_at: Option<Timestamp>,
    /// Where a card is left, right after this was asked for.
    #[schema(required)]
    pub setup_url: Option<String>,
}

/// What is agreed to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(
    json!({"enabled": true, "consent": true, "threshold": 5, "amount": 25, "monthly_cap": 200}),
    json!({"enabled": false})
))]
pub struct NewAutoTopup {
    /// Whether the card is charged at all.
    enabled: bool,
    /// `true`: the card may be charged with `amount` and the fee, without being asked again, whenever the free credit is below
    /// `threshold`, up to `monthly_cap` a month.
    #[serde(default)]
    consent: bool,
    /// Dollars, above 0.
    #[schema(maximum = 1000)]
    threshold: Option<Nanos>,
    /// Dollars of credit, in whole cents.
    #[schema(minimum = 5, maximum = 1000)]
    amount: Option<Nanos>,
    /// Dollars, in whole cents: at least what one top-up is charged with.
    #[schema(maximum = 10000)]
    monthly_cap: Option<Nanos>,
    /// How many top-ups there are in 24 hours at most.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 10, default = 10)]
    daily_limit: Option<Integer>,
    /// Another card in place of the one that was left.
    #[serde(default)]
    new_card: bool,
    /// Where one comes back to after a card was left.
    #[schema(pattern = "^https?://", max_length = 2000)]
    success_url: Option<String>,
    /// Where one comes back to without leaving a card.
    #[schema(pattern = "^https?://", max_length = 2000)]
    cancel_url: Option<String>,
}

#[derive(Deserialize)]
struct Set {
    auto_topup: Box<RawValue>,
    account_id: Option<uuid::Uuid>,
    #[serde(default)]
    due: bool,
    page: Option<Wanted>,
}

#[derive(Deserialize)]
struct Shown {
    auto_topup: Box<RawValue>,
    page: Option<String>,
}

fn answer(topup: &RawValue, page: Option<&str>) -> Result<Response> {
    let with_page = || {
        let mut topup: Object<'_> = serde_json::from_str(topup.get())?;
        topup.set("setup_url", &page)?;
        to_raw_value(&topup)
    };
    Ok(private(&with_page().map_err(|error| malformed(&error))?))
}

fn needed(param: &'static str) -> Error {
    Error::invalid(param, format!("To turn auto top-up on, `{param}` is needed."))
}

/// An amount of cents within these.
fn within(param: &'static str, amount: Option<Nanos>, least: i64, most: i64) -> Result<i64> {
    let cents = cents(param, amount.ok_or_else(|| needed(param))?)?;
    if !(least..=most).contains(&cents) {
        return Err(Error::invalid(param, format!("`{param}` is from {} to {} dollars.", least / 100, most / 100)));
    }
    Ok(cents)
}

/// `GET /user/auto-topup`: what is agreed to, and how it stands. Whoever comes back from leaving a card finds it there.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/auto-topup", tag = "money", responses((status = 200, body = AutoTopup)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let mut shown: Shown = caller.rpc(&app, "get_auto_topup", json!({})).await?;
    if let Some(page) = &shown.page {
        match look_at(&app, page).await {
            Ok(true) => shown = caller.rpc(&app, "get_auto_topup", json!({})).await?,
            Ok(false) => {}
            // An event tells of it later.
            Err(error) => tracing::warn!(%error, "a page for a card cannot be looked at"),
        }
    }
    answer(&shown.auto_topup, None)
}

/// `PUT /user/auto-topup`: turns it on, with the account's consent, or off. Without a card, or for another one, it answers where
/// to leave it. Where the credit is below the threshold already, the card is charged at once.
///
/// # Errors
/// The refusals of key validation; 400 for amounts out of range, and without consent; 403 `payments_blocked`; 409
/// `tax_needs_checkout` where tax comes on top of what is sold; 429 `too_many_attempts`; 503 `payment_unavailable`.
#[utoipa::path(put, path = "/user/auto-topup", tag = "money", request_body = NewAutoTopup, responses(
        (status = 200, body = AutoTopup),
        (status = 403, description = "`insufficient_scope`, `account_disabled`, `ip_not_allowed`, `domain_not_allowed`, `payments_blocked`"),
        (status = 409, description = "`tax_needs_checkout`"),
        (status = 429, description = "`too_many_attempts`"),
        (status = 503, description = "`payment_unavailable`, `service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn set(
    State(app): State<SharedApp>,
    caller: Caller,
    invocation: Invocation,
    input: Input<NewAutoTopup>,
) -> Result<Response> {
    let wanted = input.body;
    let left = return_to("success_url", wanted.success_url, usual(&app, "card_left"))?;
    let back = return_to("cancel_url", wanted.cancel_url, usual(&app, "canceled"))?;
    if !wanted.enabled {
        let set: Set = caller.rpc(&app, "set_auto_topup", json!({"request": {"enabled": false}})).await?;
        return answer(&set.auto_topup, None);
    }
    if app.config.stripe_tax {
        return Err(Error::new(Code::TaxNeedsCheckout));
    }
    if !wanted.consent {
        let message = "To turn auto top-up on, `consent` is true: the card may be charged without being asked again.";
        return Err(Error::invalid("consent", message));
    }
    let threshold = wanted.threshold.ok_or_else(|| needed("threshold"))?;
    if !(1..=LARGEST_THRESHOLD).contains(&threshold.0) {
        return Err(Error::invalid("threshold", "`threshold` is above 0 and at most 1000 dollars."));
    }
    let amount = within("amount", wanted.amount, *AMOUNTS.start(), *AMOUNTS.end())?;
    let monthly_cap = within("monthly_cap", wanted.monthly_cap, *AMOUNTS.start(), LARGEST_CAP)?;
    let daily_limit = wanted.daily_limit.unwrap_or(Integer(MOST_A_DAY));
    if !(1..=MOST_A_DAY).contains(&daily_limit.0) {
        return Err(Error::invalid("daily_limit", format!("`daily_limit` is a number from 1 to {MOST_A_DAY}.")));
    }
    let request = json!({"enabled": true, "threshold": threshold.0, "amount": amount, "monthly_cap": monthly_cap,
        "daily_limit": daily_limit, "fee": app.config.topup_fee, "new_card": wanted.new_card,
        "livemode": configured(&app.config.stripe)?.livemode});
    let set: Set = caller.rpc(&app, "set_auto_topup", json!({ "request": request })).await?;
    if let (true, Some(account)) = (set.due, set.account_id) {
        invocation.tasks.spawn(async move { top_up(&app, account).await });
        return answer(&set.auto_topup, None);
    }
    match set.page {
        Some(page) => {
            let (topup, url) = card::page(&app, &caller, page, (&left, &back)).await?;
            answer(&topup, url.as_deref())
        }
        None => answer(&set.auto_topup, None),
    }
}
