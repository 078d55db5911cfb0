//! The customers' page as a browser shows it.

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;
use shared::html::escape;

use super::Stripe;
use super::objects::Objects;
use super::page::{CARDS, INTRODUCTION, TITLE, dollars, form};
use super::refusal::Refusal;
use super::subscriptions::item;
use crate::pages::page;

/// The page at which a customer manages what it buys.
pub(super) async fn visit(State(stripe): State<Stripe>, Path(id): Path<String>) -> Response {
    let objects = stripe.lock();
    let Ok(visit) = objects.get("billing_portal.session", &id) else {
        return Refusal::missing("billing_portal.session", &id).into_response();
    };
    let own = objects.of_kind("subscription").filter(|one| one["customer"] == visit["customer"]);
    let mut body: String = own.map(|one| managed(&objects, one)).collect();
    let back = visit["return_url"].as_str().unwrap_or("/_local/stripe");
    body.push_str(&format!("<p><a href=\"{}\">Back</a></p>", escape(back)));
    Html(page(TITLE, INTRODUCTION, &body)).into_response()
}

/// A subscription, with what its customer can do.
pub(super) fn managed(objects: &Objects, subscription: &Value) -> String {
    let text = |value: &Value| escape(value.as_str().unwrap_or_default());
    let id = subscription["id"].as_str().unwrap_or_default();
    let end = item(subscription)["current_period_end"].as_i64().and_then(|end| jiff::Timestamp::from_second(end).ok());
    let price = &item(subscription)["price"];
    let mut forms = String::new();
    if subscription["status"] != "canceled" {
        let ends = subscription["cancel_at_period_end"] == true;
        forms += &if ends { form("resume", id, "", "Go on") } else { form("cancel", id, "", "End with the period") };
        let prices: String = objects
            .of_kind("price")
            .filter(|other| other["id"] != price["id"])
            .map(|price| format!("<option>{}</option>", text(&price["lookup_key"])))
            .collect();
        forms += &form("change", id, &format!("<label>To <select name=\"price\">{prices}</select></label>"), "Change");
        let cards: String =
            CARDS.iter().map(|(name, what)| format!("<option value=\"{name}\">{what}</option>")).collect();
        forms += &form(
            "card",
            id,
            &format!("<label>Pay with <select name=\"card\">{cards}</select></label>"),
            "Leave this card",
        );
    }
    format!(
        "<article class=\"card\"><h2>subscription {id}</h2><p>{}, {}, {}, until {}</p>{forms}</article>",
        text(&price["lookup_key"]),
        dollars(&price["unit_amount"]),
        text(&subscription["status"]),
        end.map(|end| end.to_string()).unwrap_or_default()
    )
}
