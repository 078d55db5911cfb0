//! `/user/api-keys/{id}`: one key, its settings and its end.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;

use super::ApiKey;
use super::settings::KeyChanges;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::{Input, named_id};
use crate::error::{Code, Error, Result};

/// `GET /user/api-keys/{id}`: one key and its settings.
///
/// # Errors
/// The refusals of key validation; 404 `api_key_not_found`.
#[utoipa::path(get, path = "/user/api-keys/{id}", tag = "keys",
    params(("id" = Uuid, Path, description = "The key's id.")),
    responses((status = 200, body = ApiKey), (status = 404, description = "`api_key_not_found`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let key: Box<RawValue> = caller.rpc(&app, "get_api_key", json!({ "target": named_id(&id) })).await?;
    Ok(answer::private(&key))
}

/// `PATCH /user/api-keys/{id}`: changes the settings of a key, from the next request on.
///
/// # Errors
/// The refusals of key validation; 403 `insufficient_scope` for scopes that the caller has not itself; 404
/// `api_key_not_found`; 409 `api_key_inactive`.
#[utoipa::path(patch, path = "/user/api-keys/{id}", tag = "keys", request_body = KeyChanges,
    params(("id" = Uuid, Path, description = "The key's id.")),
    responses(
        (status = 200, body = ApiKey),
        (status = 404, description = "`api_key_not_found`"),
        (status = 409, description = "`api_key_inactive`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<KeyChanges>,
) -> Result<Response> {
    let settings = input.body.checked()?;
    if settings == KeyChanges::default() {
        return Err(Error::new(Code::InvalidRequest).with_message("Name at least one setting to change."));
    }
    let arguments = json!({ "target": named_id(&id), "settings": settings });
    let key: Box<RawValue> = caller.rpc(&app, "update_api_key", arguments).await?;
    Ok(answer::private(&key))
}

/// `DELETE /user/api-keys/{id}`: revokes a key with all of its secrets, from the next request on.
///
/// # Errors
/// The refusals of key validation; 404 `api_key_not_found`.
#[utoipa::path(delete, path = "/user/api-keys/{id}", tag = "keys",
    params(("id" = Uuid, Path, description = "The key's id.")),
    responses((status = 200, body = ApiKey), (status = 404, description = "`api_key_not_found`")))]
pub async fn revoke(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let key: Box<RawValue> = caller.rpc(&app, "revoke_api_key", json!({ "target": named_id(&id) })).await?;
    Ok(answer::private(&key))
}
