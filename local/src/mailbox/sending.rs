//! `POST /emails` and `POST /emails/batch` (<https://resend.com/docs/api-reference/emails/send-batch-emails>): a request that comes
//! again under its Idempotency-Key is answered as it was and done once; with another body it is a 409.

use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::accept::{Email, Refusal, accept, invalid};
use super::{Fault, KEY_LIFE, Known, Mailbox, status};

/// Resend's limit on the mails of a batch.
const MOST: usize = 100;

/// The longest Idempotency-Key.
const LONGEST_KEY: usize = 256;

pub(super) async fn one(State(mailbox): State<Mailbox>, headers: HeaderMap, body: Bytes) -> Response {
    answer(&mailbox, &headers, &body, || {
        let email: Email = serde_json::from_slice(&body).map_err(|error| invalid(&error.to_string()))?;
        let message = accept(email)?;
        let told = json!({ "id": message.id });
        mailbox.lock().keep(message);
        Ok(told)
    })
}

pub(super) async fn batch(State(mailbox): State<Mailbox>, headers: HeaderMap, body: Bytes) -> Response {
    let permissive = headers.get("x-batch-validation").is_some_and(|mode| mode == "permissive");
    answer(&mailbox, &headers, &body, || {
        let emails: Vec<Email> = serde_json::from_slice(&body).map_err(|error| invalid(&error.to_string()))?;
        if !(1..=MOST).contains(&emails.len()) {
            return Err(invalid("a batch has 1 to 100 mails"));
        }
        let (mut good, mut errors) = (Vec::new(), Vec::new());
        for (index, email) in emails.into_iter().enumerate() {
            match accept(email) {
                Ok(message) => good.push(message),
                Err(Refusal(.., message)) if permissive => errors.push(json!({ "index": index, "message": message })),
                Err(refusal) => return Err(refusal),
            }
        }
        let ids: Vec<Value> = good.iter().map(|message| json!({ "id": message.id })).collect();
        let mut state = mailbox.lock();
        good.into_iter().for_each(|message| state.keep(message));
        Ok(if errors.is_empty() { json!({ "data": ids }) } else { json!({ "data": ids, "errors": errors }) })
    })
}

/// Answers a request, with what it hears of the limit.
fn answer(
    mailbox: &Mailbox,
    headers: &HeaderMap,
    body: &[u8],
    act: impl FnOnce() -> Result<Value, Refusal>,
) -> Response {
    let standing = mailbox.lock().rate.as_mut().map(|window| window.admit(Instant::now()));
    let answered = if standing.is_some_and(|standing| !standing.admitted) {
        Err(Refusal::named(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded"))
    } else {
        once(mailbox, headers, body, act)
    };
    let mut response = answered.map_or_else(IntoResponse::into_response, |told| Json(told).into_response());
    if let Some(standing) = standing {
        standing.tell(response.headers_mut());
    }
    response
}

/// Does what a request wants unless it was done before.
fn once(
    mailbox: &Mailbox,
    headers: &HeaderMap,
    body: &[u8],
    act: impl FnOnce() -> Result<Value, Refusal>,
) -> Result<Value, Refusal> {
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let key = key.ok_or_else(|| Refusal::named(StatusCode::UNAUTHORIZED, "missing_api_key"))?;
    if key != &*mailbox.key {
        return Err(Refusal::named(StatusCode::FORBIDDEN, "invalid_api_key"));
    }
    let idempotency = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    if idempotency.as_ref().is_some_and(|key| !(1..=LONGEST_KEY).contains(&key.len())) {
        return Err(Refusal::named(StatusCode::BAD_REQUEST, "invalid_idempotency_key"));
    }
    let fault = {
        let mut state = mailbox.lock();
        state.requests += 1;
        state.faults.pop_front()
    };
    if let Some(Fault::Refuse(code, name)) = fault {
        return Err(Refusal::named(status(code), name));
    }
    let known = {
        let mut state = mailbox.lock();
        state.known.retain(|_, known| known.at.elapsed() < KEY_LIFE);
        let known = idempotency.as_ref().and_then(|key| state.known.get(key));
        known.map(|known| (known.body == body).then(|| known.answer.clone()))
    };
    let told = match known {
        Some(Some(told)) => told,
        Some(None) => return Err(Refusal::named(StatusCode::CONFLICT, "invalid_idempotent_request")),
        None => {
            let told = act()?;
            if let Some(key) = idempotency {
                let known = Known { body: body.to_vec(), answer: told.clone(), at: Instant::now() };
                mailbox.lock().known.insert(key, known);
            }
            told
        }
    };
    if matches!(fault, Some(Fault::LoseAnswer)) {
        return Err(Refusal::named(StatusCode::BAD_GATEWAY, "internal_server_error"));
    }
    Ok(told)
}
