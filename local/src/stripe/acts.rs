//! What somebody does to the objects, at `/_local/stripe/{act}` or by a test: a buyer, an operator, a bank, the time. Each act is a
//! form; whoever asks for JSON gets the object that came of it.

use axum::Json;
use axum::extract::{Path, RawForm, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::HeaderMap;
use serde_json::Value;
use shared::html::escape;

use super::delivery::Mishaps;
use super::form::Form;
use super::intents::Card;
use super::page::{INTRODUCTION, TITLE};
use super::refusal::Refusal;
use super::{Stripe, checkout, clock, disputes, intents, methods, portal, refunds};
use crate::pages::{page, wants_json};

impl Stripe {
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

/// An act upon an object.
pub(super) async fn act(
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

/// An act upon no object: the clock, and how events are delivered.
pub(super) async fn at_large(
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
