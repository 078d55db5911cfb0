//! `/admin/ledger/check`: every invariant of the ledger, over all accounts, in steps.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Params;
use crate::error::{Error, Result};
use crate::money::Nanos;

/// After this no further step is begun.
const LONGEST: Duration = Duration::from_secs(20);

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CheckQuery {
    /// The `next_cursor` of a report that ended before the last account.
    #[param(value_type = Option<Uuid>)]
    cursor: Option<String>,
}

/// Whether the books balance.
#[derive(ToSchema)]
pub struct Report {
    /// Whether every invariant holds of the accounts that were looked at.
    pub ok: bool,
    /// Accounts that were looked at.
    pub accounts: i64,
    /// The sum of their balances.
    pub balance: Nanos,
    /// The sum of what is reserved.
    pub held: Nanos,
    /// The sum of their debts.
    pub debt: Nanos,
    /// What is wrong, at most a hundred of it.
    pub problems: Vec<Problem>,
    /// Where to go on, if there are more accounts than could be looked at; null: all were.
    #[schema(required)]
    pub next_cursor: Option<Uuid>,
}

/// Where a report ended.
#[derive(Deserialize)]
struct End {
    next_cursor: Option<Uuid>,
}

/// An invariant that an account breaks.
#[derive(ToSchema)]
pub struct Problem {
    /// The account.
    pub account_id: Uuid,
    /// The invariant.
    pub problem: String,
    /// What follows from the rest of the books, in nano-dollars or seconds.
    #[schema(required)]
    pub expected: Option<f64>,
    /// What is there.
    #[schema(required)]
    pub found: Option<f64>,
}

/// `GET /admin/ledger/check`: in steps, each of which the database does in its time. Where there are too many accounts for one
/// request, `next_cursor` says where the next one goes on.
///
/// # Errors
/// The refusals of key validation; 400 for a cursor that is none.
#[utoipa::path(get, path = "/admin/ledger/check", tag = "admin", params(CheckQuery), responses((status = 200, body = Report)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Params(query): Params<CheckQuery>) -> Result<Response> {
    let invalid = |_| Error::invalid("cursor", "`cursor` is the `next_cursor` of the report before.");
    let begin = query.cursor.as_deref().map(Uuid::parse_str).transpose().map_err(invalid)?;
    let begun = Instant::now();
    let mut so_far = json!({ "next_cursor": begin }).to_string();
    loop {
        let report: Box<RawValue> = caller.rpc(&app, "check_ledger", json!({ "so_far": so_far })).await?;
        let end: End = serde_json::from_str(report.get()).map_err(|error| answer::malformed(&error))?;
        if end.next_cursor.is_none() || begun.elapsed() > LONGEST {
            return Ok(answer::private(&report));
        }
        report.get().clone_into(&mut so_far);
    }
}
