//! `/admin/coupons`: makes coupons, and lists them.

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::IntoParams;
use uuid::Uuid;

use super::Coupon;
use super::new::NewCoupon;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page, malformed};
use crate::endpoints::coupons::CouponKind;
use crate::endpoints::input::{IdempotencyKey, Input, Params, page_size};
use crate::endpoints::window::{Cursor, CursorText};
use crate::error::Result;

/// Which coupons, and which page of them.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CouponQuery {
    /// What they are for.
    #[param(inline)]
    kind: Option<CouponKind>,
    /// Whether they can be used.
    active: Option<bool>,
    /// The one with this code.
    code: Option<String>,
    /// Those that were made together.
    batch: Option<Uuid>,
    /// Those that draw on this promotion.
    promotion: Option<String>,
    /// Those that are this account's alone.
    account_id: Option<Uuid>,
    /// Coupons a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// What was made.
#[derive(Deserialize)]
struct Made<'a> {
    #[serde(borrow)]
    coupons: Vec<&'a RawValue>,
}

/// A line of the file.
#[derive(Deserialize)]
struct Line {
    id: Uuid,
    code: String,
    batch: Option<Uuid>,
}

/// `POST /admin/coupons`: makes a coupon; with `count` so many, and answers their codes as CSV. With `Idempotency-Key` safe to
/// repeat.
///
/// # Errors
/// The refusals of key validation; 400 for what no coupon can be; 404 `account_not_found`; 409 `coupon_exists`.
#[utoipa::path(post, path = "/admin/coupons", tag = "admin", request_body = NewCoupon, params(IdempotencyKey), responses(
    (status = 200, content((Coupon = "application/json"), (String = "text/csv"))),
    (status = 404, description = "`account_not_found`"),
    (status = 409, description = "`coupon_exists`, `idempotency_conflict`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewCoupon>) -> Result<Response> {
    let is_batch = input.body.is_batch();
    let codes = input.body.codes()?;
    let request = input.body.request()?;
    let arguments = json!({ "codes": codes, "request": request, "idempotency": input.idempotency });
    let made: Box<RawValue> = caller.rpc(&app, "create_coupons", arguments).await?;
    let made: Made<'_> = serde_json::from_str(made.get()).map_err(|error| malformed(&error))?;
    if !is_batch {
        return Ok(answer::private(made.coupons.first().ok_or(crate::error::Code::InternalError)?));
    }
    let mut file = "code,id,batch\r\n".to_owned();
    for coupon in made.coupons {
        let Line { id, code, batch } = serde_json::from_str(coupon.get()).map_err(|error| malformed(&error))?;
        let batch = batch.map(|batch| batch.to_string()).unwrap_or_default();
        // Nothing in it needs quotes, and writing to a string does not fail.
        let _ = write!(file, "{code},{id},{batch}\r\n");
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"coupons.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, file).into_response())
}

/// `GET /admin/coupons`: newest first.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/coupons", tag = "admin", params(CouponQuery),
    responses((status = 200, body = Page<Coupon>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<CouponQuery>,
) -> Result<Response> {
    let cursor = Cursor::read(query.cursor.as_deref())?;
    let query = CouponQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let mut arguments = json!({ "query": query });
    arguments["query"]["cursor"] = json!(cursor);
    let coupons: Box<RawValue> = caller.rpc(&app, "list_coupons", arguments).await?;
    Ok(answer::private(&coupons))
}
