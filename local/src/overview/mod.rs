//! `/_local`: what runs on this machine in the place of a deployment's services, and what is going on in it. For people a page
//! that renews itself; for programs JSON.

mod page;

use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

use crate::database::Database;
use crate::mailbox::Mailbox;
use crate::pages;
use crate::stripe::Stripe;

/// What runs in the place of a service, or that the service itself is used.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Service {
    /// What it is for.
    pub what: &'static str,
    /// Who does it.
    pub by: String,
    /// Where it is, as far as one may go there.
    pub address: Option<String>,
}

/// What is shown.
#[derive(Clone)]
pub(crate) struct Overview {
    pub services: Vec<Service>,
    pub database: Database,
    pub mailbox: Mailbox,
    /// The stand-in, if payments go there.
    pub stripe: Option<Stripe>,
    /// Whether tokens of Privy's stand-in can be had.
    pub hands_out_tokens: bool,
}

/// The newest calls, and how much there is of what.
const STATE: &str = "select jsonb_build_object(
    'accounts', (select count(*) from gateway.accounts),
    'keys', (select count(*) from gateway.api_keys where revoked_at is null),
    'running', (select count(*) from gateway.holds),
    'calls', coalesce((
      select jsonb_agg(to_jsonb(call)) from (
        select finished_at, model, provider, outcome, error_code, stream, prompt_tokens + completion_tokens as tokens,
               cost, duration_ms
        from gateway.requests where finished_at > now() - interval '1 day' order by finished_at desc limit 10) as call),
      '[]'))";

impl Overview {
    /// The page, and what renews it.
    pub fn pages(self) -> Router {
        let script = || async { ([(header::CONTENT_TYPE, "text/javascript")], include_str!("live.js")) };
        Router::new().route("/_local", get(show)).route("/_local/live.js", get(script)).with_state(self)
    }

    /// All of it, as it is now.
    async fn state(&self) -> Result<Value, String> {
        let found = self.database.query(STATE, &[]).await.map_err(|error| error.to_string())?;
        let mut state: Value = found.first().map(|row| row.get(0)).unwrap_or_default();
        state["services"] = json!(self.services);
        let mails = self.mailbox.messages();
        state["mails"] = json!(mails.len());
        let newest = mails.iter().rev().take(5);
        state["newest_mails"] = newest.map(|mail| json!({ "subject": mail.subject, "to": mail.to })).collect();
        if let Some(stripe) = &self.stripe {
            let kinds = ["checkout.session", "payment_intent", "subscription", "refund", "dispute", "event"];
            state["stripe"] = kinds.iter().map(|kind| ((*kind).to_owned(), json!(stripe.count(kind)))).collect();
        }
        Ok(state)
    }
}

async fn show(State(overview): State<Overview>, headers: HeaderMap) -> Response {
    let state = match overview.state().await {
        Ok(state) => state,
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, error).into_response(),
    };
    if pages::wants_json(&headers) {
        return Json(state).into_response();
    }
    Html(page::of(&state, overview.hands_out_tokens)).into_response()
}
