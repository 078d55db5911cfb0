//! `/v1/…`: who may ask, in which version, how often, and what of.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde_json::{Value, json};

use super::form::Form;
use super::objects::{Loss, Objects};
use super::parameters::{self, check};
use super::refusal::Refusal;
use super::{billing, checkout, customers, events, intents, methods, refunds, setup};

/// From this version on `payment_method_types` is refused (<https://docs.stripe.com/changelog/endive>).
const ENDIVE: &str = "2026-09-30";
/// The longest Idempotency-Key.
const LONGEST_KEY: usize = 255;

#[derive(Clone)]
pub(super) struct State {
    pub key: Arc<str>,
    pub objects: Arc<Mutex<Objects>>,
}

pub(super) fn router(state: State) -> Router {
    Router::new().fallback(serve).with_state(state)
}

async fn serve(Shared(state): Shared<State>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let id = Objects::id("req");
    let mut response = answer(&state, &id, &method, &uri, &headers, &body).unwrap_or_else(Refusal::into_response);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("request-id", id);
    }
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The key, as a bearer token or as the name of Basic.
fn presented(headers: &HeaderMap) -> Option<String> {
    let value = text(headers, "authorization")?;
    if let Some(basic) = value.strip_prefix("Basic ") {
        let decoded = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
        return Some(decoded.split(':').next().unwrap_or_default().to_owned());
    }
    value.strip_prefix("Bearer ").map(str::to_owned)
}

fn authorize(state: &State, headers: &HeaderMap) -> Result<(), Refusal> {
    let unauthorized = |message: &str| Refusal::new(401, "invalid_request_error", "api_key_invalid", message);
    let key = presented(headers).ok_or_else(|| unauthorized("You did not provide an API key."))?;
    if key.starts_with("sk_live_") || key.starts_with("rk_live_") {
        return Err(unauthorized("This is no place for a live key."));
    }
    if key != *state.key {
        return Err(unauthorized("Invalid API Key provided."));
    }
    Ok(())
}

/// Whether the version that a request names has endive's rules; without one the account's own, an older one, holds.
fn is_endive(headers: &HeaderMap) -> Result<bool, Refusal> {
    let Some(version) = text(headers, "stripe-version") else { return Ok(false) };
    let date = version.split('.').next().unwrap_or_default();
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if !is_date {
        return Err(Refusal::new(
            400,
            "invalid_request_error",
            "invalid_api_version",
            &format!("Invalid Stripe API version: {version}"),
        ));
    }
    Ok(date >= ENDIVE)
}

fn answer(
    state: &State,
    id: &str,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response, Refusal> {
    authorize(state, headers)?;
    let endive = is_endive(headers)?;
    let invalid = || Refusal::state("invalid_form", "Invalid request: the body or the query is no form.");
    let raw = match *method {
        Method::POST => std::str::from_utf8(body).map_err(|_| invalid())?,
        _ => uri.query().unwrap_or_default(),
    };
    let is_form =
        text(headers, "content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if *method == Method::POST && !body.is_empty() && !is_form {
        return Err(invalid());
    }
    let mut form = Form::read(raw).ok_or_else(invalid)?;
    let types = form.0.keys().find(|name| name.starts_with("payment_method_types")).cloned();
    if let Some(name) = types {
        if endive {
            let message = "`payment_method_types` is no longer supported; use `allowed_payment_method_types`.";
            return Err(Refusal::parameter("payment_method_types_no_longer_supported", &name, message));
        }
        form.0.retain(|name, _| !name.starts_with("payment_method_types"));
    }
    let path = uri.path();
    let key = text(headers, "idempotency-key").filter(|_| *method == Method::POST);
    if key.is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY) {
        return Err(Refusal::state("idempotency_key_invalid", "An Idempotency-Key has 1 to 255 characters."));
    }
    let mut objects = state.objects.lock().unwrap_or_else(PoisonError::into_inner);
    let is_lost = *method != Method::GET && objects.losses.1 > 0;
    let lost = || Refusal::new(503, "api_error", "lost", "Lost on its way.");
    if is_lost {
        objects.losses.1 -= 1;
        if objects.losses.0 == Loss::Request {
            return Err(lost());
        }
    }
    let now = objects.now();
    if let Some(key) = key
        && let Some((status, earlier)) = objects.keys.begin(key, path, &form, now)?
    {
        if is_lost {
            return Err(lost());
        }
        return Ok((status, [("idempotent-replayed", "true")], Json(earlier)).into_response());
    }
    objects.request = json!({"id": id, "idempotency_key": key});
    if *method == Method::POST {
        let version = text(headers, "stripe-version").map(str::to_owned);
        objects.requests.push((path.to_owned(), raw.to_owned(), version));
    }
    let answer = dispatch(&mut objects, method, path, &form);
    objects.request = json!({"id": null, "idempotency_key": null});
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(refusal) => (refusal.status, json!({"error": refusal.error})),
    };
    if let Some(key) = key {
        objects.keys.end(key, (status, body.clone()));
    }
    if is_lost {
        return Err(lost());
    }
    Ok((status, Json(body)).into_response())
}

