//! The public catalog: models, their routes and prices, providers.

pub mod developer;
mod figures;
pub mod model;
pub mod models;
pub mod providers;
