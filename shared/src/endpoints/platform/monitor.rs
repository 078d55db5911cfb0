//! `/admin/monitor`: whether calls are served, what they bring, and whether anything waits.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::breakers::Breaker;
use super::{Latency, Liabilities, ModelPart, PlatformSums, ProviderPart};
use crate::app::{App, SharedApp};
use crate::caller::Caller;
use crate::credits::outbox;
use crate::endpoints::answer;
use crate::endpoints::input::Params;
use crate::endpoints::public::health;
use crate::error::{Error, Result};
use crate::limits::OpenBreaker;
use crate::money::Nanos;
use crate::object::Object;

/// The longest window, in hours.
const LONGEST: u32 = 24 * 31;

/// How far back.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MonitorQuery {
    /// So many hours up to the end of this one.
    #[param(minimum = 1, maximum = 744, default = 24)]
    hours: Option<u32>,
}

/// How the platform runs.
#[derive(ToSchema)]
pub struct Monitor {
    /// `platform_monitor`.
    pub object: String,
    /// From this moment on.
    pub from: Timestamp,
    /// Before this moment.
    pub to: Timestamp,
    /// The last minutes.
    pub now: LastMinutes,
    /// The window that was asked for.
    pub window: PlatformSums,
    /// The window of the same length before it.
    pub before: PlatformSums,
    /// By provider, the dearest first.
    pub by_provider: Vec<ProviderPart>,
    /// By model: the dearest twenty.
    pub by_model: Vec<ModelPart>,
    /// What requests failed with, the most frequent first.
    pub errors: Vec<ErrorCount>,
    /// What calls were refused with before a provider was asked, the most frequent first.
    pub refusals: Vec<RefusalCount>,
    /// Calls that are running.
    pub holds: OpenHolds,
    /// The outbox of mail.
    pub mail: MailWaiting,
    /// What accounts have and owe.
    pub liabilities: Liabilities,
    /// Settlements that wait in Redis for the database; null: Redis could not be asked.
    #[schema(required)]
    pub settlements_waiting: Option<i64>,
    /// Each provider that is configured: `configured`, `failing` at a model, or `refusing`: it refuses our account. Others are asked
    /// before those two. Null: Redis could not be asked.
    #[schema(required)]
    pub providers: Option<BTreeMap<String, String>>,
    /// The breakers that are open, each of a provider at a model or, where it refuses our account or a key, at all of them. Null: Redis
    /// could not be asked.
    #[schema(required)]
    pub breakers: Option<Vec<Breaker>>,
}

/// What ended in the last minutes.
#[derive(ToSchema)]
pub struct LastMinutes {
    /// How many minutes.
    pub minutes: i64,
    /// Requests that ended.
    pub requests: i64,
    /// Those that failed.
    pub failed: i64,
    /// What they cost.
    pub cost: Nanos,
    /// How long they took.
    pub duration_ms: Latency,
    /// How long it took until the provider's first byte.
    pub first_byte_ms: Latency,
}

/// How often requests failed with an error.
#[derive(ToSchema)]
pub struct ErrorCount {
    /// Its code.
    pub code: String,
    /// How often.
    pub requests: i64,
}

/// How often calls were refused with a code.
#[derive(ToSchema)]
pub struct RefusalCount {
    /// The code.
    pub code: String,
    /// How often.
    pub calls: i64,
}

/// Calls that are running.
#[derive(ToSchema)]
pub struct OpenHolds {
    /// How many.
    pub open: i64,
    /// What is reserved for them.
    pub amount: Nanos,
    /// Those that are past their time and not yet swept.
    pub overdue: i64,
}

/// Mail that is not sent yet.
#[derive(ToSchema)]
pub struct MailWaiting {
    /// How many.
    pub due: i64,
    /// Since when the oldest is due.
    #[schema(required)]
    pub oldest_due_at: Option<Timestamp>,
}

/// `GET /admin/monitor`: of the last 24 hours, unless asked otherwise. It costs the same however many requests there are.
///
/// # Errors
/// The refusals of key validation; 400 for a window that is too long.
#[utoipa::path(get, path = "/admin/monitor", tag = "admin", params(MonitorQuery), responses((status = 200, body = Monitor)))]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<MonitorQuery>,
) -> Result<Response> {
    if query.hours.is_some_and(|hours| !(1..=LONGEST).contains(&hours)) {
        return Err(Error::invalid("hours", format!("`hours` is from 1 to {LONGEST}.")));
    }
    let (monitor, waiting, open) = tokio::join!(
        caller.rpc::<Box<RawValue>>(&app, "get_platform_monitor", json!({ "query": query })),
        outbox::length(&app),
        open_breakers(&app)
    );
    let monitor = monitor?;
    let providers = open.as_deref().map(|open| providers(&app, open));
    let breakers: Option<Vec<Breaker>> = open.map(|open| open.into_iter().map(Breaker::of).collect());
    let whole = || {
        let mut whole: Object<'_> = serde_json::from_str(monitor.get())?;
        whole.set("settlements_waiting", &waiting)?;
        whole.set("providers", &providers)?;
        whole.set("breakers", &breakers)?;
        serde_json::value::to_raw_value(&whole)
    };
    Ok(answer::private(&whole().map_err(|error| answer::malformed(&error))?))
}

/// Whom calls avoid; none while Redis cannot be asked.
async fn open_breakers(app: &App) -> Option<Vec<OpenBreaker>> {
    app.limiter.open_breakers(app.upstash_if_configured()?).await.ok()
}

/// How each provider is that this deployment has an account with.
fn providers(app: &App, open: &[OpenBreaker]) -> BTreeMap<String, String> {
    let all = health::providers(app, open).into_iter();
    let told = all.filter_map(|(name, word)| Some((name, word.as_str()?.to_owned())));
    told.filter(|(_, word)| word != "not_configured").collect()
}
