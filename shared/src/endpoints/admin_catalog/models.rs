//! `/admin/models`: all models, and new ones.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{AdminModel, is_name};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Input, Params, page_size};
use crate::error::{Error, Result};
use crate::integer::Integer;

/// Which models, and which page of them.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AdminModelQuery {
    /// A part of the id or the name.
    search: Option<String>,
    /// Those that can be asked, or the others.
    enabled: Option<bool>,
    /// Those that are deprecated, or the others.
    deprecated: Option<bool>,
    /// Models a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(pattern = r"^[^\u0000]*$")]
    cursor: Option<String>,
}

/// What a model is asked for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Text.
    Chat,
    /// Vectors.
    Embedding,
    /// Documents in order.
    Rerank,
    /// Pictures.
    Image,
    /// A text that is spoken.
    Speech,
    /// The text of what is spoken.
    Transcription,
}

/// What models take and give.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Modality {
    /// Text.
    Text,
    /// Pictures.
    Image,
    /// Sound.
    Audio,
    /// Vectors.
    Embedding,
    /// Orders of documents.
    Rerank,
}

/// The model to be made. It is asked as soon as it has a route: PUT /admin/routes.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"id": "acme/support-1", "name": "Acme Support", "context_length": 128000, "max_output": 16384})))]
pub struct NewModel {
    /// What requests call it: `developer/name`.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._:~@-]*/[A-Za-z0-9._:/~@-]+$", max_length = 128)]
    id: String,
    /// Its name, for people.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// What it is good for.
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// What it is asked for: chat, unless said otherwise.
    kind: Option<ModelKind>,
    /// Tokens of prompt and answer together, at most.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    context_length: Integer,
    /// Tokens of an answer, at most.
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000_000)]
    max_output: Integer,
    /// What it takes: text, unless said otherwise.
    #[schema(max_items = 5)]
    input_modalities: Option<Vec<Modality>>,
    /// What it gives.
    #[schema(max_items = 5)]
    output_modalities: Option<Vec<Modality>>,
    /// Whether it thinks before it answers.
    reasoning: Option<bool>,
    /// The most prompt tokens that an image costs. A model that takes images says so.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 1_000_000)]
    image_tokens: Option<Integer>,
}

/// Whether these are numbers that the catalog holds.
pub(super) fn check_numbers(numbers: [(&'static str, Option<Integer>, i64, i64); 4]) -> Result<()> {
    for (name, number, least, most) in numbers {
        if number.is_some_and(|number| !(least..=most).contains(&number.0)) {
            return Err(Error::invalid(name, format!("`{name}` is a whole number from {least} to {most}.")));
        }
    }
    Ok(())
}

/// Whether a list names each modality once at most, of which there are five.
pub(super) fn check_modalities(name: &'static str, modalities: Option<&Vec<Modality>>) -> Result<()> {
    if modalities.is_some_and(|modalities| modalities.len() > 5) {
        return Err(Error::invalid(name, format!("`{name}` has at most 5 entries, each modality once.")));
    }
    Ok(())
}

/// Whether these texts fit.
pub(super) fn check_texts(texts: [(&'static str, Option<&str>, usize); 2]) -> Result<()> {
    for (name, text, most) in texts {
        if text.is_some_and(|text| text.chars().count() > most || text.contains('\0')) {
            return Err(Error::invalid(name, format!("`{name}` has at most {most} characters.")));
        }
    }
    Ok(())
}

/// `GET /admin/models`: by id, disabled ones included.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/models", tag = "admin", params(AdminModelQuery),
    responses((status = 200, body = Page<AdminModel>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<AdminModelQuery>,
) -> Result<Response> {
    let query = AdminModelQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let models: Box<RawValue> = caller.rpc(&app, "list_admin_models", json!({ "query": query })).await?;
    Ok(answer::private(&models))
}

/// `POST /admin/models`: makes a model, which is asked as soon as it has a route.
///
/// # Errors
/// The refusals of key validation; 400 for what no model can be; 409 `model_exists` where it could be taken for another.
#[utoipa::path(post, path = "/admin/models", tag = "admin", request_body = NewModel,
    responses((status = 200, body = AdminModel), (status = 409, description = "`model_exists`")))]
pub async fn create(State(app): State<SharedApp>, caller: Caller, input: Input<NewModel>) -> Result<Response> {
    let request = input.body;
    let whole = request.id.split_once('/').is_some_and(|(developer, name)| !developer.is_empty() && !name.is_empty());
    if !is_name(&request.id) || !whole {
        return Err(Error::invalid("id", "`id` is `developer/name`, of letters, digits and . _ : / ~ @ -."));
    }
    check_texts([("name", request.name.as_deref(), 200), ("description", request.description.as_deref(), 2000)])?;
    check_modalities("input_modalities", request.input_modalities.as_ref())?;
    check_modalities("output_modalities", request.output_modalities.as_ref())?;
    check_numbers([
        ("context_length", Some(request.context_length), 1, 1_000_000_000),
        ("max_output", Some(request.max_output), 0, 1_000_000_000),
        ("image_tokens", request.image_tokens, 0, 1_000_000),
        ("image_tokens", None, 0, 0),
    ])?;
    let model: Box<RawValue> = caller.rpc(&app, "create_model", json!({ "request": request })).await?;
    Ok(answer::private(&model))
}
