//! `/user/end-users`: whom the account makes calls for, and what each of them may spend.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{Input, Params, page_size};
use crate::endpoints::members::optional_object;
use crate::error::{Error, Result};
use crate::formats::labels::{LONGEST_USER, end_user};
use crate::money::{Nanos, nanos};

/// A billion dollars, as of a key's spend limit.
const LARGEST_AMOUNT: Nanos = Nanos(1_000_000_000_000_000_000);

/// When a budget counts anew, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BudgetPeriod {
    /// At midnight.
    Day,
    /// On Monday.
    Week,
    /// On the first.
    Month,
    /// Never.
    #[default]
    Total,
}

/// What an end user may spend.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// US dollars, with at most nine decimals. 0: no call that costs anything. Null: what it likes, whatever the default is.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1000000000, required)]
    #[serde(deserialize_with = "Option::deserialize", serialize_with = "amount")]
    amount: Option<Nanos>,
    /// When it counts anew.
    #[serde(default)]
    #[schema(required = false)]
    period: BudgetPeriod,
}

fn amount<S: serde::Serializer>(amount: &Option<Nanos>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match amount {
        Some(amount) => nanos::serialize(amount, serializer),
        None => serializer.serialize_none(),
    }
}

/// Whose budget is set, and to what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"user": "customer-42", "budget": {"amount": 5, "period": "month"}}),
    json!({"budget": {"amount": 0.5, "period": "day"}}), json!({"user": "customer-42", "budget": null})))]
pub struct BudgetChange {
    /// Whose, as calls name it in `user`, `safety_identifier` or `metadata.user_id`. Left out: of each that has none of its own.
    #[schema(min_length = 1, max_length = 256, pattern = r"^[^\u0000-\u001f\u007f-\u009f]+$")]
    user: Option<String>,
    /// What it may spend. Null: a user has none of its own, so the default holds for it; without `user`, there is no default.
    #[serde(deserialize_with = "optional_object")]
    #[schema(value_type = Option<Budget>, required)]
    budget: Option<Budget>,
}

/// Which end users.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EndUsersQuery {
    /// This one alone.
    user: Option<String>,
    /// End users a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(pattern = r"^[^\u0000]*$")]
    cursor: Option<String>,
}

/// Whom to forget.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WhichEndUser {
    /// As calls name it.
    #[param(min_length = 1)]
    user: String,
}

/// An end user that a budget is counted for.
#[derive(ToSchema)]
pub struct EndUser {
    /// `end_user`.
    pub object: String,
    /// As calls name it; what is no name (longer than 256 characters, or with control characters) is named `sha256:` and its hash.
    pub user: String,
    /// What it may spend; null: what it likes.
    #[schema(required, value_type = Option<BudgetInForce>)]
    pub budget: Option<BudgetInForce>,
    /// Whether that is the default.
    pub is_default: bool,
    /// What it has spent of it in the current period.
    pub spent: Nanos,
    /// What its running calls have reserved.
    pub held: Nanos,
    /// What is left.
    #[schema(required)]
    pub remaining: Option<Nanos>,
    /// When the period ends.
    #[schema(required)]
    pub resets_at: Option<Timestamp>,
    /// What it has spent since `created_at`.
    pub spent_in_all: Nanos,
    /// Since when it is counted; null: from its next call on.
    #[schema(required)]
    pub created_at: Option<Timestamp>,
}

/// A budget that holds.
#[derive(ToSchema)]
pub struct BudgetInForce {
    /// What may be spent in a period.
    pub amount: Nanos,
    /// The period.
    pub period: BudgetPeriod,
}

/// A page of end users, and the default.
#[derive(ToSchema)]
pub struct EndUsers {
    /// `list`.
    pub object: String,
    /// Those of this page, by name.
    pub data: Vec<EndUser>,
    /// Whether there are more.
    pub has_more: bool,
    /// The `cursor` of the next page.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// What each may spend that has no budget of its own; null: what it likes.
    #[schema(required)]
    pub default_budget: Option<BudgetInForce>,
}

