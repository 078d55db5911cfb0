//! The endpoints: a folder an area, a file a path. Each parses, calls the domain and answers.

pub mod public;
