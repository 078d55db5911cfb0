//! `/api/resend/webhook`: addresses that take no mail.

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::config::configured;
use crate::error::{Code, Error, Result};
use crate::mail::signature::verified;
use crate::serve::Payload;

/// An event of Resend, as far as it is read.
#[derive(Deserialize, ToSchema)]
#[schema(examples(json!({"type": "email.bounced", "data": {"to": ["ann@example.com"], "bounce": {"type": "Permanent"}}})))]
pub struct MailEvent {
    /// What happened.
    r#type: String,
    /// To which mail.
    #[schema(value_type = Object)]
    data: Value,
}

/// That it was taken.
#[derive(Serialize, ToSchema)]
pub struct MailEventTaken {
    /// `applied`, `duplicate` or `ignored`.
    pub outcome: String,
}

/// The address that takes no mail any more, and why.
fn suppressed(event: &MailEvent) -> Option<(String, &'static str)> {
    let bounce = event.data.pointer("/bounce/type").and_then(Value::as_str);
    let reason = match event.r#type.as_str() {
        "email.bounced" if bounce.is_none_or(|kind| kind == "Permanent") => "bounced",
        "email.complained" => "complained",
        "email.suppressed" | "suppression.added" => "suppressed",
        _ => return None,
    };
    let to = event.data.get("to").or_else(|| event.data.get("email"))?;
    let address = to.as_str().or_else(|| to.get(0)?.as_str())?;
    let bare = address.split_once('<').map_or(address, |(_, rest)| rest.trim_end_matches('>'));
    Some((bare.to_ascii_lowercase(), reason))
}

/// `POST /api/resend/webhook`: for Resend, whose signature stands in place of a key.
///
/// # Errors
/// 400 `invalid_signature`; 503 when the database is away.
#[utoipa::path(post, path = "/api/resend/webhook", tag = "public", request_body = MailEvent,
    params(("svix-id" = String, Header, description = "The event's id."),
           ("svix-timestamp" = String, Header, description = "When it was signed."),
           ("svix-signature" = String, Header, description = "Made by Resend, under the endpoint's signing secret.")), responses(
        (status = 200, body = MailEventTaken),
        (status = 400, description = "`invalid_signature`, `invalid_json`"),
        (status = 503, description = "`service_unavailable`, `not_configured`")))]
pub async fn take(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    Payload(body): Payload,
) -> Result<Json<MailEventTaken>> {
    let secret = configured(&app.config.resend_webhook)?;
    let Some(id) = verified(&headers, &body, secret, Timestamp::now().as_second()) else {
        tracing::warn!("an event that Resend has not signed");
        return Err(
            Error::new(Code::InvalidSignature).with_message("This is not signed as Resend signs for this endpoint.")
        );
    };
    let event: MailEvent = serde_json::from_slice(&body).map_err(|_| Error::new(Code::InvalidJson))?;
    let (address, reason) = suppressed(&event).unzip();
    let event = json!({ "event": {"id": id, "address": address, "reason": reason} });
    let told: Value = app.supabase()?.rpc("take_resend_event", &event).await?;
    Ok(Json(MailEventTaken { outcome: told["outcome"].as_str().unwrap_or_default().to_owned() }))
}
