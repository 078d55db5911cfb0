//! Providers' own lists of models: `/admin/refresh-models`, `/admin/catalog-status`, and `/admin/price-changes/{id}`, what of them waits.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::prices::RoutePrice;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::cron::LONGEST;
use crate::endpoints::input::{Input, named_id};
use crate::error::Result;
use crate::providers::lists::{ReadList, read_all};

/// What became of every provider's list.
#[derive(Serialize, ToSchema)]
pub struct Refreshed {
    /// `catalog_refresh`.
    pub object: &'static str,
    /// The providers that have our key.
    pub providers: Vec<ReadList>,
}

/// How the catalog stands to what providers' lists say.
#[derive(ToSchema)]
pub struct CatalogStatus {
    /// `catalog_status`.
    pub object: String,
    /// How many models there are.
    pub models: CountedModels,
    /// How many routes there are.
    pub routes: CountedRoutes,
    /// The last look at each provider's list.
    pub providers: Vec<ListState>,
    /// The first hundred routes that their provider's list no longer has. They are asked all the same.
    pub vanished: Vec<Vanished>,
    /// The first hundred routes whose price is another in the list, or cannot be read there.
    pub drift: Vec<Drift>,
    /// The first hundred prices that wait for an administrator.
    pub waiting: Vec<PriceChange>,
}

/// Models by what can be done with them.
#[derive(ToSchema)]
pub struct CountedModels {
    /// All of them.
    pub all: i64,
    /// Those that can be asked.
    pub enabled: i64,
    /// Those that are deprecated.
    pub deprecated: i64,
    /// Those that can be asked and have no priced route.
    pub unreachable: i64,
}

/// Routes by who has the last word about their price.
#[derive(ToSchema)]
pub struct CountedRoutes {
    /// All of them.
    pub all: i64,
    /// Those that are asked.
    pub enabled: i64,
    /// A seed.
    pub by_seed: i64,
    /// The provider's own list.
    pub by_provider: i64,
    /// An administrator.
    pub by_admin: i64,
}

/// The last look at a list.
#[derive(ToSchema)]
pub struct ListState {
    /// The provider.
    pub provider: String,
    /// When it was last asked.
    pub tried_at: Timestamp,
    /// When there was a list.
    #[schema(required)]
    pub read_at: Option<Timestamp>,
    /// Why there was none the last time.
    #[schema(required)]
    pub problem: Option<String>,
    /// Whether that is longer ago than two days.
    pub stale: bool,
    /// Models in the list.
    pub models: i64,
    /// Those that no route here knows.
    pub unknown: i64,
    /// The first hundred of these.
    pub unknown_models: Vec<String>,
}

/// A route that is no longer listed.
#[derive(ToSchema)]
pub struct Vanished {
    /// The model.
    pub model: String,
    /// The provider.
    pub provider: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was last there.
    #[schema(required)]
    pub seen_at: Option<Timestamp>,
}

/// A route that costs another price by its provider's list.
#[derive(ToSchema)]
pub struct Drift {
    /// The model.
    pub model: String,
    /// The provider.
    pub provider: String,
    /// What it costs here.
    pub price: RoutePrice,
    /// What the list says.
    #[schema(required)]
    pub listed: Option<RoutePrice>,
    /// Why the list's price cannot be taken.
    #[schema(required)]
    pub problem: Option<String>,
}

/// A price that does not hold by itself.
#[derive(ToSchema)]
pub struct PriceChange {
    /// `price_change`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// The model.
    pub model: String,
    /// The provider.
    pub provider: String,
    /// The price that holds.
    pub former: RoutePrice,
    /// The price of the list.
    pub proposed: RoutePrice,
    /// Why it waits.
    pub reason: String,
    /// `waiting`, `approved`, `rejected`, or `superseded` by another look.
    pub state: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// When it was decided.
    #[schema(required)]
    pub decided_at: Option<Timestamp>,
}

/// What becomes of it.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The price holds from now on.
    Approve,
    /// It does not, and is not asked about again.
    Reject,
}

/// The decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"decision": "approve"})))]
pub struct PriceDecision {
    /// Which.
    decision: Decision,
}

/// `POST /admin/refresh-models`: reads every provider's own list now. A price changes by itself only within
/// `PRICE_CHANGE_PERCENT`, and never to or from nothing.
///
/// # Errors
/// The refusals of key validation; 503 when the database is away.
#[utoipa::path(post, path = "/admin/refresh-models", tag = "admin", responses((status = 200, body = Refreshed)))]
pub async fn refresh(State(app): State<SharedApp>, caller: Caller) -> Result<Json<Refreshed>> {
    let _: Box<RawValue> = caller.rpc(&app, "check_caller", json!({ "scope": "admin:models" })).await?;
    Ok(Json(Refreshed { object: "catalog_refresh", providers: read_all(&app, LONGEST).await? }))
}

/// `GET /admin/catalog-status`: drift, what has vanished from the lists, lists that are stale, and prices that wait.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/admin/catalog-status", tag = "admin", responses((status = 200, body = CatalogStatus)))]
pub async fn status(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let status: Box<RawValue> = caller.rpc(&app, "get_catalog_status", json!({})).await?;
    Ok(answer::private(&status))
}

/// `POST /admin/price-changes/{id}`: takes a price that waits, or does not. Calls that run keep theirs.
///
/// # Errors
/// The refusals of key validation; 404 `price_change_not_found`; 409 `price_change_decided`.
#[utoipa::path(post, path = "/admin/price-changes/{id}", tag = "admin", request_body = PriceDecision,
    params(("id" = Uuid, Path, description = "The price, as GET /admin/catalog-status lists it.")),
    responses((status = 200, body = PriceChange), (status = 404, description = "`price_change_not_found`"),
              (status = 409, description = "`price_change_decided`")))]
pub async fn decide(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<PriceDecision>,
) -> Result<Response> {
    let arguments = json!({ "change_id": named_id(&id), "decision": input.body.decision });
    let change: Box<RawValue> = caller.rpc(&app, "decide_price_change", arguments).await?;
    Ok(answer::private(&change))
}
