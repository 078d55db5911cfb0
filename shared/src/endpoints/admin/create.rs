//! `/admin/create`: a new account with its primary key, which is shown this once.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_key::NewKey;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::config::configured;
use crate::email_address;
use crate::endpoints::answer;
use crate::endpoints::input::{IdempotencyKey, Input, Name, check_name};
use crate::error::{Error, Result};
use crate::money::{Nanos, nanos};

/// The account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"email": "ann@example.com", "username": "Ann", "credits": 5})))]
pub struct NewAccount {
    /// Whoever proves this address owns the account.
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// Its name.
    #[schema(value_type = Option<Name>)]
    username: Option<String>,
    /// Its role; `user` if left out.
    role: Option<String>,
    /// A plan from now on, without an end.
    plan: Option<String>,
    /// Opening credit in dollars.
    credits: Option<Nanos>,
    /// What its primary key is called.
    #[schema(min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$")]
    key_name: Option<String>,
}

/// The account that was made.
#[derive(ToSchema)]
pub struct MadeAccount {
    /// `account`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// Its address, in lower case.
    pub email: String,
    /// Its name.
    #[schema(required)]
    pub username: Option<String>,
    /// Its role.
    pub role: String,
    /// The plan whose limits are in force.
    pub plan: String,
    /// Its balance.
    pub credits: Nanos,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its primary key.
    pub key: MadeKey,
    /// The primary key itself, shown this once; null in an answer that is repeated.
    #[schema(required)]
    pub api_key: Option<String>,
    /// Whether this is the repeated answer of an earlier request.
    pub replayed: bool,
}

/// A key as it is kept.
#[derive(ToSchema)]
pub struct MadeKey {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// `live`, `test`, `staging` or `development`.
    pub environment: String,
    /// How it begins.
    pub prefix: String,
    /// How it ends.
    pub last_four: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

#[derive(Serialize)]
struct Wanted<'a> {
    email: &'a str,
    username: Option<&'a str>,
    role: Option<&'a str>,
    plan: Option<&'a str>,
    #[serde(with = "nanos")]
    credits: Nanos,
}

/// `POST /admin/create`
///
/// # Errors
/// The refusals of key validation, and 403 `insufficient_scope` for a role beyond the caller's own, or for credit or a
/// plan that the caller may not give; 409 `account_exists`; 400 for a role or plan that is not known.
#[utoipa::path(post, path = "/admin/create", tag = "admin", request_body = NewAccount, params(IdempotencyKey),
    responses(
        (status = 200, body = MadeAccount),
        (status = 409, description = "`account_exists`, `idempotency_conflict`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewAccount>) -> Result<Response> {
    let Input { body, idempotency } = input;
    let email = email_address::check(&body.email)?;
    let credits = body.credits.unwrap_or_default();
    if credits < Nanos(0) {
        return Err(Error::invalid("credits", "`credits` is not negative."));
    }
    check_name("username", body.username.as_deref())?;
    check_name("key_name", body.key_name.as_deref())?;
    let name = body.key_name.unwrap_or_else(|| "Primary key".to_owned());
    let key = NewKey::generate(app.config.key_environment(), name, configured(&app.config.peppers)?)?;
    let wanted = Wanted {
        email: &email,
        username: body.username.as_deref(),
        role: body.role.as_deref(),
        plan: body.plan.as_deref(),
        credits,
    };
    let arguments = json!({ "request": wanted, "key": key.stored, "idempotency": idempotency });
    let account: Box<RawValue> = caller.rpc(&app, "create_account", arguments).await?;
    Ok(answer::private(&answer::show_key(&account, &key.secret)?))
}
