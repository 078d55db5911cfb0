//! `/coupons/history`: what the caller has used, newest first.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::CouponKind;
use super::redeem::RedemptionState;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Params, page_size};
use crate::endpoints::window::{Cursor, CursorText};
use crate::error::Result;
use crate::money::Nanos;

/// The use of a coupon.
#[derive(ToSchema)]
pub struct CouponRedemption {
    /// `coupon_redemption`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// The coupon's code.
    pub code: String,
    /// The coupon's kind.
    pub kind: CouponKind,
    /// How far it is.
    pub state: RedemptionState,
    /// The credit that it gives; 0 for a discount.
    pub credits: Nanos,
    /// The payment that it came with.
    #[schema(required)]
    pub payment_id: Option<Uuid>,
    /// When it was used.
    pub created_at: Timestamp,
}

/// Which page of the history.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CouponHistoryQuery {
    /// Uses a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// `GET /coupons/history`
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/coupons/history", tag = "money", params(CouponHistoryQuery),
    responses((status = 200, body = Page<CouponRedemption>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<CouponHistoryQuery>,
) -> Result<Response> {
    let cursor = Cursor::read(query.cursor.as_deref())?;
    let query = json!({ "limit": page_size(query.limit, None, 100)?, "cursor": cursor });
    let history: Box<RawValue> = caller.rpc(&app, "list_coupon_history", json!({ "query": query })).await?;
    Ok(answer::private(&history))
}
