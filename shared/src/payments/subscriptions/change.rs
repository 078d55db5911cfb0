//! What becomes of a plan that is bought: it ends with its period or goes on, becomes a dearer one now or a smaller one with its
//! period. The last word holds: what was to come before it does not.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::asked::seen;
use super::{Months, price_of};
use crate::app::App;
use crate::caller::Caller;
use crate::config::configured;
use crate::error::{Code, Error, Result};
use crate::stripe::{StripeError, billing, client, schedules, subscriptions};

/// What a caller wants of a subscription.
pub enum Change<'a> {
    /// That it ends with its period.
    Cancel,
    /// That it goes on as it is, after all.
    Resume,
    /// That it becomes this plan, paid for so long at once.
    Become(&'a str, Months),
}

/// What Stripe is asked for, as the database has decided.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    Cancel,
    Resume,
    Upgrade,
    Downgrade,
}

#[derive(Deserialize)]
struct Changing {
    subscription: Box<RawValue>,
    id: String,
    item: Option<String>,
    how: How,
    pending: bool,
    attempt: String,
}

/// Changes a subscription of the caller's, the newest unless one is named. What is so already stays.
///
/// # Errors
/// 404 for another's, and for none; the refusals of `begin_subscription_change`; `card_declined`; `payment_unavailable`.
pub async fn change(
    app: &App,
    caller: &Caller,
    subscription: Option<&str>,
    wanted: Change<'_>,
) -> Result<Box<RawValue>> {
    configured(&app.config.stripe)?;
    let (word, becomes) = match wanted {
        Change::Cancel => ("cancel", None),
        Change::Resume => ("resume", None),
        Change::Become(plan, months) => ("change", Some((plan, months))),
    };
    let (plan, months) = becomes.map(|(plan, Months(months))| (plan, months)).unzip();
    let request = json!({"change": word, "subscription": subscription, "plan": plan, "months": months});
    let changing: Changing = caller.rpc(app, "begin_subscription_change", json!({ "request": request })).await?;
    if !changing.pending {
        return Ok(changing.subscription);
    }
    let price = match becomes {
        Some((plan, months)) => Some((price_of(app, plan, months).await?, months)),
        None => None,
    };
    let at = Timestamp::now();
    let asked = ask(app, &changing, price.as_ref().map(|(price, months)| (price.as_str(), *months))).await;
    let seen = match &asked {
        Ok(object) => json!(seen(subscriptions::subscription(object, at))?),
        Err(StripeError::Refused { .. }) => Value::Null,
        Err(_) => return Err(asked.err().map_or_else(|| Error::new(Code::InternalError), Into::into)),
    };
    let arguments = json!({ "subscription": changing.id, "seen": seen });
    let subscription: Box<RawValue> = caller.rpc(app, "finish_subscription_change", arguments).await?;
    match asked {
        Ok(_) => Ok(subscription),
        Err(StripeError::Refused { status: 402, .. }) => Err(Error::new(Code::CardDeclined)),
        Err(error) => Err(error.into()),
    }
}

/// Changes it at Stripe, as far as that is not done: an earlier attempt may have been heard of by nobody. Answers how it is then.
async fn ask(app: &App, changing: &Changing, price: Option<(&str, Months)>) -> Result<Value, StripeError> {
    let id = &changing.id;
    match (changing.how, price) {
        (How::Cancel, _) => end_with_period(app, id, true).await,
        (How::Upgrade, Some((price, _))) => upgrade(app, changing, price).await,
        (How::Downgrade, Some((price, months))) => {
            let now = client::send(app, schedules::subscription(id), None).await?;
            become_with_period(app, &now, price, months).await
        }
        (How::Resume, _) | (_, None) => end_with_period(app, id, false).await,
    }
}

/// Lets a subscription end with its period, or go on as it is. What a schedule manages cannot be told, so it is released.
///
/// # Errors
/// What Stripe refuses, or does not answer.
pub(super) async fn end_with_period(app: &App, subscription: &str, ends: bool) -> Result<Value, StripeError> {
    let now = client::send(app, schedules::subscription(subscription), None).await?;
    release(app, &now).await?;
    client::send(app, billing::end_with_period(subscription, ends), None).await
}

async fn release(app: &App, subscription: &Value) -> Result<(), StripeError> {
    match schedules::of(subscription) {
        Some(schedule) => client::send(app, schedules::release(schedule), None).await.map(|_| ()),
        None => Ok(()),
    }
}

async fn upgrade(app: &App, changing: &Changing, price: &str) -> Result<Value, StripeError> {
    let now = client::send(app, schedules::subscription(&changing.id), None).await?;
    let item = &now["items"]["data"][0];
    if item["price"]["id"] == price {
        return Ok(now);
    }
    release(app, &now).await?;
    let item = item["id"].as_str().or(changing.item.as_deref()).unwrap_or_default();
    let key = format!("upgrade-{}", changing.attempt);
    let asked = client::send(app, billing::upgrade(&changing.id, item, price), Some(&key)).await;
    // A card that is declined has changed nothing: the smaller plan that was to come still does.
    if let (Err(StripeError::Refused { .. }), Ok(Some(next))) = (&asked, subscriptions::next_price(&now)) {
        let mut released = now.clone();
        released["schedule"] = Value::Null;
        let months = Months(if next.months == Some(12) { 12 } else { 1 });
        become_with_period(app, &released, &next.id, months).await?;
    }
    asked
}

/// Lets a subscription become another plan with its period, by a schedule at Stripe.
async fn become_with_period(app: &App, now: &Value, price: &str, months: Months) -> Result<Value, StripeError> {
    let id = now["id"].as_str().unwrap_or_default();
    if !now["cancel_at"].is_null() || now["cancel_at_period_end"] == true {
        end_with_period(app, id, false).await?;
    }
    let schedule = match &now["schedule"] {
        Value::Null => match client::send(app, schedules::of_subscription(id), None).await {
            // Of two at once one has made it.
            Err(StripeError::Refused { .. }) => {
                client::send(app, schedules::subscription(id), None).await?["schedule"].clone()
            }
            made => made?,
        },
        there => there.clone(),
    };
    let change = schedules::change_with_period(&schedule, now, price, months.0);
    let change = change.ok_or_else(|| StripeError::Unknown("a schedule lacks its phase".to_owned()))?;
    client::send(app, change, None).await?;
    client::send(app, schedules::subscription(id), None).await
}
