//! The endpoints: a folder an area, a file a path. Each parses, calls the domain and answers.

pub mod account;
pub mod admin;
mod answer;
pub mod catalog;
pub mod cron;
pub mod inference;
mod input;
pub mod public;
