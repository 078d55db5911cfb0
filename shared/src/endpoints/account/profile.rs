//! `/user/profile`: what an account says of itself.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::balance::Trial;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{Input, Name, check_name};
use crate::error::Result;

/// An account and whose it is.
#[derive(ToSchema)]
pub struct Profile {
    /// `profile`.
    pub object: String,
    /// The account's id.
    pub id: Uuid,
    /// Its address, in lower case.
    #[schema(required)]
    pub email: Option<String>,
    /// What it calls itself.
    #[schema(required)]
    pub username: Option<String>,
    /// What it may do.
    pub role: String,
    /// The plan whose limits are in force.
    pub plan: String,
    /// The referral code that was given at sign-up.
    #[schema(required)]
    pub referred_by: Option<String>,
    /// Its trial, if it ever had one.
    #[schema(required)]
    pub trial: Option<Trial>,
    /// What its person has proven to be.
    pub identities: Vec<ProfileIdentity>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Something that signs in to the account.
#[derive(ToSchema)]
pub struct ProfileIdentity {
    /// `privy`, `email` or `wallet`.
    pub kind: String,
    /// The Privy id, the e-mail address or the wallet's.
    pub value: String,
    /// When it was proven.
    pub verified_at: Timestamp,
}

/// What an account changes of itself. An e-mail address is proven by signing in with it, so it is not here.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"username": "Ann"})))]
pub struct ProfileChange {
    /// The new name, without control characters; null for none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, value_type = Option<Name>)]
    username: Option<String>,
}

/// `GET /user/profile`: what the account says of itself, and what its person has proven.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/profile", tag = "account", responses((status = 200, body = Profile)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let profile: Box<RawValue> = caller.rpc(&app, "get_profile", json!({})).await?;
    Ok(answer::private(&profile))
}

/// `PATCH /user/profile`: changes what the account calls itself.
///
/// # Errors
/// The refusals of key validation; 400 for anything but a name.
#[utoipa::path(patch, path = "/user/profile", tag = "account", request_body = ProfileChange,
    responses((status = 200, body = Profile)))]
pub async fn update(State(app): State<SharedApp>, caller: Caller, input: Input<ProfileChange>) -> Result<Response> {
    let change = input.body;
    check_name("username", change.username.as_deref())?;
    let profile: Box<RawValue> = caller.rpc(&app, "update_profile", json!({ "request": change })).await?;
    Ok(answer::private(&profile))
}
