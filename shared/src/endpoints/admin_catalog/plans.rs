//! `/admin/plans`: what plans make of prices.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::Input;
use crate::error::{Error, Result};
use crate::money::Nanos;

/// A ten thousandth of what is read as a decimal.
const BASIS_POINT: i64 = 100_000;

/// A plan, as far as administrators change it.
#[derive(ToSchema)]
pub struct AdminPlan {
    /// `plan`.
    pub object: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What calls cost under it, as a part of what they cost else: 0.9 is ten per cent less.
    pub price_factor: f64,
}

/// What is to be changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"price_factor": 0.9})))]
pub struct PlanChange {
    /// What calls cost under the plan, as a part of what they cost else, with at most four decimals. Calls that run keep theirs.
    #[schema(value_type = f64, minimum = 0.0001, maximum = 10)]
    price_factor: Nanos,
}

/// `GET /admin/plans`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/admin/plans", tag = "admin", responses((status = 200, body = Page<AdminPlan>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let plans: Box<RawValue> = caller.rpc(&app, "list_admin_plans", json!({})).await?;
    Ok(answer::private(&plans))
}

/// `PATCH /admin/plans/{id}`
///
/// # Errors
/// The refusals of key validation; 404 `plan_not_found`; 400 for a factor that cannot be.
#[utoipa::path(patch, path = "/admin/plans/{id}", tag = "admin", request_body = PlanChange,
    params(("id" = String, Path, description = "The plan, such as `team`.")),
    responses((status = 200, body = AdminPlan), (status = 404, description = "`plan_not_found`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<PlanChange>,
) -> Result<Response> {
    let factor = input.body.price_factor.0;
    if factor % BASIS_POINT != 0 || !(1..=100_000).contains(&(factor / BASIS_POINT)) {
        return Err(Error::invalid("price_factor", "`price_factor` is from 0.0001 to 10, with at most four decimals."));
    }
    let arguments = json!({ "plan": id, "request": { "price_factor": factor / BASIS_POINT } });
    let plan: Box<RawValue> = caller.rpc(&app, "change_plan", arguments).await?;
    Ok(answer::private(&plan))
}
