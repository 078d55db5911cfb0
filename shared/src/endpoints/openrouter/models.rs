//! Models as OpenRouter's clients list, count and look them up.

use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, Uri};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::query_pairs;
use crate::error::{Error, Result};

/// Models a page at most.
const MOST: u32 = 1000;

/// The most models that can be left out.
const FURTHEST: u32 = 1_000_000;

/// Which models. OpenRouter's clients know more parameters than these, which change nothing here.
#[derive(Debug, Default, PartialEq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wishes {
    /// How many to leave out.
    #[param(minimum = 0, maximum = 1_000_000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u32>,
    /// Models a page; all of them if it is left out.
    #[param(minimum = 1, maximum = 1000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    /// A part of id, name or description.
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<String>,
    /// What they must take, separated by commas.
    #[param(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    input_modalities: Option<Vec<String>>,
    /// What they must give, separated by commas, or `all`; those that write if it is left out.
    #[param(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    output_modalities: Option<Vec<String>>,
    /// What they must know, separated by commas.
    #[param(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    supported_parameters: Option<Vec<String>>,
}

impl Wishes {
    /// Reads those of a request.
    ///
    /// # Errors
    /// 400 for a figure that cannot be.
    pub fn read(uri: &Uri) -> Result<Self> {
        let mut wishes = Self::default();
        // A text that is empty asks for nothing; a figure that is empty is none.
        let asks = |(name, value): &(String, String)| !value.is_empty() || matches!(name.as_str(), "offset" | "limit");
        for (name, value) in query_pairs(uri)?.into_iter().filter(asks) {
            let list = || Some(value.split(',').map(str::trim).map(str::to_owned).collect());
            match name.as_str() {
                "offset" => wishes.offset = Some(figure("offset", &value, 0, FURTHEST)?),
                "limit" => wishes.limit = Some(figure("limit", &value, 1, MOST)?),
                "input_modalities" => wishes.input_modalities = list(),
                "output_modalities" => wishes.output_modalities = list(),
                "supported_parameters" => wishes.supported_parameters = list(),
                "q" => wishes.q = Some(value),
                _ => {}
            }
        }
        Ok(wishes)
    }
}

fn figure(name: &'static str, value: &str, least: u32, most: u32) -> Result<u32> {
    let figure = value.parse().ok().filter(|figure| (least..=most).contains(figure));
    figure.ok_or_else(|| Error::invalid(name, format!("`{name}` is a number from {least} to {most}.")))
}

/// Models, as OpenRouter's clients read a page of them.
#[derive(ToSchema)]
pub struct OpenRouterModels {
    /// The models, by their ids: as `GET /v1/models` has them, without `reasoning`.
    #[schema(value_type = Vec<Object>)]
    pub data: Vec<serde_json::Value>,
    /// How many there are.
    pub total_count: i64,
    /// Where the next page is.
    pub links: PageLinks,
}

/// Where further pages are.
#[derive(ToSchema)]
pub struct PageLinks {
    /// The next one; none if null.
    #[schema(required)]
    pub next: Option<String>,
}

/// How many models there are.
#[derive(ToSchema)]
pub struct ModelsCountAnswer {
    /// The count.
    pub data: ModelsCount,
}

/// A count of models.
#[derive(ToSchema)]
pub struct ModelsCount {
    /// How many.
    pub count: i64,
}

/// One model.
#[derive(ToSchema)]
pub struct OpenRouterModel {
    /// The model, as `GET /v1/models/{id}` has it, without `reasoning`.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}

/// `GET /v1/models/count`
///
/// # Errors
/// 503 when the database is away.
#[utoipa::path(get, path = "/v1/models/count", tag = "openrouter", params(Wishes),
    responses((status = 200, body = ModelsCountAnswer)))]
pub async fn count(State(app): State<SharedApp>, uri: Uri) -> Result<Response> {
    let query = Wishes::read(&uri)?;
    let count: Box<RawValue> = app.supabase()?.rpc("count_openrouter_models", &json!({ "query": query })).await?;
    Ok(answer::public(&count))
}

/// `GET /v1/models/user`: any key may ask this, whatever its scopes.
///
/// # Errors
/// The refusals of key validation; 400 for a figure that cannot be.
#[utoipa::path(get, path = "/v1/models/user", tag = "openrouter", params(Wishes),
    responses((status = 200, body = OpenRouterModels)))]
pub async fn of_key(State(app): State<SharedApp>, caller: Caller, uri: Uri) -> Result<Response> {
    let query = Wishes::read(&uri)?;
    let models: Box<RawValue> = caller.rpc(&app, "list_models_of_key", json!({ "query": query })).await?;
    Ok(answer::private(&models))
}

/// `GET /v1/embeddings/models`
///
/// # Errors
/// 503 when the database is away.
#[utoipa::path(get, path = "/v1/embeddings/models", tag = "openrouter",
    responses((status = 200, body = OpenRouterModels)))]
pub async fn of_embeddings(State(app): State<SharedApp>, asked: HeaderMap) -> Result<Response> {
    let query = json!({ "kind": "embedding" });
    let models = app.model_lists.read(app.supabase()?, "list_openrouter_models", &query).await?;
    Ok(answer::public_to(&app, &asked, models))
}

/// `GET /v1/model/{id}`: the id may hold slashes, raw or encoded.
///
/// # Errors
/// 404 `model_not_found`.
#[utoipa::path(get, path = "/v1/model/{id}", tag = "openrouter",
    params(("id" = String, Path, description = "The model's id; its slash may be encoded or not.")),
    responses((status = 200, body = OpenRouterModel), (status = 404, description = "`model_not_found`")))]
pub async fn show(State(app): State<SharedApp>, Path(id): Path<String>) -> Result<Response> {
    let model: Box<RawValue> = app.supabase()?.rpc("get_openrouter_model", &json!({ "model_id": id })).await?;
    Ok(answer::public(&model))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_changes_nothing_and_what_cannot_be_is_named() {
        let read = |query: &str| Wishes::read(&format!("/api/v1/models?{query}").parse().expect("an address"));
        assert_eq!(read("category=programming&sort=price").expect("wishes"), Wishes::default());
        let wishes = read("limit=5&input_modalities=text,image&q=gpt").expect("wishes");
        assert_eq!(
            (wishes.limit, wishes.input_modalities, wishes.q),
            (Some(5), Some(vec!["text".to_owned(), "image".to_owned()]), Some("gpt".to_owned()))
        );
        for (query, member) in [("limit=0", "limit"), ("limit=1001", "limit"), ("offset=-1", "offset")] {
            assert_eq!(read(query).expect_err(query).param.as_deref(), Some(member));
        }
    }
}
