//! The API's documentation of itself.

pub mod assets;
pub mod document;
pub mod guides;
mod index;
pub mod llms;
pub mod page;
