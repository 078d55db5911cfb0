//! `/admin/roles/{name}/users`: who has a role.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Params, page_size};
use crate::endpoints::window::{Cursor, CursorText};
use crate::error::Result;

/// Which page of the holders.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HolderQuery {
    /// Holders a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// An account that has the role.
#[derive(ToSchema)]
pub struct RoleHolder {
    /// `role_holder`.
    pub object: String,
    /// The account.
    pub id: Uuid,
    /// Its e-mail address, if it has one.
    #[schema(required)]
    pub email: Option<String>,
    /// Its name.
    #[schema(required)]
    pub username: Option<String>,
    /// Since when it is disabled.
    #[schema(required)]
    pub disabled_at: Option<Timestamp>,
    /// When its person left.
    #[schema(required)]
    pub deleted_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// `GET /admin/roles/{name}/users`, the newest account first.
///
/// # Errors
/// The refusals of key validation; 404 `role_not_found`; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/roles/{name}/users", tag = "admin",
    params(("name" = String, Path, description = "The role."), HolderQuery),
    responses((status = 200, body = Page<RoleHolder>), (status = 404, description = "`role_not_found`")))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
    Params(query): Params<HolderQuery>,
) -> Result<Response> {
    let cursor = Cursor::read(query.cursor.as_deref())?;
    let query = HolderQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let mut arguments = json!({ "name": name, "query": query });
    arguments["query"]["cursor"] = json!(cursor);
    let holders: Box<RawValue> = caller.rpc(&app, "list_role_users", arguments).await?;
    Ok(answer::private(&holders))
}
