//! Signing in, without a key and to get one.

pub mod methods;
pub mod privy;
pub mod register;
pub mod verify;

use axum::response::Response;
use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api_key::NewKey;
use crate::app::App;
use crate::caller::Visitor;
use crate::config::configured;
use crate::endpoints::account::balance::Trial;
use crate::endpoints::answer;
use crate::error::{Code, Error, Result};
use crate::key_environment::KeyEnvironment;
use crate::money::Nanos;
use crate::object::Object;
use crate::supabase::unless_refused;

/// The longest referral code.
const REFERRAL_CODE: usize = 64;

/// Who signed in.
#[derive(ToSchema)]
pub struct SignedIn {
    /// `sign_in`.
    pub object: String,
    /// Whether the account was made just now.
    pub is_new_user: bool,
    /// The account.
    pub account: SignedInAccount,
    /// The key that was issued, if one was. Of an account that has a hundred already, the key of an earlier sign-in ends
    /// that was idle for the longest time.
    #[schema(required)]
    pub key: Option<SignInKey>,
    /// That key itself, shown this once.
    #[schema(required)]
    pub api_key: Option<String>,
}

/// The account of whoever signed in.
#[derive(ToSchema)]
pub struct SignedInAccount {
    /// Its id.
    pub id: Uuid,
    /// Its address, in lower case.
    #[schema(required)]
    pub email: Option<String>,
    /// Its name.
    #[schema(required)]
    pub username: Option<String>,
    /// Its role.
    pub role: String,
    /// The plan whose limits are in force.
    pub plan: String,
    /// Its balance.
    pub credits: Nanos,
    /// Its trial, if it ever had one.
    #[schema(required)]
    pub trial: Option<Trial>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key as it is kept.
#[derive(ToSchema)]
pub struct SignInKey {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub environment: KeyEnvironment,
    /// How it begins.
    pub prefix: String,
    /// How it ends.
    pub last_four: String,
    /// What it may do.
    pub scopes: Vec<String>,
}

/// The key that the database may use; of a new account it is the primary one, whatever its name here.
fn new_key(app: &App) -> Result<NewKey> {
    NewKey::generate(app.config.key_environment(), "Sign-in key".to_owned(), configured(&app.config.peppers)?)
}

/// The referral code of a request, if it can be one.
fn check_referral_code(code: Option<&str>) -> Result<()> {
    let plain = |code: &str| {
        (1..=REFERRAL_CODE).contains(&code.len()) && code.bytes().all(|character| character.is_ascii_graphic())
    };
    if code.is_none_or(plain) {
        return Ok(());
    }
    let message = format!("`referral_code` has 1 to {REFERRAL_CODE} visible ASCII characters.");
    Err(Error::invalid("referral_code", message))
}

/// The answer of the database, with the key if it was used; or the refusal that it remembers.
fn signed_in(told: Box<RawValue>, key: &NewKey) -> Result<Response> {
    let unreadable = |error: serde_json::Error| {
        tracing::error!(%error, "the answer to a sign-in cannot be serialized");
        Error::new(Code::InternalError)
    };
    let told = unless_refused(told)?;
    let mut answer: Object<'_> = serde_json::from_str(told.get()).map_err(unreadable)?;
    let issued = answer.get("key").is_some_and(|key| key != "null");
    answer.set("api_key", &issued.then_some(&key.secret)).map_err(unreadable)?;
    let shown = serde_json::value::to_raw_value(&answer).map_err(unreadable)?;
    Ok(answer::private(&shown))
}

/// Puts a refused token on the audit trail. The refusal stands, whether or not that works.
async fn record_failure(app: &App, visitor: &Visitor, method: &'static str, reason: &'static str) {
    let record = json!({ "method": method, "reason": reason });
    if let Err(error) = visitor.rpc::<Value>(app, "record_failed_sign_in", record).await {
        tracing::warn!(%error, method, reason, "a failed sign-in is not on record");
    }
}
