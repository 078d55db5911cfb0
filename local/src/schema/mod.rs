//! The SQL of the repository. `supabase/schemas` says what there is, each table and each function once; the migrations
//! bring a database there that has to last, and are derived from it or held to it.
//!
//! - [`Layout`] knows the folders; [`statements`] reads the schemas as text; [`Catalog`] reads a database.
//! - Before the first release the one migration is [`derive`]d. A [`release`] freezes it, and each later one is drafted
//!   by [`migration`] from the [`Difference`]s between what the migrations make and what the schemas say.
mod catalog;
mod check;
mod compare;
pub mod derive;
mod error;
mod layout;
pub mod migration;
pub mod release;
pub mod statements;

#[cfg(test)]
mod tests;

pub use catalog::{Catalog, Object};
pub use check::{differences, problems, upgrades};
pub use compare::{Difference, compare};
pub use error::SchemaError;
pub use layout::{Layout, SourceFile};
