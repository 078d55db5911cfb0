//! The first migration: every schema, one after the other. It is derived anew until it is released.
use super::{Layout, SchemaError, release::Releases};
use std::fs;

/// Its file.
pub const FIRST: &str = "20261201000000_first.sql";

const HEADER: &str = "-- Derived from supabase/schemas by `cargo run -- schema --write`: change those and run it again. The first release\n\
                      -- freezes this file; from then on `cargo run -- schema migration NAME` drafts the next one.\n";

/// What the first migration says while nothing is released.
pub fn first_migration(layout: &Layout) -> Result<String, SchemaError> {
    let mut text = HEADER.to_owned();
    for file in layout.schemas()? {
        text.push_str(&format!("\n-- {}\n\n{}\n", file.path, file.text.trim_end()));
    }
    Ok(text)
}

/// Writes the first migration; answers whether it had to change.
pub fn write(layout: &Layout) -> Result<bool, SchemaError> {
    if !Releases::read(layout)?.is_empty() {
        return Err(SchemaError::Frozen);
    }
    let text = first_migration(layout)?;
    let folder = layout.path("supabase/migrations");
    let path = folder.join(FIRST);
    if fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(false);
    }
    fs::create_dir_all(&folder).map_err(SchemaError::io(&folder))?;
    fs::write(&path, text).map_err(SchemaError::io(&path))?;
    Ok(true)
}
