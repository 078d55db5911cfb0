//! `/admin/coupons/{id}`: one coupon.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Coupon;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{Input, named_id};
use crate::endpoints::members::{given, not_null};
use crate::endpoints::window::moment;
use crate::error::{Error, Result};
use crate::integer::Integer;

/// What is to be changed; what is left out stays. What a coupon gives does not change: it was promised.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"active": false})))]
pub struct CouponChange {
    /// Whether it can be used.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    active: Option<bool>,
    /// Whether everybody is shown it.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    listed: Option<bool>,
    /// How often it can be used at all; null: without end.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000)]
    max_redemptions: Option<Option<Integer>>,
    /// How often an account can use it.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, minimum = 1, maximum = 1000, required = false)]
    per_account: Option<Integer>,
    /// From when it can be used; null: at once.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Timestamp>)]
    valid_from: Option<Option<Timestamp>>,
    /// Until when; null: without end.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Timestamp>)]
    valid_until: Option<Option<Timestamp>>,
}

/// What was deleted.
#[derive(ToSchema)]
pub struct DeletedCoupon {
    /// `coupon`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// `true`.
    pub deleted: bool,
}

/// `GET /admin/coupons/{id}`: one coupon, how often it was used, and how often it can be.
///
/// # Errors
/// The refusals of key validation; 404 `coupon_not_found`.
#[utoipa::path(get, path = "/admin/coupons/{id}", tag = "admin",
    params(("id" = Uuid, Path, description = "The coupon.")),
    responses((status = 200, body = Coupon), (status = 404, description = "`coupon_not_found`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let coupon: Box<RawValue> = caller.rpc(&app, "get_coupon", json!({ "coupon_id": named_id(&id) })).await?;
    Ok(answer::private(&coupon))
}

/// `PATCH /admin/coupons/{id}`: changes how often and when it can be used, and whether.
///
/// # Errors
/// The refusals of key validation; 404 `coupon_not_found`; 400 for fewer uses than there were.
#[utoipa::path(patch, path = "/admin/coupons/{id}", tag = "admin", request_body = CouponChange,
    params(("id" = Uuid, Path, description = "The coupon.")),
    responses((status = 200, body = Coupon), (status = 404, description = "`coupon_not_found`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<CouponChange>,
) -> Result<Response> {
    let mut request = input.body;
    let outside = |number: Option<Integer>, most: i64| number.is_some_and(|number| !(1..=most).contains(&number.0));
    if outside(request.max_redemptions.flatten(), 1_000_000_000) || outside(request.per_account, 1000) {
        return Err(Error::invalid(
            "max_redemptions",
            "`max_redemptions` and `per_account` are whole numbers above 0.",
        ));
    }
    for (name, time) in [("valid_from", &mut request.valid_from), ("valid_until", &mut request.valid_until)] {
        if let Some(time) = time {
            *time = moment(name, *time)?;
        }
    }
    let arguments = json!({ "coupon_id": named_id(&id), "request": request });
    let coupon: Box<RawValue> = caller.rpc(&app, "change_coupon", arguments).await?;
    Ok(answer::private(&coupon))
}

/// `DELETE /admin/coupons/{id}`: nobody can use it any more; what was used stays, and its code stays taken.
///
/// # Errors
/// The refusals of key validation; 404 `coupon_not_found`.
#[utoipa::path(delete, path = "/admin/coupons/{id}", tag = "admin",
    params(("id" = Uuid, Path, description = "The coupon.")),
    responses((status = 200, body = DeletedCoupon), (status = 404, description = "`coupon_not_found`")))]
pub async fn delete(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let deleted: Box<RawValue> = caller.rpc(&app, "delete_coupon", json!({ "coupon_id": named_id(&id) })).await?;
    Ok(answer::private(&deleted))
}
