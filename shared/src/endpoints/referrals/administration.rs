//! `/admin/referrals`: all recommendations, with why one earns nothing.

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

/// A recommendation as administrators see it.
#[derive(ToSchema)]
pub struct AdminReferral {
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
    /// Who recommended.
    pub referrer_id: Uuid,
    /// Who came.
    pub referred_id: Uuid,
    /// The purchase that decided.
    #[schema(required)]
    pub payment_id: Option<Uuid>,
    /// Why it earns nothing: `same_card`, `same_network`, `known_person`, `referrer_gone`, `referrer_limit`, `budget`,
    /// `purchase_returned`.
    #[schema(required)]
    pub reason: Option<String>,
}

/// Which recommendations, and which page of them.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReferralQuery {
    /// Those that are so far.
    #[param(inline)]
    state: Option<ReferralState>,
    /// Recommendations a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// `GET /admin/referrals`: newest first.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/referrals", tag = "admin", params(ReferralQuery),
    responses((status = 200, body = Page<AdminReferral>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<ReferralQuery>,
) -> Result<Response> {
    let cursor = Cursor::read(query.cursor.as_deref())?;
    let query = ReferralQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let mut arguments = json!({ "query": query });
    arguments["query"]["cursor"] = json!(cursor);
    let referrals: Box<RawValue> = caller.rpc(&app, "list_all_referrals", arguments).await?;
    Ok(answer::private(&referrals))
}
