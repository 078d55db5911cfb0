//! `/v1/credits`: all credit of the account, and what is used of it.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;
use crate::money::Nanos;

/// Credit, as OpenRouter's clients read it, and as Vercel's gateway client does.
#[derive(ToSchema)]
pub struct CreditsAnswer {
    /// As OpenRouter's clients read it.
    pub data: Credits,
    /// What is left, as a decimal.
    pub balance: String,
    /// What is used, as a decimal.
    pub total_used: String,
}

/// Credit that came and went. The difference is the balance.
#[derive(ToSchema)]
pub struct Credits {
    /// What the account has had, without what has lapsed or went back.
    pub total_credits: Nanos,
    /// What its calls have cost.
    pub total_usage: Nanos,
}

/// `GET /v1/credits`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/v1/credits", tag = "openrouter", responses((status = 200, body = CreditsAnswer)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let credits: Box<RawValue> = caller.rpc(&app, "get_credits", json!({})).await?;
    Ok(answer::private(&credits))
}
