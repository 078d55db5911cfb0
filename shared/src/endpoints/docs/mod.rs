//! The API's documentation of itself.

pub mod assets;
pub mod document;
pub mod page;
