//! A function as a plain server, on a port of its own choice.

use std::path::Path;

use crate::function::{Function, Variables};

/// A running plain server.
pub struct PlainServer {
    /// The process.
    pub function: Function,
    /// `http://host:port`.
    pub base_url: String,
}

impl PlainServer {
    /// Starts `program` and waits until it says where it listens.
    ///
    /// # Panics
    /// When it does not.
    pub async fn start(program: &Path, variables: Variables<'_>) -> Self {
        let function = Function::start(program, &[&[("PORT", "0")], variables].concat());
        let Some(line) = function.line(|line| line.starts_with("listening on ")).await else {
            panic!("the server did not start: {:#?}", function.output());
        };
        // It listens on every address; the test goes by the loopback.
        let base_url = line.trim_start_matches("listening on ").replace("0.0.0.0", "127.0.0.1");
        Self { function, base_url }
    }
}
