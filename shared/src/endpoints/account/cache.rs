//! `/user/cache`: the answers that are kept for whoever asks the same again.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::to_raw_value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;

/// What the SQL function `check_caller` answers.
#[derive(Deserialize)]
struct Checked {
    account_id: Uuid,
}

/// That the cached answers are gone.
#[derive(Serialize, ToSchema)]
pub struct PurgedCache {
    /// `cache`.
    #[schema(value_type = String)]
    pub object: &'static str,
    /// True.
    pub deleted: bool,
    /// How many there were.
    pub answers: u64,
}

/// `DELETE /user/cache`: forgets all answers of the account that are kept for requests that ask for them (`x-gateway-cache`). What is
/// asked from then on is asked anew.
///
/// # Errors
/// The refusals of key validation; 503 while Redis is away.
#[utoipa::path(delete, path = "/user/cache", tag = "account", responses((status = 200, body = PurgedCache)))]
pub async fn purge(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let Checked { account_id } = caller.rpc(&app, "check_caller", json!({ "scope": "inference" })).await?;
    let answers = app.limiter.forget_answers(account_id).await?;
    let purged = to_raw_value(&PurgedCache { object: "cache", deleted: true, answers });
    Ok(answer::private(&purged.map_err(|error| answer::malformed(&error))?))
}
