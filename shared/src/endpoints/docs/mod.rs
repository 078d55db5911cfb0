//! The API's documentation of itself.

pub mod assets;
mod cached;
pub mod document;
pub mod page;
