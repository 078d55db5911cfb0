//! The compiled function as each platform runs it.

mod cold_start;
mod lambda;
mod plain;
mod vercel;

use std::path::Path;

/// The single function: the whole table.
pub fn function() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_function"))
}
