//! `/referral/stats`: what the caller's recommendations have brought.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;
use crate::money::Nanos;

/// What one's recommendations have brought.
#[derive(ToSchema)]
pub struct ReferralStats {
    /// `referral_stats`.
    pub object: String,
    /// Who came by the caller's code.
    pub referred: i64,
    /// Of them: who has not bought enough yet.
    pub pending: i64,
    /// Whose purchase is waited for, fourteen days, to stay.
    pub qualified: i64,
    /// Who brought the reward.
    pub paid: i64,
    /// Who earns nothing.
    pub unrewarded: i64,
    /// Whose purchase was returned.
    pub reversed: i64,
    /// The rewards so far.
    pub earned: Nanos,
    /// Those that are to come.
    pub due: Nanos,
}

/// `GET /referral/stats`: gives first what is due.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/referral/stats", tag = "money", responses((status = 200, body = ReferralStats)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let stats: Box<RawValue> = caller.rpc(&app, "release_own_referrals", json!({})).await?;
    Ok(answer::private(&stats))
}
