//! `/admin/routes`: how providers serve models, and for how much.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::AdminRoute;
use super::prices::RoutePrice;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Input, Params, page_size};
use crate::endpoints::members::optional_object;
use crate::error::{Error, Result};
use crate::providers::wishes::QUANTIZATIONS;

/// Who has the last word about a route's price.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PricedBy {
    /// The seed.
    Seed,
    /// The provider's own list.
    Provider,
    /// An administrator.
    Admin,
}

/// What a provider has agreed to do with what our account sends it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataPolicy {
    /// Nothing that is known here.
    Unknown,
    /// It trains no models on it.
    Private,
    /// It keeps nothing of it.
    Zdr,
}

/// Which routes, and which page of them.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RouteQuery {
    /// Those of a model.
    model: Option<String>,
    /// Those at a provider.
    provider: Option<String>,
    /// Those that are asked, or the others.
    enabled: Option<bool>,
    /// Those about which it has the last word.
    #[param(inline)]
    priced_by: Option<PricedBy>,
    /// Routes a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(pattern = r"^[^\u0000]*$")]
    cursor: Option<String>,
}

/// A route that is made or changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"model": "openai/gpt-4o-mini", "provider": "openai", "price": {"prompt": 0.2, "completion": 0.7}})))]
pub struct RouteSettings {
    /// The model's id.
    model: String,
    /// The provider's name.
    provider: String,
    /// What the provider calls the model; a new route has it.
    #[schema(min_length = 1, max_length = 200)]
    upstream_model: Option<String>,
    /// Whether it is asked.
    enabled: Option<bool>,
    /// The parameters that the model takes there, in OpenRouter's names; an empty list: those of the model.
    #[schema(max_items = 64)]
    supported_parameters: Option<Vec<String>>,
    /// How exact its weights are.
    #[schema(pattern = "^(int4|int8|fp4|fp6|fp8|fp16|bf16|fp32|unknown)$")]
    quantization: Option<String>,
    /// What the provider has agreed to do with what our account sends it. Callers' `data_collection` and `zdr` go by it.
    #[schema(inline)]
    data_policy: Option<DataPolicy>,
    /// What it costs from now on, all of it. Calls that run keep their prices.
    #[serde(default, deserialize_with = "optional_object")]
    price: Option<RoutePrice>,
    /// Whether the provider's own list may not change the price: true as soon as a price is set here, and false gives it back to
    /// the list.
    pinned: Option<bool>,
}

/// `GET /admin/routes`: by model and provider, disabled ones included.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/routes", tag = "admin", params(RouteQuery),
    responses((status = 200, body = Page<AdminRoute>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller, Params(query): Params<RouteQuery>) -> Result<Response> {
    let query = RouteQuery { limit: Some(page_size(query.limit, None, 100)?), ..query };
    let routes: Box<RawValue> = caller.rpc(&app, "list_routes", json!({ "query": query })).await?;
    Ok(answer::private(&routes))
}

/// `PUT /admin/routes`: makes a route, or changes its name, its price, whether it is asked.
///
/// # Errors
/// The refusals of key validation; 404 `model_not_found`; 400 for a provider that is not known or a price that cannot be.
#[utoipa::path(put, path = "/admin/routes", tag = "admin", request_body = RouteSettings,
    responses((status = 200, body = AdminRoute), (status = 404, description = "`model_not_found`")))]
pub async fn set(State(app): State<SharedApp>, caller: Caller, input: Input<RouteSettings>) -> Result<Response> {
    let RouteSettings { model, provider, upstream_model, enabled, price, pinned, .. } = &input.body;
    // Where one is known no longer, its routes can be taken out of use all the same.
    let takes_out = *enabled == Some(false) && upstream_model.is_none();
    if app.config.rows.named(provider).is_none() && !takes_out {
        return Err(Error::invalid(
            "provider",
            "`provider` is not known here; GET /health names those that are, and `PROVIDERS_JSON` adds others.",
        ));
    }
    if upstream_model.as_ref().is_some_and(|name| !(1..=200).contains(&name.len()) || name.contains('\0')) {
        return Err(Error::invalid("upstream_model", "`upstream_model` has 1 to 200 characters."));
    }
    let (quantization, supported_parameters) = (&input.body.quantization, &input.body.supported_parameters);
    if quantization.as_ref().is_some_and(|named| !QUANTIZATIONS.contains(&named.as_str())) {
        let message = format!("`quantization` is one of {}.", QUANTIZATIONS.join(", "));
        return Err(Error::invalid("quantization", message));
    }
    let is_parameter = |name: &String| {
        (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase())
    };
    if supported_parameters.as_ref().is_some_and(|names| names.len() > 64 || !names.iter().all(is_parameter)) {
        let message = "`supported_parameters` are at most 64 names, of small letters and underscores.";
        return Err(Error::invalid("supported_parameters", message));
    }
    let price = price.as_ref().map(RoutePrice::request).transpose()?;
    let request = json!({ "model": model, "provider": provider, "upstream_model": upstream_model, "enabled": enabled,
                          "price": price, "pinned": pinned, "supported_parameters": supported_parameters,
                          "quantization": quantization, "data_policy": input.body.data_policy });
    let route: Box<RawValue> = caller.rpc(&app, "set_route", json!({ "request": request })).await?;
    Ok(answer::private(&route))
}
