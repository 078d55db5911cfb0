//! What OpenRouter's API has besides inference, in its own shapes: its clients ask for it at `/api/v1`
//! (openrouter.ai/docs/api-reference).

pub mod activity;
pub mod auth_code;
pub mod byok;
pub mod byok_key;
pub mod consent;
pub mod credits;
pub mod exchange;
pub mod generation;
pub mod key;
pub mod key_of_account;
pub mod keys;
pub mod models;
pub mod providers;

use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::endpoints::api_keys::SpendPeriod;
use crate::money::Nanos;

/// When a key's limit counts anew, in UTC.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LimitReset {
    /// At midnight.
    Daily,
    /// On Monday.
    Weekly,
    /// On the first.
    Monthly,
}

impl From<LimitReset> for SpendPeriod {
    fn from(reset: LimitReset) -> Self {
        match reset {
            LimitReset::Daily => Self::Day,
            LimitReset::Weekly => Self::Week,
            LimitReset::Monthly => Self::Month,
        }
    }
}

/// A key that a backend has made, as OpenRouter's management API has it.
#[derive(ToSchema)]
pub struct ProvisionedKey {
    /// Its id.
    pub hash: Uuid,
    /// What it is called.
    pub name: String,
    /// How it begins and ends.
    pub label: String,
    /// Whether it can be used at the moment.
    pub disabled: bool,
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
    /// When it was made.
    pub created_at: Timestamp,
    /// When it got its present secret, if not when it was made.
    #[schema(required)]
    pub updated_at: Option<Timestamp>,
    /// When it expires; never if null.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
    /// The account.
    pub creator_user_id: Uuid,
    /// The account.
    pub workspace_id: Uuid,
    /// null.
    #[schema(required)]
    pub external_user: Option<String>,
}

/// One key.
#[derive(ToSchema)]
pub struct ProvisionedKeyAnswer {
    /// The key.
    pub data: ProvisionedKey,
}
