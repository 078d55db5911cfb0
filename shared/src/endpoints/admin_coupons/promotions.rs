//! `/admin/promotions`: the budgets of gifts.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Input, Params, page_size};
use crate::error::{Error, Result};
use crate::money::Nanos;

/// A budget that coupons draw on.
#[derive(ToSchema)]
pub struct Promotion {
    /// `promotion`.
    pub object: String,
    /// Its name.
    pub id: String,
    /// What its gifts may cost; null: it only counts.
    #[schema(required)]
    pub budget: Option<Nanos>,
    /// Whether that is the budget of each day, in UTC.
    pub per_day: bool,
    /// What is spent of it, or reserved.
    pub spent: Nanos,
    /// Whether it gives anything now.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which page of the promotions.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PromotionQuery {
    /// Promotions a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(pattern = "^[a-z0-9_-]{1,64}$")]
    cursor: Option<String>,
}

/// What a promotion is from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"budget": 1000, "per_day": false})))]
pub struct PromotionSettings {
    /// What its gifts may cost, not less than is spent; null or left out: without end.
    budget: Option<Nanos>,
    /// Whether that is the budget of each day, in UTC. Stays if left out.
    per_day: Option<bool>,
    /// Whether it gives anything. Stays if left out.
    active: Option<bool>,
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

/// `GET /admin/promotions`: by name.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/promotions", tag = "admin", params(PromotionQuery),
    responses((status = 200, body = Page<Promotion>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<PromotionQuery>,
) -> Result<Response> {
    if query.cursor.as_ref().is_some_and(|cursor| !is_name(cursor)) {
        return Err(Error::invalid("cursor", "`cursor` is the `next_cursor` of the page before."));
    }
    let query = PromotionQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let promotions: Box<RawValue> = caller.rpc(&app, "list_promotions", json!({ "query": query })).await?;
    Ok(answer::private(&promotions))
}

/// `PUT /admin/promotions/{id}`: makes a promotion, or changes it. Coupons name theirs; trials draw on the one that is named `trial`, and
/// what referrals give on the one named `referral`, where there is one.
///
/// # Errors
/// The refusals of key validation; 400 for a name that cannot be, or a budget below what is spent.
#[utoipa::path(put, path = "/admin/promotions/{id}", tag = "admin", request_body = PromotionSettings,
    params(("id" = String, Path, description = "Its name: lower-case letters, digits, - and _.")),
    responses((status = 200, body = Promotion)))]
pub async fn set(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<PromotionSettings>,
) -> Result<Response> {
    if !is_name(&id) {
        return Err(Error::invalid("id", "A promotion's name is 1 to 64 lower-case letters, digits, - and _."));
    }
    let PromotionSettings { budget, per_day, active } = input.body;
    if budget.is_some_and(|budget| budget.0 <= 0) {
        return Err(Error::invalid("budget", "`budget` is above 0 dollars, or null."));
    }
    let request = json!({ "budget": budget.map(|budget| budget.0), "per_day": per_day, "active": active });
    let promotion: Box<RawValue> =
        caller.rpc(&app, "set_promotion", json!({ "promotion": id, "request": request })).await?;
    Ok(answer::private(&promotion))
}
