//! A route that may serve a call, as the hold gives it.

use serde::Deserialize;
use uuid::Uuid;

use crate::credits::price::Price;
use crate::money::{Nanos, optional_nanos};

/// A route that may serve the call, with its frozen prices.
#[derive(Clone, Debug, Deserialize)]
pub struct Candidate {
    /// The provider's name.
    pub provider: String,
    /// What the provider calls the model.
    pub model: String,
    /// The caller's own key that opens it, by its id; none where it is ours.
    #[serde(default)]
    pub own_key: Option<Uuid>,
    /// What is charged of its price, in basis points, where that is not what the call's other candidates have: the fee for an own key.
    #[serde(default)]
    pub markup: Option<u32>,
    /// The most that is charged for a call of which nothing is known but that it served it, where that is not the whole hold.
    #[serde(default, with = "optional_nanos")]
    pub ceiling: Option<Nanos>,
    /// Its prices.
    #[serde(flatten)]
    pub price: Price,
}
