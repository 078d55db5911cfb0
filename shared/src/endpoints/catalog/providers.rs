//! `/models/providers`: how many models each provider serves, and for how much.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;

use crate::app::SharedApp;
use crate::endpoints::answer;
use crate::error::Result;

/// `GET /models/providers`
///
/// # Errors
/// 503 when the database is away.
pub async fn list(State(app): State<SharedApp>) -> Result<Response> {
    let providers: Box<RawValue> = app.supabase()?.rpc("list_providers", &json!({})).await?;
    Ok(answer::public(&providers))
}
