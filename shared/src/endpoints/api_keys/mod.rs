//! An account's API keys, as their owner manages them.

pub mod collection;
mod figures;
pub mod one;
pub mod rotate;
pub mod rotate_all;
mod settings;
mod shown;
mod texts;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::integer::Integer;
use crate::key_environment::KeyEnvironment;
use crate::money::Nanos;
use crate::scopes::Scope;
pub use figures::RateLimits;
pub use settings::{SpendPeriod, check_amount, check_models};
pub use texts::ModelPattern;

/// Whether a key can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyStatus {
    /// It can.
    Active,
    /// Its owner has ended it.
    Revoked,
    /// Its time is over.
    Expired,
    /// Its owner does not let it be used at the moment.
    Disabled,
}

/// A key as it is kept. The key itself is not.
#[derive(ToSchema)]
pub struct ApiKey {
    /// `api_key`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it is for.
    pub environment: KeyEnvironment,
    /// How it begins.
    pub prefix: String,
    /// How it ends.
    pub last_four: String,
    /// What it may be used for, as far as the account's role may.
    #[schema(value_type = Vec<Scope>)]
    pub scopes: Vec<String>,
    /// Whether it came with the account.
    pub is_primary: bool,
    /// Whether it can be used.
    pub status: KeyStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last served an inference request.
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
    /// When it expires; never if null.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(required)]
    pub revoked_at: Option<Timestamp>,
    /// How many inference requests it serves in all.
    #[schema(required)]
    pub max_requests: Option<i64>,
    /// How many it has served.
    pub requests_used: i64,
    /// How much it may spend.
    #[schema(required)]
    pub spend_limit: Option<SpendLimit>,
    /// Where it may be used from; anywhere if empty.
    pub ip_allowlist: Vec<String>,
    /// The hosts whose pages may use it; any if empty.
    pub domain_allowlist: Vec<String>,
    /// The models it may use; any if empty.
    pub allowed_models: Vec<String>,
    /// Its own limits.
    pub rate_limits: RateLimits,
    /// Whether what is said in its calls goes to the operator's receiver of traces, if there is one.
    pub trace_content: bool,
    /// For how many seconds the answers to its calls are kept for whoever asks the same, where a call does not say; none if null.
    #[schema(required)]
    pub cache_ttl: Option<i64>,
    /// How old its secret should become, in days.
    #[schema(required)]
    pub rotate_after_days: Option<i64>,
    /// When it got its present secret, if not when it was made.
    #[schema(required)]
    pub rotated_at: Option<Timestamp>,
    /// When its secret is as old as it should become.
    #[schema(required)]
    pub rotation_due_at: Option<Timestamp>,
    /// Whether it is.
    pub rotation_due: bool,
    /// Former secrets that still work, the newest first.
    pub former_secrets: Vec<FormerSecret>,
}

/// How much a key may spend, and has spent.
#[derive(ToSchema)]
pub struct SpendLimit {
    /// What it may spend.
    pub amount: Nanos,
    /// In which time; in all if null.
    #[schema(required)]
    pub period: Option<SpendPeriod>,
    /// What it has spent of it.
    pub spent: Nanos,
    /// When it counts anew; never if null.
    #[schema(required)]
    pub resets_at: Option<Timestamp>,
}

/// A secret that a rotation has replaced.
#[derive(ToSchema)]
pub struct FormerSecret {
    /// When it ends.
    pub expires_at: Timestamp,
}

/// The most that a former secret goes on, in hours: a week.
const LONGEST_GRACE: i64 = 168;
/// How long it goes on unless the caller says otherwise, in hours.
const USUAL_GRACE: i64 = 24;

/// How long former secrets go on.
fn grace(hours: Option<Integer>) -> Result<i64> {
    match hours.map_or(USUAL_GRACE, |hours| hours.0) {
        hours @ 0..=LONGEST_GRACE => Ok(hours),
        _ => Err(Error::invalid("grace_period_hours", format!("`grace_period_hours` is from 0 to {LONGEST_GRACE}."))),
    }
}

/// The key's id that a cursor of a list of keys is.
pub(crate) fn key_cursor(cursor: Option<&str>) -> Result<Option<Uuid>> {
    let parse = |cursor| {
        Uuid::try_parse(cursor)
            .map_err(|_| Error::invalid("cursor", "`cursor` is the `next_cursor` of the page before."))
    };
    cursor.map(parse).transpose()
}
