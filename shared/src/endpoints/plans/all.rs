//! `/plans`, `/plans/{id}`, `/subscription/plans`: what there is to choose from.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;

use super::Plan;
use crate::app::SharedApp;
use crate::endpoints::answer::{self, Page};
use crate::error::Result;

async fn listed(app: &SharedApp, sold: bool) -> Result<Response> {
    let plans: Box<RawValue> = app.supabase()?.rpc("list_plans", &json!({ "query": {"sold": sold} })).await?;
    Ok(answer::public(&plans))
}

/// `GET /plans`: all of them, the cheapest first.
///
/// # Errors
/// 503 when the database is away.
#[utoipa::path(get, path = "/plans", tag = "plans", responses((status = 200, body = Page<Plan>)))]
pub async fn list(State(app): State<SharedApp>) -> Result<Response> {
    listed(&app, false).await
}

/// `GET /subscription/plans`: those that are sold by the month or the year.
///
/// # Errors
/// 503 when the database is away.
#[utoipa::path(get, path = "/subscription/plans", tag = "plans", responses((status = 200, body = Page<Plan>)))]
pub async fn list_sold(State(app): State<SharedApp>) -> Result<Response> {
    listed(&app, true).await
}

/// `GET /plans/{id}`
///
/// # Errors
/// 404 `plan_not_found`.
#[utoipa::path(get, path = "/plans/{id}", tag = "plans",
    params(("id" = String, Path, description = "The plan's id, such as `dev`.", pattern = r"^[^\u0000]*$")),
    responses((status = 200, body = Plan), (status = 404, description = "`plan_not_found`")))]
pub async fn show(State(app): State<SharedApp>, Path(id): Path<String>) -> Result<Response> {
    let plan: Box<RawValue> = app.supabase()?.rpc("get_plan", &json!({ "plan": id })).await?;
    Ok(answer::public(&plan))
}
