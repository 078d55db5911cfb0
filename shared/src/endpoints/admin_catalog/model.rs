//! `/admin/models/{id}`: one model.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::AdminModel;
use super::models::{Modality, check_modalities, check_numbers, check_texts};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::endpoints::members::{given, not_null};
use crate::endpoints::window::moment;
use crate::error::Result;
use crate::integer::Integer;

/// What is to be changed; what is left out stays. From then on no seed changes it back.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"enabled": false})))]
pub struct ModelChange {
    /// Its name, for people.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, max_length = 200)]
    name: Option<String>,
    /// What it is good for.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, max_length = 2000)]
    description: Option<String>,
    /// Tokens of prompt and answer together, at most.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, minimum = 1, maximum = 1_000_000_000)]
    context_length: Option<Integer>,
    /// Tokens of an answer, at most.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, minimum = 0, maximum = 1_000_000_000)]
    max_output: Option<Integer>,
    /// What it takes.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Modality>, required = false, max_items = 5)]
    input_modalities: Option<Vec<Modality>>,
    /// Whether it thinks before it answers.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    reasoning: Option<bool>,
    /// The most prompt tokens that an image costs.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, minimum = 0, maximum = 1_000_000)]
    image_tokens: Option<Integer>,
    /// The most that its providers add to a prompt with tools.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, minimum = 0, maximum = 1_000_000)]
    tool_tokens: Option<Integer>,
    /// Since when it is deprecated, which its answers say; null: it is not.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Timestamp>)]
    deprecated_at: Option<Option<Timestamp>>,
    /// Whether it can be asked.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    enabled: Option<bool>,
}

/// `GET /admin/models/{id}`: a model, disabled or not, with all its routes.
///
/// # Errors
/// The refusals of key validation; 404 `model_not_found`.
#[utoipa::path(get, path = "/admin/models/{id}", tag = "admin",
    params(("id" = String, Path, description = "The model's id, whose slash may be encoded or not.")),
    responses((status = 200, body = AdminModel), (status = 404, description = "`model_not_found`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let model: Box<RawValue> = caller.rpc(&app, "get_admin_model", json!({ "model": id })).await?;
    Ok(answer::private(&model))
}

/// `PATCH /admin/models/{id}`: changes, disables or enables it.
///
/// # Errors
/// The refusals of key validation; 404 `model_not_found`; 400 for what no model can be.
#[utoipa::path(patch, path = "/admin/models/{id}", tag = "admin", request_body = ModelChange,
    params(("id" = String, Path, description = "The model's id, whose slash may be encoded or not.")),
    responses((status = 200, body = AdminModel), (status = 404, description = "`model_not_found`")))]
pub async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    input: Input<ModelChange>,
) -> Result<Response> {
    let mut request = input.body;
    check_texts([("name", request.name.as_deref(), 200), ("description", request.description.as_deref(), 2000)])?;
    check_modalities("input_modalities", request.input_modalities.as_ref())?;
    check_numbers([
        ("context_length", request.context_length, 1, 1_000_000_000),
        ("max_output", request.max_output, 0, 1_000_000_000),
        ("image_tokens", request.image_tokens, 0, 1_000_000),
        ("tool_tokens", request.tool_tokens, 0, 1_000_000),
    ])?;
    if let Some(at) = &mut request.deprecated_at {
        *at = moment("deprecated_at", *at)?;
    }
    let arguments = json!({ "model": id, "request": request });
    let model: Box<RawValue> = caller.rpc(&app, "change_model", arguments).await?;
    Ok(answer::private(&model))
}
