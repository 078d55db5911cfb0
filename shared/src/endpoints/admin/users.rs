//! `/admin/users`: accounts, newest first.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::IntoParams;

use super::user::{AccountStatus, User};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Params, page_size};
use crate::endpoints::window::{Cursor, CursorText, moment};
use crate::error::Result;

/// Which accounts, and which page of them.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UserQuery {
    /// E-mail address; with `*` at its end, those that begin so.
    #[param(example = "ann*")]
    email: Option<String>,
    /// Role.
    role: Option<String>,
    /// The plan that it was given.
    plan: Option<String>,
    /// How it stands.
    #[param(inline)]
    status: Option<AccountStatus>,
    /// Made from this moment on.
    from: Option<Timestamp>,
    /// Made before this moment.
    to: Option<Timestamp>,
    /// Accounts a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// `GET /admin/users`
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/users", tag = "admin", params(UserQuery),
    responses((status = 200, body = Page<User>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller, Params(query): Params<UserQuery>) -> Result<Response> {
    let cursor = Cursor::read(query.cursor.as_deref())?;
    let query = UserQuery {
        from: moment("from", query.from)?,
        to: moment("to", query.to)?,
        limit: Some(page_size(query.limit, None, 100)?),
        ..query
    };
    let mut arguments = json!({ "query": query });
    arguments["query"]["cursor"] = json!(cursor);
    let users: Box<RawValue> = caller.rpc(&app, "list_users", arguments).await?;
    Ok(answer::private(&users))
}
