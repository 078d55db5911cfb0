//! `/referral/history`: whom the caller recommended, newest first.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::ReferralState;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Params, page_size};
use crate::endpoints::window::{Cursor, CursorText};
use crate::error::Result;
use crate::money::Nanos;

/// A recommendation. Who came is not told.
#[derive(ToSchema)]
pub struct Referral {
    /// `referral`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// How far it is.
    pub state: ReferralState,
    /// What either gets, once it is earned.
    pub reward: Nanos,
    /// When whoever recommended gets it.
    #[schema(required)]
    pub due_at: Option<Timestamp>,
    /// When the code was given.
    pub created_at: Timestamp,
}

/// Which page of the history.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReferralHistoryQuery {
    /// Recommendations a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// `GET /referral/history`
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/referral/history", tag = "money", params(ReferralHistoryQuery),
    responses((status = 200, body = Page<Referral>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<ReferralHistoryQuery>,
) -> Result<Response> {
    let cursor = Cursor::read(query.cursor.as_deref())?;
    let query = json!({ "limit": page_size(query.limit, None, 100)?, "cursor": cursor });
    let history: Box<RawValue> = caller.rpc(&app, "list_referrals", json!({ "query": query })).await?;
    Ok(answer::private(&history))
}
