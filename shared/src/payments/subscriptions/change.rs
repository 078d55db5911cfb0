//! What becomes of a subscription: it ends with its period, goes on after all, or becomes a dearer one.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Months, price_of};
use crate::app::App;
use crate::caller::Caller;
use crate::config::configured;
use crate::error::{Code, Error, Result};
use crate::stripe::{Absent, StripeError, billing, client, requests, subscriptions};

/// What a caller wants of a subscription.
pub enum Change<'a> {
    /// That it ends with its period.
    Cancel,
    /// That it does not, after all.
    Resume,
    /// That it becomes a dearer plan, or a longer one, now.
    Upgrade(&'a str, Months),
}

#[derive(Deserialize)]
struct Changing {
    subscription: Box<RawValue>,
    id: String,
    item: Option<String>,
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
    let (word, plan, months) = match &wanted {
        Change::Cancel => ("cancel", None, None),
        Change::Resume => ("resume", None, None),
        Change::Upgrade(plan, months) => ("upgrade", Some(*plan), Some(months.0)),
    };
    let request = json!({"change": word, "subscription": subscription, "plan": plan, "months": months});
    let changing: Changing = caller.rpc(app, "begin_subscription_change", json!({ "request": request })).await?;
    if !changing.pending {
        return Ok(changing.subscription);
    }
    let at = Timestamp::now();
    let asked = match wanted {
        Change::Cancel => client::send(app, billing::end_with_period(&changing.id, true), None).await,
        Change::Resume => client::send(app, billing::end_with_period(&changing.id, false), None).await,
        Change::Upgrade(plan, months) => upgrade(app, &changing, &price_of(app, plan, months).await?).await,
    };
    let seen = match &asked {
        Ok(object) => json!(read(subscriptions::subscription(object, at))?),
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

/// Upgrades, unless that is done: an earlier attempt may have been heard of by nobody.
async fn upgrade(app: &App, changing: &Changing, price: &str) -> Result<Value, StripeError> {
    let now = client::send(app, requests::get("subscriptions", &changing.id), None).await?;
    let item = &now["items"]["data"][0];
    if item["price"]["id"] == price {
        return Ok(now);
    }
    let item = item["id"].as_str().or(changing.item.as_deref()).unwrap_or_default();
    let key = format!("upgrade-{}", changing.attempt);
    client::send(app, billing::upgrade(&changing.id, item, price), Some(&key)).await
}

fn read<T>(read: std::result::Result<T, Absent>) -> Result<T> {
    read.map_err(|absent| {
        tracing::error!(path = %absent, "an answer of Stripe lacks what is needed of it");
        Error::new(Code::InternalError)
    })
}
