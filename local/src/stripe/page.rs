//! `/_local/stripe`: the buyer's page of a session, and what an operator and a bank do. Each act is a form; whoever asks for JSON
//! gets the object that came of it.

use axum::extract::{Path, RawForm, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, header};
use serde_json::Value;
use shared::html::escape;

use super::delivery::Mishaps;
use super::form::Form;
use super::intents::Card;
use super::refusal::Refusal;
use super::{Stripe, checkout, clock, disputes, intents, methods, portal, portal_page, refunds};
use crate::pages::page;

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
            .route("/_local/stripe/{act}", post(act_at_large))
            .route("/_local/stripe/{act}/{id}", post(act))
            .with_state(self.clone())
    }

    /// What somebody does to an object: `pay` a session or an intent (card), `settle` a slow one (paid), `expire` a session,
    /// `cancel`, `resume`, `change` (price, by its name), `end` a subscription or leave another `card` for it, `cancel` an intent,
    /// `refund` (amount in cents) or `dispute` an intent (reason) or `warn` of it, `fail` a refund, `turn` a dispute (status);
    /// a card that was left can `become` another (card), or be taken away (`detach`), a product
    /// can be forgotten (`forget`).
    ///
    /// # Errors
    /// What Stripe would say.
    pub fn act(&self, act: &str, id: &str, with: &[(&str, &str)]) -> Result<Value, Refusal> {
        let form = Form(with.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
        self.perform(act, id, &form)
    }

    fn perform(&self, act: &str, id: &str, form: &Form) -> Result<Value, Refusal> {
        let mut objects = self.lock();
        let is_session = id.starts_with("cs_");
        if id.starts_with("sub_") {
            return portal::act(&mut objects, act, id, form);
        }
        let card = || match form.text("card").map(Card::named) {
            None => Ok(Card::Good),
            Some(card) => card.ok_or_else(|| Refusal::parameter("parameter_invalid", "card", "There is no such card.")),
        };
        let paid = form.text("paid") != Some("false");
        match act {
            "pay" if is_session => checkout::pay(&mut objects, id, card()?),
            "pay" => intents::pay(&mut objects, id, card()?),
            "settle" if is_session => checkout::settle(&mut objects, id, paid),
            "settle" => intents::settle(&mut objects, id, paid),
            "expire" => checkout::expire(&mut objects, id),
            "cancel" => intents::cancel(&mut objects, id),
            "refund" => {
                let mut refund = Form::default();
                refund.0.insert("payment_intent".to_owned(), id.to_owned());
                refund.0.extend(form.text("amount").map(|amount| ("amount".to_owned(), amount.to_owned())));
                refunds::create(&mut objects, &refund)
            }
            "dispute" => disputes::open(
                &mut objects,
                id,
                form.text("reason").unwrap_or("fraudulent"),
                form.text("status").unwrap_or("needs_response"),
            ),
            "forget" => {
                objects.forget(id);
                Ok(Value::Null)
            }
            "warn" => disputes::warn(&mut objects, id),
            "turn" => disputes::turn(&mut objects, id, form.text("status").unwrap_or_default()),
            "fail" => refunds::fail(&mut objects, id),
            "become" => methods::become_card(&mut objects, id, card()?),
            "detach" => methods::detach(&mut objects, id),
            _ => Err(Refusal::new(404, "invalid_request_error", "url_invalid", "There is no such act.")),
        }
    }

    /// Sets its clock forward to a moment, as RFC 3339 says it.
    ///
    /// # Errors
    /// When it is not one.
    pub fn advance_to(&self, moment: &str) -> Result<(), jiff::Error> {
        let moment: jiff::Timestamp = moment.parse()?;
        let mut objects = self.lock();
        let ahead = moment.as_second() - objects.now();
        clock::advance(&mut objects, ahead);
        Ok(())
    }

    /// Sets its clock forward. What was to happen meanwhile has happened.
    pub fn advance(&self, seconds: i64) {
        clock::advance(&mut self.lock(), seconds);
    }
}

fn wants_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("application/json"))
}

async fn act(
    State(stripe): State<Stripe>,
    Path((act, id)): Path<(String, String)>,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    let form = Form::read(&String::from_utf8_lossy(&body)).unwrap_or_default();
    let done = stripe.perform(&act, &id, &form);
    if wants_json(&headers) {
        return done.map_or_else(Refusal::into_response, |object| Json(object).into_response());
    }
    let back = |session: &Value| session["success_url"].as_str().map(|url| url.replace("{CHECKOUT_SESSION_ID}", &id));
    match done {
        Ok(session) if act == "pay" && id.starts_with("cs_") => {
            Redirect::to(&back(&session).unwrap_or_else(|| "/_local/stripe".to_owned())).into_response()
        }
        Ok(_) => Redirect::to("/_local/stripe").into_response(),
        Err(refusal) => {
            let message = refusal.error.get("message").and_then(Value::as_str).unwrap_or_default();
            let again = if id.starts_with("cs_") {
                format!("/_local/stripe/checkout/{id}")
            } else {
                "/_local/stripe".to_owned()
            };
            Html(page(
                TITLE,
                INTRODUCTION,
                &format!("<p role=\"alert\">{}</p><p><a href=\"{}\">Back</a></p>", escape(message), escape(&again)),
            ))
            .into_response()
        }
    }
}

async fn act_at_large(
    State(stripe): State<Stripe>,
    Path(act): Path<String>,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    let form = Form::read(&String::from_utf8_lossy(&body)).unwrap_or_default();
    match act.as_str() {
        "advance" => stripe.advance(form.number("seconds").unwrap_or(0)),
        "mishaps" => {
            let flag = |name: &str| form.text(name).is_some_and(|value| value != "false");
            stripe.lock().outgoing.mishaps = Mishaps {
                shuffled: flag("shuffled"),
                doubled: flag("doubled"),
                dropped: flag("dropped"),
                delay: form.number("delay").and_then(|delay| u64::try_from(delay).ok()).unwrap_or_default(),
            };
        }
        _ => return Refusal::new(404, "invalid_request_error", "url_invalid", "There is no such act.").into_response(),
    }
    if wants_json(&headers) {
        Json(Value::Null).into_response()
    } else {
        Redirect::to("/_local/stripe").into_response()
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
            "<article><h2>{} {}</h2><p>{}, {}</p>{forms}</article>",
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
    body.push_str("<form method=\"post\" action=\"/_local/stripe/advance\"><label>Seconds <input name=\"seconds\" inputmode=\"numeric\" value=\"3600\"></label> <button>Advance the clock</button></form>");
    Html(page(TITLE, INTRODUCTION, &body)).into_response()
}

/// A form for an act upon an object.
pub(super) fn form(act: &str, id: &str, fields: &str, label: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/_local/stripe/{act}/{}\">{fields} <button>{label}</button></form>",
        escape(id)
    )
}

/// Cents as people write them.
pub(super) fn dollars(cents: &Value) -> String {
    let cents = cents.as_i64().unwrap_or_default();
    format!("${}.{:02}", cents / 100, cents % 100)
}
