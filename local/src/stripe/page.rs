//! `/_local/stripe`: the buyer's page of a session, and an operator's overview. Whoever asks for JSON gets the objects.

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::HeaderMap;
use serde_json::Value;
use shared::html::escape;

use super::refusal::Refusal;
use super::{Stripe, acts, portal_page};
use crate::pages::{page, wants_json};

pub(super) const TITLE: &str = "Stripe, as a stand-in";
pub(super) const INTRODUCTION: &str = "Nothing here is real money. For programs: \
                            <code>curl -H 'accept: application/json' /_local/stripe</code> at this address.";

/// The cards that can be chosen, with what each is called.
pub(super) const CARDS: [(&str, &str); 9] = [
    ("good", "a card that pays"),
    ("declined", "one that is declined"),
    ("poor", "one without enough money"),
    ("authenticates", "one that asks its owner"),
    ("slow", "one that takes days"),
    ("disputed", "one whose bank disputes it"),
    ("inquired", "one whose bank asks about it"),
    ("refund_fails", "one to which refunds fail"),
    ("fails_later", "one that is declined when it is charged later"),
];

impl Stripe {
    /// The pages, under `/_local/stripe`.
    pub fn pages(&self) -> Router {
        Router::new()
            .route("/_local/stripe", get(overview))
            .route("/_local/stripe/signed", get(signed))
            .route("/_local/stripe/checkout/{id}", get(session))
            .route("/_local/stripe/portal/{id}", get(portal_page::visit))
            .route("/_local/stripe/{act}", post(acts::at_large))
            .route("/_local/stripe/{act}/{id}", post(acts::act))
            .with_state(self.clone())
    }

    /// How many objects of a kind there are.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.lock().of_kind(kind).count()
    }
}

/// The newest events as they are sent: for whoever tries another verifier.
async fn signed(State(stripe): State<Stripe>) -> Json<Vec<Value>> {
    let events: Vec<String> = stripe.lock().of_kind("event").take(10).map(Value::to_string).collect();
    let signed = |body: String| {
        let signature = stripe.sign(&body);
        serde_json::json!({ "body": body, "signature": signature })
    };
    Json(events.into_iter().map(signed).collect())
}

async fn session(State(stripe): State<Stripe>, Path(id): Path<String>) -> Response {
    let Some(session) = stripe.object(&id).filter(|object| object["object"] == "checkout.session") else {
        return Refusal::missing("checkout.session", &id).into_response();
    };
    let is_setup = session["mode"] == "setup";
    let mut body = if is_setup {
        "<h2>Leave a card</h2>".to_owned()
    } else {
        format!("<h2>Pay {}</h2>", dollars(&session["amount_total"]))
    };
    if session["status"] == "open" {
        let cards: String =
            CARDS.iter().map(|(name, what)| format!("<option value=\"{name}\">{what}</option>")).collect();
        body.push_str(&form(
            "pay",
            &id,
            &format!("<label>With <select name=\"card\">{cards}</select></label>"),
            if is_setup { "Leave it" } else { "Pay" },
        ));
        body.push_str(&form("expire", &id, "", "Let it expire"));
    } else {
        body.push_str(&format!("<p>It is {}.</p>", escape(session["status"].as_str().unwrap_or_default())));
    }
    Html(page(TITLE, INTRODUCTION, &body)).into_response()
}

async fn overview(State(stripe): State<Stripe>, headers: HeaderMap) -> Response {
    let objects = stripe.lock();
    if wants_json(&headers) {
        let asked: Vec<Value> = objects
            .requests
            .iter()
            .map(|(path, body, version)| serde_json::json!({"path": path, "body": body, "version": version}))
            .collect();
        let kinds = ["checkout.session", "payment_intent", "subscription", "invoice", "refund", "dispute", "event"];
        let mut all: serde_json::Map<String, Value> =
            kinds.iter().map(|kind| ((*kind).to_owned(), objects.of_kind(kind).take(100).cloned().collect())).collect();
        all.insert("requests".to_owned(), Value::Array(asked));
        return Json(all).into_response();
    }
    let mut body = String::new();
    let mut row = |object: &Value, amount: &str, forms: String| {
        let text = |name: &str| escape(object[name].as_str().unwrap_or_default());
        body.push_str(&format!(
            "<article class=\"card\"><h2>{} {}</h2><p>{}, {}</p>{forms}</article>",
            text("object"),
            text("id"),
            dollars(&object[amount]),
            text("status")
        ));
    };
    for session in objects.of_kind("checkout.session").filter(|session| session["status"] == "open").take(20) {
        let id = session["id"].as_str().unwrap_or_default();
        row(session, "amount_total", format!("<p><a href=\"/_local/stripe/checkout/{id}\">Its page</a></p>"));
    }
    for intent in objects.of_kind("payment_intent").take(20) {
        let id = intent["id"].as_str().unwrap_or_default();
        let forms = match intent["status"].as_str() {
            Some("succeeded") => {
                form("refund", id, "<label>Cents <input name=\"amount\" inputmode=\"numeric\"></label>", "Refund")
                    + &form("dispute", id, "<input type=\"hidden\" name=\"reason\" value=\"fraudulent\">", "Dispute")
            }
            Some("processing") => {
                form("settle", id, "", "Let it succeed")
                    + &form("settle", id, "<input type=\"hidden\" name=\"paid\" value=\"false\">", "Let it fail")
            }
            Some("requires_payment_method") => {
                form("pay", id, "", "Pay")
                    + &form("pay", id, "<input type=\"hidden\" name=\"card\" value=\"declined\">", "Decline")
            }
            _ => String::new(),
        };
        row(intent, "amount", forms);
    }
    for dispute in objects.of_kind("dispute").take(20) {
        let id = dispute["id"].as_str().unwrap_or_default();
        let turn = |status: &str, label: &str| {
            form("turn", id, &format!("<input type=\"hidden\" name=\"status\" value=\"{status}\">"), label)
        };
        row(dispute, "amount", turn("won", "The gateway wins") + &turn("lost", "The gateway loses"));
    }
    for subscription in objects.of_kind("subscription").take(20) {
        body.push_str(&portal_page::managed(&objects, subscription));
    }
    if body.is_empty() {
        body.push_str("<p>Nothing yet. <code>POST /api/stripe/checkout-session</code> makes a page to pay at.</p>");
    }
    body.push_str("<form method=\"post\" action=\"/_local/stripe/advance\"><label>Seconds <input name=\"seconds\" inputmode=\"numeric\" value=\"3600\"></label> <button class=\"button small\">Advance the clock</button></form>");
    Html(page(TITLE, INTRODUCTION, &body)).into_response()
}

/// A form for an act upon an object.
pub(super) fn form(act: &str, id: &str, fields: &str, label: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/_local/stripe/{act}/{}\">{fields} <button class=\"button small\">{label}</button></form>",
        escape(id)
    )
}

/// Cents as people write them.
pub(super) fn dollars(cents: &Value) -> String {
    let cents = cents.as_i64().unwrap_or_default();
    format!("${}.{:02}", cents / 100, cents % 100)
}
