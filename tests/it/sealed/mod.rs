//! The database is sealed: there is no way in but its functions, and those are the service's alone.

mod functions;
mod migrations;
mod nulls;
mod reads;
mod role_settings;
mod rpc;
mod schemas;
mod tables;

use std::collections::BTreeSet;

use local::schema::Layout;
use local::schema::statements::statements;

/// The names of what supabase/schemas creates in a schema, of a kind: `function` or `table`.
fn created(kind: &str, schema: &str) -> BTreeSet<String> {
    let files = Layout::of_repository().schemas().expect("the schemas");
    let all = files.iter().flat_map(statements).filter_map(|statement| statement.creates());
    let prefix = format!("{kind} {schema}.");
    let names: BTreeSet<String> = all.filter_map(|what| what.strip_prefix(&prefix).map(str::to_owned)).collect();
    assert!(!names.is_empty(), "no {kind} in {schema}");
    names
}
