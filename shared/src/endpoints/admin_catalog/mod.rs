//! The catalog as administrators see and change it, each change on the audit trail.
//!
//! - `models`, `model`: models. `routes`: how providers serve them, and for how much. `prices`: what a price may be.
//! - `aliases`: further names. `plans`: what plans make of prices.
//! - `lists`: providers' own lists, and what of them waits.

pub mod aliases;
pub mod lists;
pub mod model;
pub mod models;
pub mod plans;
mod prices;
pub mod routes;

use std::collections::HashMap;

use jiff::Timestamp;
use utoipa::ToSchema;

use crate::money::Nanos;
use prices::RoutePrice;

/// A model with all that administrators may know of it.
#[derive(ToSchema)]
pub struct AdminModel {
    /// What requests call it.
    pub id: String,
    /// `model`.
    pub object: String,
    /// Its name, for people.
    pub name: String,
    /// Who made it.
    pub owned_by: String,
    /// What it is good for.
    pub description: String,
    /// What it is asked for.
    pub kind: String,
    /// Tokens of prompt and answer together, at most.
    pub context_length: i64,
    /// Tokens of an answer, at most.
    pub max_output_tokens: i64,
    /// What it takes.
    pub input_modalities: Vec<String>,
    /// What it gives.
    pub output_modalities: Vec<String>,
    /// Whether it thinks before it answers.
    pub reasoning: bool,
    /// The parameters that ask for what it can do.
    pub supported_parameters: Vec<String>,
    /// The most prompt tokens that an image costs.
    pub image_tokens: i64,
    /// The most that its providers add to a prompt with tools.
    pub tool_tokens: i64,
    /// Since when it is known that its developer will take it away.
    #[schema(required)]
    pub deprecated_at: Option<Timestamp>,
    /// Whether it can be asked.
    pub enabled: bool,
    /// Whether an administrator has made or changed it.
    pub changed_by_hand: bool,
    /// Its further names.
    pub aliases: Vec<String>,
    /// Its routes, disabled ones included.
    pub routes: Vec<AdminRoute>,
}

/// A route as administrators see it.
#[derive(ToSchema)]
pub struct AdminRoute {
    /// `route`.
    pub object: String,
    /// The model.
    pub model: String,
    /// The provider.
    pub provider: String,
    /// What the provider calls the model.
    pub upstream_model: String,
    /// Whether it is asked.
    pub enabled: bool,
    /// Who has the last word about name and price: `seed`, `provider` (its own list) or `admin`.
    pub priced_by: String,
    /// The parameters that the model takes there, in OpenRouter's names; empty: those of the model.
    pub supported_parameters: Vec<String>,
    /// How exact its weights are.
    pub quantization: String,
    /// What the provider does with what our account sends it: `unknown`, `private` (it trains no models on it) or `zdr` (it keeps
    /// nothing of it).
    pub data_policy: String,
    /// What it costs; null: it has no price and is not asked.
    #[schema(required)]
    pub price: Option<RoutePrice>,
    /// What images of these sizes and qualities cost, where that differs.
    #[schema(required)]
    pub image_prices: Option<HashMap<String, Nanos>>,
}

/// Whether a name can be a model's or an alias': what a URL, a header and a JSON text can hold as it is.
fn is_name(name: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'/' | b'~' | b'@' | b'-');
    (1..=128).contains(&name.len()) && name.bytes().all(fits) && name.as_bytes()[0].is_ascii_alphanumeric()
}
