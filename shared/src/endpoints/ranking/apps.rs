//! `/ranking/apps`: the apps that are used most, as they name themselves in `X-Title` or `HTTP-Referer`.

use axum::extract::State;
use axum::response::Response;
use utoipa::ToSchema;

use super::{Ranking, RankingQuery, ranked};
use crate::app::SharedApp;
use crate::endpoints::input::Params;
use crate::error::Result;

/// An app's place.
#[derive(ToSchema)]
pub struct RankedApp {
    /// `ranking`.
    pub object: String,
    /// Its place, from 1.
    pub rank: i64,
    /// Its title, or its site.
    pub app: String,
    /// Its requests that were answered.
    pub requests: i64,
    /// Tokens of their prompts and answers.
    pub tokens: i64,
    /// By how much more it was used than in the window before, in per cent of its tokens; null: not at all then.
    #[schema(required)]
    pub trend_percentage: Option<f64>,
}

/// `GET /ranking/apps`
///
/// # Errors
/// 400 for a parameter that is not known or out of range; 503 when the database is away.
#[utoipa::path(get, path = "/ranking/apps", tag = "models", params(RankingQuery),
    responses((status = 200, body = Ranking<RankedApp>)))]
pub async fn list(State(app): State<SharedApp>, Params(query): Params<RankingQuery>) -> Result<Response> {
    ranked(&app, "app", &query).await
}
