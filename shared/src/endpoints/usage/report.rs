//! `/v1/report`: usage in groups, in the shape of Vercel's AI Gateway (GET /v1/report, its documentation of 2026), and as CSV.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, header};
use jiff::civil::Date;
use jiff::{ToSpan as _, Zoned, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::input::Params;
use crate::endpoints::{answer, csv};
use crate::error::{Error, Result};
use crate::formats::labels::end_user;
use crate::money::Nanos;

/// By what usage is grouped.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// By day in UTC, or by hour with `date_part=hour`.
    #[default]
    Day,
    /// By model.
    Model,
    /// By provider.
    Provider,
    /// By key.
    Key,
    /// By end user, as calls name it in `user`, `safety_identifier` or `metadata.user_id`.
    User,
    /// By tag, as calls have it in `x-gateway-tag` or `metadata.tags`.
    Tag,
}

/// How fine days are cut.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatePart {
    /// Not at all.
    Day,
    /// Into hours.
    Hour,
}

/// Which usage, and in which groups.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    /// The first day, in UTC.
    start_date: Date,
    /// The last day, in UTC; at most 366 days are reported.
    end_date: Date,
    /// By what: `day` (default), `model`, `provider`, `key`, `user` or `tag`. Of users and tags the thousand dearest stand by themselves,
    /// the others together as `…`. A request with several tags counts in each.
    #[param(inline)]
    group_by: Option<GroupBy>,
    /// With `group_by=day`: `hour` for hours.
    #[param(inline)]
    date_part: Option<DatePart>,
    /// Usage of this model alone.
    #[param(pattern = r"^[^\u0000]*$")]
    model: Option<String>,
    /// Usage of this provider alone.
    #[param(pattern = r"^[^\u0000]*$")]
    provider: Option<String>,
    /// Usage of this key alone.
    key_id: Option<Uuid>,
    /// Usage for this end user alone.
    #[param(pattern = r"^[^\u0000]*$")]
    user_id: Option<String>,
    /// Usage under this tag alone; not together with `user_id` or `group_by=user`.
    #[param(pattern = r"^[^\u0000]*$")]
    tags: Option<String>,
}

/// Usage in groups.
#[derive(ToSchema)]
pub struct UsageReport {
    /// A group each, by time or the dearest first.
    pub results: Vec<ReportGroup>,
}

/// A group's usage.
#[derive(ToSchema)]
pub struct ReportGroup {
    /// Of `group_by=day`: the day.
    #[schema(required = false)]
    pub day: Option<Date>,
    /// Of `date_part=hour`: when the hour began.
    #[schema(required = false)]
    pub hour: Option<jiff::Timestamp>,
    /// Of `group_by=model`: its id.
    #[schema(required = false)]
    pub model: Option<String>,
    /// Of `group_by=provider`: its name; empty: none was reached.
    #[schema(required = false)]
    pub provider: Option<String>,
    /// Of `group_by=key`: its id.
    #[schema(required = false)]
    pub key_id: Option<Uuid>,
    /// Of `group_by=key`: its name.
    #[schema(required = false)]
    pub key_name: Option<String>,
    /// Of `group_by=user`: the end user; null: requests that are for none.
    #[schema(required = false)]
    pub user: Option<String>,
    /// Of `group_by=tag`: the tag.
    #[schema(required = false)]
    pub tag: Option<String>,
    /// What it cost.
    pub total_cost: Nanos,
    /// Tokens of prompts.
    pub input_tokens: i64,
    /// Those of them that a provider had cached.
    pub cached_input_tokens: i64,
    /// Tokens of answers.
    pub output_tokens: i64,
    /// Those of them that were reasoning.
    pub reasoning_tokens: i64,
    /// Requests that were sent to a provider.
    pub request_count: i64,
}

/// The database's answer.
#[derive(Deserialize)]
struct Results {
    results: Vec<Box<RawValue>>,
}

/// `GET /v1/report`: as JSON, or as CSV for a client that accepts `text/csv`.
///
/// # Errors
/// The refusals of key validation; 400 for days that are none, or too many.
#[utoipa::path(get, path = "/v1/report", tag = "usage", params(ReportQuery),
    responses((status = 200, content((UsageReport = "application/json"), (String = "text/csv")))))]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    headers: HeaderMap,
    Params(query): Params<ReportQuery>,
) -> Result<Response> {
    let by = query.group_by.unwrap_or_default();
    let hours = query.date_part == Some(DatePart::Hour);
    if hours && by != GroupBy::Day {
        return Err(Error::invalid("date_part", "`date_part=hour` goes with `group_by=day`: hours are parts of days."));
    }
    let (of_user, of_tag) =
        (query.user_id.is_some() || by == GroupBy::User, query.tags.is_some() || by == GroupBy::Tag);
    if of_user && of_tag {
        let message =
            "`tags` goes neither with `user_id` nor with users as groups: usage is summed up by one or the other.";
        return Err(Error::invalid("tags", message));
    }
    let (from, to) = days(&query)?;
    let asked = json!({
        "from": from.timestamp(), "to": to.timestamp(), "group_by": if hours { json!("hour") } else { json!(by) },
        "model": query.model, "provider": query.provider, "key_id": query.key_id,
        "user": query.user_id.map(|name| end_user(&name).unwrap_or(name)), "tag": query.tags,
    });
    let report: Box<RawValue> = caller.rpc(&app, "get_report", json!({ "query": asked })).await?;
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    if !accepted.contains("text/csv") {
        return Ok(answer::private(&report));
    }
    let report: Results = serde_json::from_str(report.get()).map_err(|error| answer::malformed(&error))?;
    let lines = csv::lines(&[columns(by, hours), &FIGURES].concat(), &report.results, true)?;
    Ok(([(header::CONTENT_TYPE, csv::TYPE), (header::CACHE_CONTROL, "private, no-store")], lines).into_response())
}

const FIGURES: [&str; 6] =
    ["total_cost", "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens", "request_count"];

/// The members that name a group.
fn columns(by: GroupBy, hours: bool) -> &'static [&'static str] {
    match by {
        GroupBy::Day if hours => &["hour"],
        GroupBy::Day => &["day"],
        GroupBy::Model => &["model"],
        GroupBy::Provider => &["provider"],
        GroupBy::Key => &["key_id", "key_name"],
        GroupBy::User => &["user"],
        GroupBy::Tag => &["tag"],
    }
}

/// The moments at which the first day begins and the last one ends.
fn days(query: &ReportQuery) -> Result<(Zoned, Zoned)> {
    let invalid =
        || Error::invalid("end_date", "`end_date` is not before `start_date`, and at most 366 days are reported.");
    let from = query.start_date.to_zoned(TimeZone::UTC).map_err(|_| invalid())?;
    let to = query.end_date.tomorrow().and_then(|day| day.to_zoned(TimeZone::UTC)).map_err(|_| invalid())?;
    let longest = from.checked_add(366.days()).map_err(|_| invalid())?;
    if from >= to || to > longest { Err(invalid()) } else { Ok((from, to)) }
}