/// Does what is asked for.
fn dispatch(objects: &mut Objects, method: &Method, path: &str, form: &Form) -> Result<Value, Refusal> {
    let parts: Vec<&str> = path.strip_prefix("/v1/").unwrap_or_default().split('/').collect();
    let takes = |parameters| check(form, parameters);
    match (method.as_str(), parts.as_slice()) {
        ("POST", ["customers"]) => takes(parameters::CUSTOMER).and_then(|()| customers::create(objects, form)),
        ("GET", ["customers", id]) => takes(parameters::NOTHING).and_then(|()| objects.get("customer", id)),
        ("DELETE", ["customers", id]) => customers::delete(objects, id),
        ("POST", ["checkout", "sessions"]) if form.text("mode") == Some("subscription") => {
            takes(billing::PLAN_SESSION).and_then(|()| checkout::create(objects, form))
        }
        ("POST", ["checkout", "sessions"]) if form.text("line_items[0][price]").is_some() => {
            takes(parameters::PRICED_SESSION).and_then(|()| checkout::create(objects, form))
        }
        ("GET", ["payment_pages", id]) => checkout::page(objects, id),
        ("POST", ["payment_pages", id, "confirm"]) => {
            takes(parameters::PAY_PAGE).and_then(|()| checkout::confirm(objects, id, form))
        }
        ("POST", ["checkout", "sessions"]) => takes(parameters::SESSION).and_then(|()| checkout::create(objects, form)),
        ("POST", ["checkout", "sessions", id, "expire"]) => checkout::expire(objects, id),
        ("GET", ["checkout", "sessions", id]) => takes(parameters::NOTHING)
            .and_then(|()| objects.get("checkout.session", id))
            .map(|session| checkout::shown(&session)),
        ("POST", ["payment_intents"]) => takes(parameters::INTENT)
            .and_then(|()| intents::create(objects, form))
            .map(|intent| intents::shown(&intent)),
        ("POST", ["payment_intents", id, "confirm"]) => {
            takes(parameters::CONFIRM).and_then(|()| intents::confirm(objects, id, form))
        }
        ("POST", ["payment_intents", id, "cancel"]) => intents::cancel(objects, id),
        ("GET", ["payment_intents", id]) => takes(parameters::NOTHING)
            .and_then(|()| objects.get("payment_intent", id))
            .map(|intent| intents::shown(&intent)),
        ("GET", ["payment_intents"]) => takes(parameters::LIST).map(|()| {
            let since = form.number("created[gte]");
            let all: Vec<Value> = objects
                .of_kind("payment_intent")
                .filter(|intent| form.text("customer").is_none_or(|wanted| intent["customer"] == wanted))
                .filter(|intent| since.is_none_or(|since| intent["created"].as_i64() >= Some(since)))
                .map(intents::shown)
                .collect();
            Objects::page(all.iter(), "/v1/payment_intents", form)
        }),
        ("GET", ["setup_intents", id]) => takes(parameters::NOTHING).and_then(|()| {
            let mut intent = objects.get("setup_intent", id)?;
            if form.text("expand[0]") == Some("payment_method")
                && let Some(method) = intent["payment_method"].as_str().and_then(|id| objects.find(id))
            {
                intent["payment_method"] = methods::shown(method);
            }
            Ok(intent)
        }),
        ("POST", ["payment_methods"]) => takes(parameters::METHOD).and_then(|()| methods::create(objects, form)),
        ("GET", ["payment_methods", id]) => takes(parameters::NOTHING)
            .and_then(|()| objects.get("payment_method", id))
            .map(|method| methods::shown(&method)),
        ("POST", ["payment_methods", id, "attach"]) => {
            takes(parameters::ATTACH).and_then(|()| methods::attach(objects, id, form))
        }
        ("POST", ["payment_methods", id, "detach"]) => {
            takes(parameters::NOTHING).and_then(|()| methods::detach(objects, id))
        }
        ("POST", ["refunds"]) => takes(parameters::REFUND).and_then(|()| refunds::create(objects, form)),
        ("GET", ["refunds", id]) => takes(parameters::NOTHING).and_then(|()| objects.get("refund", id)),
        ("GET", ["refunds"]) => takes(parameters::LIST).map(|()| {
            let of = |name: &str, refund: &Value| form.text(name).is_none_or(|wanted| refund[name] == wanted);
            let all = objects.of_kind("refund").filter(|refund| of("payment_intent", refund) && of("charge", refund));
            Objects::page(all, "/v1/refunds", form)
        }),
        ("GET", ["charges", id]) => takes(parameters::NOTHING).and_then(|()| objects.get("charge", id)),
        ("GET", ["disputes", id]) => takes(parameters::NOTHING).and_then(|()| objects.get("dispute", id)),
        ("GET", ["events"]) => takes(parameters::LIST).map(|()| events::list(objects, form)),
        ("GET", ["events", id]) => takes(parameters::NOTHING).and_then(|()| objects.get("event", id)),
        _ => billing::serve(objects, (method.as_str(), &parts), form)
            .or_else(|| setup::serve(objects, (method.as_str(), &parts), form))
            .unwrap_or_else(|| {
                let message = format!("Unrecognized request URL ({}: {path}).", method.as_str());
                Err(Refusal::new(404, "invalid_request_error", "url_invalid", &message))
            }),
    }
}
