//! The page at which a customer manages what it buys (<https://docs.stripe.com/customer-management>): it changes to a dearer price
//! now, to a cheaper one with the period.

use serde_json::{Value, json};

use super::form::Form;
use super::objects::Objects;
use super::prices;
use super::refusal::Refusal;
use super::subscriptions::{self, item, shown};

/// `POST /v1/billing_portal/sessions`.
pub(super) fn visit(objects: &mut Objects, form: &Form) -> Result<Value, Refusal> {
    let customer = objects.get("customer", form.text("customer").unwrap_or_default())?;
    let configuration = match form.text("configuration") {
        Some(id) => objects.get("billing_portal.configuration", id)?["id"].clone(),
        None => json!("bpc_default"),
    };
    let id = Objects::id("bps");
    let visit = json!({
        "id": id, "object": "billing_portal.session", "configuration": configuration, "created": objects.now(), "customer": customer["id"],
        "flow": null, "livemode": false, "locale": null, "on_behalf_of": null, "return_url": form.text("return_url"),
        "url": format!("{}/_local/stripe/portal/{id}", objects.pages)});
    Ok(objects.add(visit))
}

/// What the visitor does to a subscription: `cancel`, `resume`, `change` (price, by its name) or `card`.
pub(super) fn act(objects: &mut Objects, act: &str, id: &str, form: &Form) -> Result<Value, Refusal> {
    let subscription = objects.get("subscription", id)?;
    match act {
        "cancel" | "resume" => {
            let subscription = subscriptions::released(objects, id)?;
            Ok(shown(&subscriptions::end_with_period(objects, &subscription, act == "cancel")))
        }
        "end" => subscriptions::cancel_now(objects, id, "cancellation_requested"),
        "card" => subscriptions::pay_with(objects, id, form.text("card").unwrap_or_default()),
        "change" => {
            let name = form.text("price").unwrap_or_default();
            let price = objects.of_kind("price").find(|price| price["lookup_key"] == name).cloned();
            let price = price.ok_or_else(|| Refusal::missing("price", name))?;
            let former = &item(&subscription)["price"];
            let monthly = |price: &Value| prices::cents(price) / prices::months(price).max(1);
            let smaller = monthly(&price) < monthly(former) && prices::months(&price) <= prices::months(former)
                || prices::months(&price) < prices::months(former);
            if smaller {
                return subscriptions::change_with_period(objects, id, price["id"].as_str().unwrap_or_default());
            }
            let subscription = subscriptions::released(objects, id)?;
            subscriptions::begin_anew(objects, &subscription, &price).map(|changed| shown(&changed))
        }
        _ => Err(Refusal::new(404, "invalid_request_error", "url_invalid", "There is no such act.")),
    }
}
