//! A route that may serve a call, as the hold gives it.

use serde::Deserialize;

use crate::credits::price::Price;

/// A route that may serve the call, with its frozen prices.
#[derive(Clone, Debug, Deserialize)]
pub struct Candidate {
    /// The provider's name.
    pub provider: String,
    /// What the provider calls the model.
    pub model: String,
    /// Whether the caller's own key opens it.
    #[serde(default)]
    pub own_key: bool,
    /// Its prices.
    #[serde(flatten)]
    pub price: Price,
}
