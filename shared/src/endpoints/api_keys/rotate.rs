//! `/user/api-keys/{id}/rotate`: a new secret for a key that stays what it is.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::grace;
use super::shown::RotatedApiKey;
use crate::api_key::{NewKey, StoredKey};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::config::configured;
use crate::endpoints::answer;
use crate::endpoints::input::{Input, named_id};
use crate::error::{Code, Result};
use crate::integer::Integer;
use crate::key_environment::KeyEnvironment;

/// How to rotate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"grace_period_hours": 24})))]
pub struct KeyRotation {
    /// How long the former secret goes on; 0 ends it at once. Those before it go on for no longer.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 168, default = 24)]
    grace_period_hours: Option<Integer>,
}

#[derive(Deserialize)]
struct Rotated {
    environment: KeyEnvironment,
}

/// `POST /user/api-keys/{id}/rotate`. Of 20 former secrets and more, the oldest end at once.
///
/// # Errors
/// The refusals of key validation; 403 `insufficient_scope` when the key may do what the caller may not; 404
/// `api_key_not_found`; 409 `api_key_inactive`.
#[utoipa::path(post, path = "/user/api-keys/{id}/rotate", tag = "keys", request_body = KeyRotation,
    params(("id" = Uuid, Path, description = "The key's id.")),
    responses(
        (status = 200, body = RotatedApiKey),
        (status = 404, description = "`api_key_not_found`"),
        (status = 409, description = "`api_key_inactive`")))]
pub async fn rotate(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<KeyRotation>,
) -> Result<Response> {
    let grace = grace(input.body.grace_period_hours)?;
    let peppers = configured(&app.config.peppers)?;
    // What the key is for, only the database knows: it takes one of these.
    let environments = KeyEnvironment::ALL.into_iter().filter(|environment| app.config.makes_keys_of(*environment));
    let candidates: HashMap<KeyEnvironment, NewKey> = environments
        .map(|environment| Ok((environment, NewKey::generate(environment, String::new(), peppers)?)))
        .collect::<Result<_>>()?;
    let stored: HashMap<KeyEnvironment, &StoredKey> =
        candidates.iter().map(|(environment, key)| (*environment, &key.stored)).collect();
    let arguments = json!({ "target": named_id(&id), "grace_period_hours": grace, "candidates": stored });
    let key: Box<RawValue> = caller.rpc(&app, "rotate_api_key", arguments).await?;
    let Rotated { environment } = serde_json::from_str(key.get()).map_err(|error| answer::malformed(&error))?;
    let taken = candidates.get(&environment).ok_or(Code::InternalError)?;
    Ok(answer::private(&answer::show_key(&key, &taken.secret)?))
}
