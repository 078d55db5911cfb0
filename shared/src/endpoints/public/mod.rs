//! What anyone may ask.

pub mod health;
pub mod ping;
pub mod root;

/// The time as answers give it: RFC 3339 in UTC, to the millisecond.
fn timestamp() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
