//! The API's documentation of itself.

pub mod assets;
pub mod document;
pub mod guides;
pub mod llms;
pub mod page;
