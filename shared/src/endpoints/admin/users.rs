//! `/admin/users`: accounts, newest first.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::user::User;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Params, check_moments, page_size};
use crate::error::{Error, Result};

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
    #[param(pattern = "^[0-9]{1,16}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    cursor: Option<String>,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// It can be used.
    Active,
    /// An administrator has disabled it: its keys are refused.
    Disabled,
    /// Its person has left.
    Deleted,
}

/// The account at which the page before ended.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Place {
    before_at: Option<Timestamp>,
    before_id: Option<Uuid>,
}

impl Place {
    /// Reads a cursor as the database words it: microseconds since 1970, and the account's id.
    pub(super) fn read(cursor: Option<&str>) -> Result<Self> {
        let Some(cursor) = cursor else { return Ok(Self::default()) };
        let parts = cursor.split_once('_').filter(|(digits, _)| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let place = parts.and_then(|(microseconds, id)| {
            let before_at = Timestamp::from_microsecond(microseconds.parse().ok()?).ok()?;
            Some(Self { before_at: Some(before_at), before_id: Some(id.parse().ok()?) })
        });
        place.ok_or_else(|| Error::invalid("cursor", "`cursor` is the `next_cursor` of the page before."))
    }
}

/// A query with its cursor read.
#[derive(Serialize)]
pub(super) struct Placed<T> {
    #[serde(flatten)]
    pub(super) query: T,
    #[serde(flatten)]
    pub(super) place: Place,
}

/// `GET /admin/users`
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/users", tag = "admin", params(UserQuery),
    responses((status = 200, body = Page<User>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller, Params(query): Params<UserQuery>) -> Result<Response> {
    check_moments(query.from, query.to)?;
    let place = Place::read(query.cursor.as_deref())?;
    let query = UserQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let arguments = json!({ "query": Placed { query, place } });
    let users: Box<RawValue> = caller.rpc(&app, "list_users", arguments).await?;
    Ok(answer::private(&users))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cursor_of_ours_is_one() {
        let id = "00000000-0000-0000-0000-000000000007";
        let place = Place::read(Some(&format!("1000001_{id}"))).expect("a place");
        let wanted = json!({"before_at": "1970-01-01T00:00:01.000001Z", "before_id": id});
        assert_eq!(serde_json::to_value(place).expect("json"), wanted);
        for cursor in ["", "7", id, "1_", "_1", &format!("-1_{id}"), &format!("9999999999999999999_{id}"), "x_y"] {
            assert!(Place::read(Some(cursor)).is_err(), "{cursor}");
        }
    }
}
