//! `POST /emails` and `POST /emails/batch` (<https://resend.com/docs/api-reference/emails/send-batch-emails>): a request that comes
//! again under its Idempotency-Key is answered as it was and done once; with another body it is a 409.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::accept::{Email, Refusal, accept, invalid};
use super::{Fault, Mailbox, status};

/// Resend's limit on the mails of a batch.
const MOST: usize = 100;

pub(super) async fn one(State(mailbox): State<Mailbox>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    answer(&mailbox, &headers, &body, || {
        let email: Email = serde_json::from_slice(&body).map_err(|error| invalid(&error.to_string()))?;
        let message = accept(email)?;
        let told = json!({ "id": message.id });
        mailbox.lock().keep(message);
        Ok(told)
    })
}

pub(super) async fn batch(
    State(mailbox): State<Mailbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
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

/// Does what a request wants unless it was done before.
fn answer(
    mailbox: &Mailbox,
    headers: &HeaderMap,
    body: &[u8],
    act: impl FnOnce() -> Result<Value, Refusal>,
) -> Result<Response, Refusal> {
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let key = key.ok_or_else(|| Refusal(StatusCode::UNAUTHORIZED, "missing_api_key", "no key was sent".to_owned()))?;
    if key != &*mailbox.key {
        return Err(Refusal(StatusCode::FORBIDDEN, "invalid_api_key", "the key is not valid".to_owned()));
    }
    let idempotency = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let fault = {
        let mut state = mailbox.lock();
        state.requests += 1;
        state.faults.pop_front()
    };
    if let Some(Fault::Refuse(code, name)) = fault {
        return Err(Refusal(status(code), name, "so it was wanted".to_owned()));
    }
    let known = idempotency.as_ref().and_then(|key| mailbox.lock().known.get(key).cloned());
    let told = match known {
        Some((same, told)) if same == body => told,
        Some(_) => {
            let message = "the key came with another body".to_owned();
            return Err(Refusal(StatusCode::CONFLICT, "invalid_idempotent_request", message));
        }
        None => {
            let told = act()?;
            if let Some(key) = idempotency {
                mailbox.lock().known.insert(key, (body.to_vec(), told.clone()));
            }
            told
        }
    };
    if matches!(fault, Some(Fault::LoseAnswer)) {
        return Err(Refusal(StatusCode::BAD_GATEWAY, "internal_server_error", "the answer is lost".to_owned()));
    }
    Ok(Json(told).into_response())
}
