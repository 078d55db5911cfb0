//! The compiled function as each platform runs it.

mod cold_start;
mod lambda;
mod plain;
mod proxies;
mod vercel;

use std::path::Path;

use tests::world::World;

/// The single function: the whole table.
pub fn function() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_function"))
}

/// The world's variables, with these in place of its own.
fn with<'a>(world: &'a World, others: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let own = world.platform.variables().iter().map(|(name, value)| (name.as_str(), value.as_str()));
    own.filter(|(name, _)| !others.iter().any(|(other, _)| other == name)).chain(others.iter().copied()).collect()
}
