//! Who may call: every check of a key, in its order, from the next request on.

mod addresses;
mod changes;
mod domains;
mod fingerprints;
mod first;
mod headers;
mod limits;
mod matrix;
mod models;
mod order;
mod pepper;
mod scopes;
