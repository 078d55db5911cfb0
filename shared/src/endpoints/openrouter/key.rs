//! `/v1/key`: what the calling key is, may spend and has spent.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::LimitReset;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;
use crate::money::Nanos;

/// The calling key.
#[derive(ToSchema)]
pub struct CallingKeyAnswer {
    /// The key.
    pub data: CallingKey,
}

/// A key about itself, as OpenRouter's API has it.
#[derive(ToSchema)]
pub struct CallingKey {
    /// How it begins and ends.
    pub label: String,
    /// What it may spend; null: as much as the account has.
    #[schema(required)]
    pub limit: Option<Nanos>,
    /// What it may still spend.
    #[schema(required)]
    pub limit_remaining: Option<Nanos>,
    /// When that counts anew; never if null.
    #[schema(required)]
    pub limit_reset: Option<LimitReset>,
    /// `false`: what own keys at providers are used for is not counted.
    pub include_byok_in_limit: bool,
    /// What it has spent.
    pub usage: Nanos,
    /// In this UTC day.
    pub usage_daily: Nanos,
    /// In this week.
    pub usage_weekly: Nanos,
    /// In this month.
    pub usage_monthly: Nanos,
    /// 0: what own keys at providers cost there is not known here.
    pub byok_usage: Nanos,
    /// The same.
    pub byok_usage_daily: Nanos,
    /// The same.
    pub byok_usage_weekly: Nanos,
    /// The same.
    pub byok_usage_monthly: Nanos,
    /// Whether the account has never paid.
    pub is_free_tier: bool,
    /// Whether the key may make others.
    pub is_management_key: bool,
    /// The same.
    pub is_provisioning_key: bool,
    /// The account.
    pub creator_user_id: Uuid,
    /// The account.
    pub workspace_id: Uuid,
    /// null.
    #[schema(required)]
    pub organization_id: Option<String>,
    /// `global`.
    pub allowed_data_regions: Vec<String>,
    /// When it expires; never if null.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
    /// What older clients read; it limits nothing.
    pub rate_limit: FormerRateLimit,
    /// Requests of this UTC day.
    pub free_model_daily_requests: DailyRequests,
}

/// What older clients read of rate limits.
#[derive(ToSchema)]
pub struct FormerRateLimit {
    /// -1.
    pub requests: i64,
    /// `10s`.
    pub interval: String,
    /// Where the limits are told.
    pub note: String,
}

/// How many requests a key has in a day: models that cost nothing have no limit of their own.
#[derive(ToSchema)]
pub struct DailyRequests {
    /// How many it may make.
    pub limit: i64,
    /// How many it has made.
    pub used: i64,
    /// How many are left.
    pub remaining: i64,
}

/// `GET /v1/key`: any key may ask this of itself, whatever its scopes. OpenRouter's clients also know it as `/v1/auth/key`.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/v1/key", tag = "openrouter", responses((status = 200, body = CallingKeyAnswer)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let key: Box<RawValue> = caller.rpc(&app, "get_calling_key", json!({})).await?;
    Ok(answer::private(&key))
}
