//! What an event about a subscription says, with what Stripe says of it now.

use jiff::Timestamp;
use serde_json::Value;

use crate::app::App;
use crate::error::Result;
use crate::stripe::seen::Seen;
use crate::stripe::{Absent, StripeError, billing, client, requests, schedules, subscriptions};

/// What an event about a subscription or its invoice says, with what Stripe says of the subscription now: events come in any order, and
/// that is in none. Nothing of an event about something else.
///
/// # Errors
/// `payment_unavailable`.
pub async fn seen(
    app: &App,
    kind: &str,
    object: &Value,
    at: Timestamp,
) -> Result<Option<std::result::Result<Option<Seen>, Absent>>> {
    Ok(Some(match kind {
        "invoice.paid" => match subscriptions::invoice(object) {
            Ok(None) => Ok(None),
            Err(absent) => Err(absent),
            Ok(Some(_)) => invoice(app, object, at).await?,
        },
        kind if kind.starts_with("customer.subscription.") => {
            let Some(id) = object["id"].as_str() else { return Ok(Some(Err(Absent("data.object.id".to_owned())))) };
            let now = client::send(app, schedules::subscription(id), None).await?;
            subscriptions::subscription(&now, at).map(|seen| Some(Seen::Subscription(Box::new(seen))))
        }
        _ => return Ok(None),
    }))
}

/// A paid invoice with all of its lines, its subscription as it is now, and what prices it names besides.
async fn invoice(app: &App, object: &Value, at: Timestamp) -> Result<std::result::Result<Option<Seen>, Absent>> {
    let mut object = object.clone();
    let id = object["id"].as_str().unwrap_or_default().to_owned();
    while object["lines"]["has_more"] == true {
        let last = object["lines"]["data"].as_array().and_then(|lines| lines.last()?["id"].as_str()).map(str::to_owned);
        let Some(last) = last else { break };
        let page = client::send(app, billing::lines_of(&id, &last), None).await?;
        if let (Some(lines), Some(more)) = (object["lines"]["data"].as_array_mut(), page["data"].as_array()) {
            lines.extend(more.iter().cloned());
        }
        object["lines"]["has_more"] = page["has_more"].clone();
    }
    let now = match subscriptions::subscription_of(&object) {
        Some(subscription) => client::send(app, schedules::subscription(subscription), None).await?,
        None => return Ok(Ok(None)),
    };
    let mut seen = match (subscriptions::invoice(&object), subscriptions::subscription(&now, at)) {
        (Ok(Some(mut seen)), Ok(of_subscription)) => {
            seen.of_subscription = Some(of_subscription);
            seen
        }
        (Ok(None), _) => return Ok(Ok(None)),
        (Err(absent), _) | (_, Err(absent)) => return Ok(Err(absent)),
    };
    let current = seen.of_subscription.as_ref().map(|subscription| subscription.price.id.clone());
    let mut others: Vec<String> = seen.lines.iter().filter_map(|line| line.price.clone()).collect();
    others.sort();
    others.dedup();
    for other in others.into_iter().filter(|price| Some(price) != current.as_ref()) {
        match client::send(app, requests::get("prices", &other), None).await {
            Ok(price) => match subscriptions::price(&price) {
                Ok(price) => seen.prices.push(price),
                Err(absent) => return Ok(Err(absent)),
            },
            // Unless the database knows it, nothing is given for it, and the operator is told.
            Err(StripeError::Refused { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Ok(Some(Seen::Invoice(Box::new(seen)))))
}
