//! `/admin/create`: a new account with its primary key, which is shown this once.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::check_email;
use crate::app::{SharedApp, configured};
use crate::caller::{Caller, NewKey};
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::{Code, Error, Result};
use crate::money::{Nanos, nanos};
use crate::object::Object;

/// The account to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    email: String,
    username: Option<String>,
    role: Option<String>,
    plan: Option<String>,
    /// Opening credit in dollars.
    credits: Option<Nanos>,
    key_name: Option<String>,
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
/// The refusals of key validation; 409 `account_exists`; 400 for a role or plan that is not known.
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewAccount>) -> Result<Response> {
    let Input { body, idempotency } = input;
    check_email(&body.email)?;
    let credits = body.credits.unwrap_or_default();
    if credits < Nanos(0) {
        return Err(Error::invalid("credits", "`credits` is not negative."));
    }
    let name = body.key_name.unwrap_or_else(|| "Primary key".to_owned());
    let key = NewKey::generate(app.config.key_prefix(), name, configured(&app.config.peppers)?)?;
    let wanted = Wanted {
        email: &body.email,
        username: body.username.as_deref(),
        role: body.role.as_deref(),
        plan: body.plan.as_deref(),
        credits,
    };
    let arguments = json!({ "caller": caller, "request": wanted, "key": key.stored, "idempotency": idempotency });
    let account: Box<RawValue> = app.supabase()?.rpc("create_account", &arguments).await?;
    let shown = show_key(&account, &key.secret).map_err(|error| {
        tracing::error!(%error, "an account's answer cannot be worded");
        Error::new(Code::InternalError)
    })?;
    Ok(answer::private(&shown))
}

/// Puts the key into the answer, unless the answer is an earlier one's: then the key was shown then.
fn show_key(account: &RawValue, secret: &str) -> serde_json::Result<Box<RawValue>> {
    let mut answer: Object<'_> = serde_json::from_str(account.get())?;
    let replayed = answer.read("replayed")?.unwrap_or(false);
    answer.set("api_key", &(!replayed).then_some(secret))?;
    serde_json::value::to_raw_value(&answer)
}
