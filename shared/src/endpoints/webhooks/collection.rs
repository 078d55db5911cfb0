//! `/user/webhooks`: new webhooks, each with a secret that is shown this once, and all of them.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::shown::{MadeWebhook, show_secret};
use super::{Webhook, WebhookEvent, check_events, check_url};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Input, Name, check_name};
use crate::error::Result;
use crate::keyring;
use crate::webhooks::secret;

/// Where an account wants to be told what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"url": "https://example.com/webhooks", "events": ["payment.succeeded", "balance.low"]})))]
pub struct NewWebhook {
    /// Where: https, on the public internet, on the port 443 or one from 1024 up.
    #[schema(max_length = 2048, pattern = "^https://")]
    url: String,
    /// What it is for; it decides nothing.
    #[schema(value_type = Option<Name>)]
    description: Option<String>,
    /// Of what it is told.
    #[schema(min_items = 1)]
    events: Vec<WebhookEvent>,
}

/// `POST /user/webhooks`: makes a webhook, and shows this once what its deliveries are signed with. An account has ten at most.
///
/// # Errors
/// The refusals of key validation; 400 for an address that is not on the public internet; 409 `too_many_webhooks`; 503 without a
/// keyring.
#[utoipa::path(post, path = "/user/webhooks", tag = "account", request_body = NewWebhook, responses(
    (status = 200, body = MadeWebhook), (status = 409, description = "`too_many_webhooks`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewWebhook>) -> Result<Response> {
    let NewWebhook { url, description, events } = input.body;
    check_url(&app, &url)?;
    check_name("description", description.as_deref())?;
    check_events(&events)?;
    let secret = secret::generate()?;
    let sealed = keyring::seal(&app, &secret)?;
    let request = json!({
        "url": url, "description": description, "events": events, "ciphertext": sealed.ciphertext, "version": sealed.version,
    });
    let made: Box<RawValue> = caller.rpc(&app, "create_webhook", json!({ "request": request })).await?;
    Ok(answer::private(&show_secret(&made, &secret)?))
}

/// `GET /user/webhooks`: the account's webhooks, oldest first.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/webhooks", tag = "account", responses((status = 200, body = Page<Webhook>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let webhooks: Box<RawValue> = caller.rpc(&app, "list_webhooks", json!({})).await?;
    Ok(answer::private(&webhooks))
}
