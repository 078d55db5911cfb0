//! `/v1/providers`: who serves models.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::to_raw_value;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::endpoints::answer::{self, malformed};
use crate::error::Result;

/// Providers, as OpenRouter's clients read them.
#[derive(Serialize, ToSchema)]
pub struct OpenRouterProviders {
    /// Those that serve a model, by their names.
    data: Vec<OpenRouterProvider>,
}

/// A provider.
#[derive(Serialize, ToSchema)]
pub struct OpenRouterProvider {
    /// Its name for people.
    name: String,
    /// Its name in requests.
    slug: String,
    /// null: not known here.
    #[schema(required)]
    privacy_policy_url: Option<String>,
    /// null: not known here.
    #[schema(required)]
    terms_of_service_url: Option<String>,
    /// null: not known here.
    #[schema(required)]
    status_page_url: Option<String>,
    /// null: not known here.
    #[schema(required)]
    headquarters: Option<String>,
    /// null: not known here.
    #[schema(required)]
    datacenters: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Serving {
    data: Vec<Slug>,
}

#[derive(Deserialize)]
struct Slug {
    slug: String,
}

/// `GET /v1/providers`
///
/// # Errors
/// 503 when the database is away.
#[utoipa::path(get, path = "/v1/providers", tag = "openrouter", responses((status = 200, body = OpenRouterProviders)))]
pub async fn list(State(app): State<SharedApp>) -> Result<Response> {
    let serving: Serving = app.supabase()?.rpc("list_openrouter_providers", &json!({})).await?;
    let shown = |Slug { slug }: Slug| {
        let title = app.config.rows.named(&slug).map(|row| row.title.to_owned());
        OpenRouterProvider {
            name: title.unwrap_or_else(|| slug.clone()),
            slug,
            privacy_policy_url: None,
            terms_of_service_url: None,
            status_page_url: None,
            headquarters: None,
            datacenters: None,
        }
    };
    let providers = OpenRouterProviders { data: serving.data.into_iter().map(shown).collect() };
    Ok(answer::public(&to_raw_value(&providers).map_err(|error| malformed(&error))?))
}
