//! `/user/api-keys/rotate`: new secrets for all keys of an environment at once.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{ApiKey, grace};
use crate::api_key::{NewKey, StoredKey};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::config::configured;
use crate::endpoints::input::Input;
use crate::error::{Error, Result};
use crate::integer::Integer;
use crate::key_environment::KeyEnvironment;

/// Keys that are rotated at once: as many as an account may have.
const MOST: usize = 100;

/// Which keys to rotate, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"environment": "test", "grace_period_hours": 24})))]
pub struct BulkRotation {
    /// What the keys are for.
    environment: KeyEnvironment,
    /// How long their former secrets go on, those before them included; 0 ends them at once.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 168, default = 24)]
    grace_period_hours: Option<Integer>,
}

/// The keys that have new secrets.
#[derive(Serialize, ToSchema)]
pub struct RotatedKeys<'a> {
    /// `list`.
    object: &'static str,
    /// The keys, the oldest first.
    data: Vec<RotatedKey<'a>>,
    /// Active keys of the environment that were left alone: they may do what the calling key may not.
    skipped: u32,
}

/// A key that has a new secret.
#[derive(Serialize, ToSchema)]
pub struct RotatedKey<'a> {
    /// The key as it is kept.
    #[schema(value_type = ApiKey)]
    key: Box<RawValue>,
    /// The new key itself, shown this once.
    api_key: &'a str,
}

#[derive(Deserialize)]
struct Rotated {
    keys: Vec<Box<RawValue>>,
    skipped: u32,
}

/// `POST /user/api-keys/rotate`: every active key of the environment whose scopes the caller has itself, or none.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(post, path = "/user/api-keys/rotate", tag = "keys", request_body = BulkRotation,
    responses((status = 200, body = RotatedKeys)))]
pub async fn rotate(State(app): State<SharedApp>, caller: Caller, input: Input<BulkRotation>) -> Result<Response> {
    let BulkRotation { environment, grace_period_hours } = input.body;
    let grace = grace(grace_period_hours)?;
    if !app.config.makes_keys_of(environment) {
        return Err(Error::invalid("environment", "A preview deployment makes `test` keys only."));
    }
    let peppers = configured(&app.config.peppers)?;
    let candidates: Vec<NewKey> =
        (0..MOST).map(|_| NewKey::generate(environment, String::new(), peppers)).collect::<Result<_>>()?;
    let stored: Vec<&StoredKey> = candidates.iter().map(|key| &key.stored).collect();
    let arguments = json!({ "environment": environment, "grace_period_hours": grace, "candidates": stored });
    let Rotated { keys, skipped } = caller.rpc(&app, "rotate_api_keys", arguments).await?;
    // The database took the candidates in their order.
    let data = keys
        .into_iter()
        .zip(&candidates)
        .map(|(key, candidate)| RotatedKey { key, api_key: &candidate.secret })
        .collect();
    let answer = RotatedKeys { object: "list", data, skipped };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}
