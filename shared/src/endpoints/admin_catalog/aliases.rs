//! `/admin/aliases`: further names of models.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::is_name;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Input, Params, page_size};
use crate::error::{Error, Result};
use crate::providers::routing::pinned;

/// A further name of a model. Who calls it is priced, and let in by a key's `allowed_models`, as for the model that it means.
#[derive(ToSchema)]
pub struct Alias {
    /// `alias`.
    pub object: String,
    /// The name.
    pub alias: String,
    /// The model that it means.
    pub model: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which page of the aliases.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AliasQuery {
    /// Aliases a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(pattern = r"^[^\u0000]*$")]
    cursor: Option<String>,
}

/// What an alias means from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"model": "openai/gpt-4o-mini"})))]
pub struct AliasSettings {
    /// The model's id.
    model: String,
}

/// What was deleted.
#[derive(ToSchema)]
pub struct DeletedAlias {
    /// `alias`.
    pub object: String,
    /// The name.
    pub alias: String,
    /// `true`.
    pub deleted: bool,
}

/// `GET /admin/aliases`: by name.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/aliases", tag = "admin", params(AliasQuery), responses((status = 200, body = Page<Alias>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller, Params(query): Params<AliasQuery>) -> Result<Response> {
    let query = AliasQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let aliases: Box<RawValue> = caller.rpc(&app, "list_aliases", json!({ "query": query })).await?;
    Ok(answer::private(&aliases))
}

/// `PUT /admin/aliases/{alias}`: makes an alias, or has it mean another model.
///
/// # Errors
/// The refusals of key validation; 404 `model_not_found`; 409 `model_exists` where the name could be taken for a model's.
#[utoipa::path(put, path = "/admin/aliases/{alias}", tag = "admin", request_body = AliasSettings,
    params(("alias" = String, Path, description = "The name: letters, digits and . _ : / ~ @ -.")),
    responses((status = 200, body = Alias), (status = 404, description = "`model_not_found`"),
              (status = 409, description = "`model_exists`")))]
pub async fn set(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(alias): Path<String>,
    input: Input<AliasSettings>,
) -> Result<Response> {
    if !is_name(&alias) || pinned(&alias, app.config.rows).0.is_some() {
        return Err(Error::invalid(
            "alias",
            "An alias is 1 to 128 letters, digits and . _ : / ~ @ -, and does not begin with a provider and a colon.",
        ));
    }
    let arguments = json!({ "alias": alias, "model": input.body.model });
    let set: Box<RawValue> = caller.rpc(&app, "set_alias", arguments).await?;
    Ok(answer::private(&set))
}

/// `DELETE /admin/aliases/{alias}`
///
/// # Errors
/// The refusals of key validation; 404 `alias_not_found`.
#[utoipa::path(delete, path = "/admin/aliases/{alias}", tag = "admin",
    params(("alias" = String, Path, description = "The name.")),
    responses((status = 200, body = DeletedAlias), (status = 404, description = "`alias_not_found`")))]
pub async fn delete(State(app): State<SharedApp>, caller: Caller, Path(alias): Path<String>) -> Result<Response> {
    let deleted: Box<RawValue> = caller.rpc(&app, "delete_alias", json!({ "alias": alias })).await?;
    Ok(answer::private(&deleted))
}
