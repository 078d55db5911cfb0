//! `/trial/status`, `/trial/start`: a person's one trial.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{IdempotencyKey, Input};
use crate::error::Result;
use crate::money::Nanos;

/// How a trial stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrialState {
    /// It can be begun.
    Available,
    /// It is running.
    Active,
    /// It is over.
    Ended,
    /// Its person has had it with another account.
    Used,
    /// Nobody has signed in to the account yet, so that it is nobody's.
    Unproven,
}

/// An account's trial.
#[derive(ToSchema)]
#[schema(as = AccountTrial)]
pub struct Trial {
    /// `trial`.
    pub object: String,
    /// How it stands.
    pub status: TrialState,
    /// When it began.
    #[schema(required)]
    pub begun_at: Option<Timestamp>,
    /// When it ends.
    #[schema(required)]
    pub ends_at: Option<Timestamp>,
    /// The requests that it still covers.
    #[schema(required)]
    pub requests_left: Option<i64>,
    /// The credit that came with it.
    #[schema(required)]
    pub credits: Option<Nanos>,
    /// What of that is left.
    #[schema(required)]
    pub credits_left: Option<Nanos>,
    /// When the account first paid for something.
    #[schema(required)]
    pub converted_at: Option<Timestamp>,
}

/// Nothing: there is one trial.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
pub struct NewTrial {}

/// `GET /trial/status`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/trial/status", tag = "plans", responses((status = 200, body = Trial)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let trial: Box<RawValue> = caller.rpc(&app, "get_trial", json!({})).await?;
    Ok(answer::private(&trial))
}

/// `POST /trial/start`: for accounts that came without one. With `Idempotency-Key` safe to repeat.
///
/// # Errors
/// The refusals of key validation; 403 `identity_required`; 409 `trial_used`: a person has one, ever; `trials_used_up`: the operator's
/// budget of trials is.
#[utoipa::path(post, path = "/trial/start", tag = "plans", request_body = NewTrial, params(IdempotencyKey), responses(
        (status = 200, body = Trial),
        (status = 403, description = "`insufficient_scope`, `account_disabled`, `ip_not_allowed`, `domain_not_allowed`, `identity_required`"),
        (status = 409, description = "`trial_used`, `trials_used_up`, `idempotency_conflict`")))]
pub async fn start(State(app): State<SharedApp>, caller: Caller, input: Input<NewTrial>) -> Result<Response> {
    let trial: Box<RawValue> = caller.rpc(&app, "start_trial", json!({ "idempotency": input.idempotency })).await?;
    Ok(answer::private(&trial))
}
