//! `/models/providers`: how many models each provider serves, and for how much.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::endpoints::answer::{self, Page};
use crate::error::Result;
use crate::money::Nanos;

/// What a provider serves.
#[derive(ToSchema)]
pub struct ProviderSummary {
    /// Its name.
    pub id: String,
    /// `provider`.
    pub object: String,
    /// Models it serves.
    pub models: i64,
    /// Those of them that make images.
    pub image_models: i64,
    /// Those of them that cost nothing.
    pub free_models: i64,
    /// Its lowest price of a million prompt tokens.
    #[schema(required)]
    pub lowest_prompt_per_million: Option<Nanos>,
    /// Its highest.
    #[schema(required)]
    pub highest_prompt_per_million: Option<Nanos>,
}

/// `GET /models/providers`
///
/// # Errors
/// 503 when the database is away.
#[utoipa::path(get, path = "/models/providers", tag = "models", responses((status = 200, body = Page<ProviderSummary>)))]
pub async fn list(State(app): State<SharedApp>) -> Result<Response> {
    let providers: Box<RawValue> = app.supabase()?.rpc("list_providers", &json!({})).await?;
    Ok(answer::public(&providers))
}