/// The budget of each that has none of its own.
#[derive(ToSchema)]
pub struct DefaultBudget {
    /// `end_user_default`.
    #[schema(pattern = "^end_user_default$")]
    pub object: String,
    /// Null: there is none.
    #[schema(required)]
    pub budget: Option<BudgetInForce>,
}

/// What was set.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum BudgetSet {
    /// A user's.
    User(Box<EndUser>),
    /// The default.
    Default(DefaultBudget),
}

/// That an end user is forgotten.
#[derive(ToSchema)]
pub struct ForgottenEndUser {
    /// `end_user`.
    pub object: String,
    /// Who it was.
    pub user: String,
    /// True.
    pub deleted: bool,
    /// Whether no request says its name any longer; else the last ones lose it within hours.
    pub is_erased: bool,
}

/// `GET /user/end-users`: the end users that a budget is counted for, with what they have spent.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/user/end-users", tag = "account", params(EndUsersQuery),
    responses((status = 200, body = EndUsers)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<EndUsersQuery>,
) -> Result<Response> {
    let limit = page_size(query.limit, None, 100)?;
    let user = query.user.as_deref().map(|name| end_user(name).unwrap_or_default());
    let query = json!({ "user": user, "limit": limit, "cursor": query.cursor });
    let users: Box<RawValue> = caller.rpc(&app, "list_end_users", json!({ "query": query })).await?;
    Ok(answer::private(&users))
}

/// `PUT /user/end-users`: says what an end user may spend, or each that has no budget of its own. Budgets are hard: what running calls
/// may cost counts before they are over, so any number of them at once spends no more. A budget counts from now; another amount of the
/// same period goes on counting. Calls without an end user are bound by none.
///
/// # Errors
/// The refusals of key validation; 400 that names the member; 429 `too_many_end_users`.
#[utoipa::path(put, path = "/user/end-users", tag = "account", request_body = BudgetChange,
    responses((status = 200, body = BudgetSet), (status = 429, description = "`too_many_end_users`")))]
pub async fn set(State(app): State<SharedApp>, caller: Caller, input: Input<BudgetChange>) -> Result<Response> {
    let BudgetChange { user, budget } = input.body;
    if let Some(user) = &user
        && (!(1..=LONGEST_USER).contains(&user.chars().count()) || user.chars().any(char::is_control))
    {
        let message = format!("`user` has 1 to {LONGEST_USER} characters and no control characters.");
        return Err(Error::invalid("user", message));
    }
    let amount = budget.as_ref().and_then(|budget| budget.amount);
    if amount.is_some_and(|amount| !(Nanos(0)..=LARGEST_AMOUNT).contains(&amount)) {
        return Err(Error::invalid("budget", "`amount` is 0 to a billion US dollars, or null for what it likes."));
    }
    let request = json!({ "user": user.as_deref().and_then(end_user), "budget": budget });
    let set: Box<RawValue> = caller.rpc(&app, "set_end_user", json!({ "request": request })).await?;
    Ok(answer::private(&set))
}

/// `DELETE /user/end-users?user=…`: forgets an end user: its budget, and its name, its tags and its metadata wherever they stand beside a
/// request. What the requests cost stays.
///
/// # Errors
/// The refusals of key validation; 400 without a user.
#[utoipa::path(delete, path = "/user/end-users", tag = "account", params(WhichEndUser),
    responses((status = 200, body = ForgottenEndUser)))]
pub async fn delete(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(which): Params<WhichEndUser>,
) -> Result<Response> {
    let Some(user) = end_user(&which.user) else {
        return Err(Error::invalid("user", "`user` says whom to forget, as calls name it."));
    };
    let gone: Box<RawValue> = caller.rpc(&app, "delete_end_user", json!({ "called": user })).await?;
    Ok(answer::private(&gone))
}
