//! `/v1/endpoints/zdr`: the routes whose provider keeps nothing.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::endpoints::answer;
use crate::error::Result;

/// Routes, as OpenRouter's clients read them.
#[derive(ToSchema)]
pub struct ZdrEndpoints {
    /// The routes, as `GET /v1/models/{id}/endpoints` has them, without what was measured.
    #[schema(value_type = Vec<Object>)]
    pub data: Vec<serde_json::Value>,
}

/// `GET /v1/endpoints/zdr`: those that `provider.zdr` leaves. The operator says which they are, by `data_policy` of a route.
///
/// # Errors
/// 503 when the database is away.
#[utoipa::path(get, path = "/v1/endpoints/zdr", tag = "openrouter", responses((status = 200, body = ZdrEndpoints)))]
pub async fn list(State(app): State<SharedApp>) -> Result<Response> {
    let endpoints: Box<RawValue> = app.supabase()?.rpc("list_zdr_endpoints", &json!({})).await?;
    Ok(answer::public(&endpoints))
}
