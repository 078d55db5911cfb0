//! Bad input is the caller's mistake: a 4xx in the error shape, never a 5xx, a panic, a hang or a hold that stays.

mod dearer;
mod encodings;
mod found;
mod headers;
mod management;
mod members;
mod not_pictures;
mod priced;
mod queries;
mod random;
mod size;
mod strict;
mod text;

use tests::world::World;

/// Nothing is reserved any more, and the books balance. A tombstone reserves nothing: it is left of a call that was admitted and
/// then not sent to anyone.
async fn assert_nothing_left(world: &World) {
    world.settled().await;
    let left = "select (select count(*) from gateway.holds where state <> 'tombstone') + (select coalesce(sum(held), 0) from gateway.accounts)";
    assert_eq!(world.value(left).await, serde_json::json!(0));
    world.assert_ledger_clean().await;
}
