//! What is used most, from the usage of all accounts, for anyone to see. Of no account can anything be told by it: an app is shown from
//! five accounts on, or where each of those that use it wishes so (`ranking` of PATCH /user/privacy).

pub mod apps;
pub mod models;

use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::answer;
use super::input::page_size;
use crate::app::SharedApp;
use crate::error::Result;

/// How much time a ranking is over.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// 24 hours.
    Day,
    /// Seven days.
    #[default]
    Week,
    /// Thirty days.
    Month,
}

/// Over how much time, and how many places.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RankingQuery {
    /// Up to the last hour that is over: `day`, `week` (default) or `month`.
    #[param(inline)]
    window: Option<Window>,
    /// Places at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

/// A ranking.
#[derive(ToSchema)]
pub struct Ranking<T: ToSchema> {
    /// `list`.
    pub object: String,
    /// The places, by tokens.
    pub data: Vec<T>,
    /// False: there are no further pages.
    pub has_more: bool,
    /// Null.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Over how much time.
    pub window: Window,
    /// When that begins; null as long as nothing is summed up.
    #[schema(required)]
    pub from: Option<Timestamp>,
    /// When it ends.
    #[schema(required)]
    pub to: Option<Timestamp>,
}

async fn ranked(app: &SharedApp, kind: &'static str, query: &RankingQuery) -> Result<Response> {
    let query = json!({
        "kind": kind, "window": query.window.unwrap_or_default(), "limit": page_size(query.limit, Some(20), 100)?,
    });
    let ranking: Box<RawValue> = app.supabase()?.rpc("get_ranking", &json!({ "query": query })).await?;
    Ok(answer::public(&ranking))
}
